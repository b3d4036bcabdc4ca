"""The Lambda function that serves image builders, with its role and log group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

import jsii
from aws_cdk import ArnFormat, Duration, Fn, Intrinsic, RemovalPolicy, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_appstream_image_builder import validation
from cdk_appstream_image_builder.default_provider import ID, DefaultProviderSlot
from cdk_appstream_image_builder.function_asset.code import function_code
from cdk_appstream_image_builder.iam import statements
from cdk_appstream_image_builder.iam.builder_policies import BuilderAccess, BuilderPolicies
from cdk_appstream_image_builder.iam.function_role import FunctionRole
from cdk_appstream_image_builder.monitoring.alarms import FunctionAlarms
from cdk_appstream_image_builder.network_dependencies import NetworkDependencies
from running_image_builder_function import contract

if TYPE_CHECKING:  # each module of CDK takes time to import, and these serve for annotations only
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_ssm as ssm

_MEMORY_MIB = 256

_RUNTIME = lambda_.Runtime.PYTHON_3_14
"""Named, because ``Runtime.determine_latest_python_runtime`` returns Python 3.13 in every Region, with aws-cdk-lib
2.224.0 as with 2.275.0. A name also keeps an upgrade of CDK from changing the function."""


@jsii.implements(ec2.IConnectable, iam.IGrantable)
class RunningImageBuilderProvider(FunctionAlarms):
    """A Lambda function that starts image builders and waits for them, with a role that may do just that.

    A stack's first ``RunningImageBuilder`` makes one for all builders of the stack. Create a provider yourself to
    configure it, or to share it (as ``provider``) among stacks of one app in the same account and Region.

    The first provider of a stack is the stack's own. Its function is the same resource as the default provider's, so
    a deployed stack can change from one to the other, and builders that are defined later without ``provider`` use it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: list[ec2.ISecurityGroup] | None = None,
        ipv6_allowed_for_dual_stack: bool = False,
        role: iam.IRole | None = None,
        log_group: logs.ILogGroup | None = None,
        log_retention: logs.RetentionDays | None = None,
        memory_size: int = _MEMORY_MIB,
        architecture: lambda_.Architecture | None = None,
        runtime: lambda_.Runtime | None = None,
        logging_format: lambda_.LoggingFormat | None = None,
        environment_encryption: kms.IKey | None = None,
        tracing: lambda_.Tracing | None = None,
        description: str | None = None,
        builders_by_tag: Mapping[str, str] | None = None,
    ) -> None:
        """Create the function.

        Args:
            scope: The stack, or a construct in it.
            construct_id: The id within the scope.
            vpc: The VPC to run in. It must reach the AppStream, CloudFormation and Lambda APIs, S3, and for builders
                with ``stop_after`` the EventBridge Scheduler API. The builders' resources wait for its endpoints,
                routes and security group rules in this app. Default: none.
            vpc_subnets: The subnets of the VPC. Default: those with egress.
            security_groups: The security groups in the VPC. Default: a new one.
            ipv6_allowed_for_dual_stack: Whether the function may use IPv6 in dual-stack subnets. Default: False.
            role: The function's role, which gets the statements. A role that cannot be changed causes a warning at
                synth that lists them. Default: a new one.
            log_group: The log group to write to. Default: a new one, deleted with the stack.
            log_retention: How long the new log group keeps events. Default: one month.
            memory_size: The function's memory in MiB. Default: 256.
            architecture: The function's architecture. Default: arm64.
            runtime: The function's runtime, a Python one. Default: Python 3.14.
            logging_format: How Lambda writes the log. Use ``TEXT`` in Regions without JSON, such as GovCloud; its lines
                have no fields. Default: JSON.
            environment_encryption: The key for the function's environment variables. Default: Lambda's own.
            tracing: Whether X-Ray traces the function. Default: no.
            description: The function's description. Default: what it does.
            builders_by_tag: Tags of the builders that the function may start and stop, whichever app defines their
                resources. A builder needs all of them. Default: exactly the builders of this app, by their names.

        Raises:
            TypeError: A value is of another type.
            ValueError: A value is out of its range, or two contradict each other.
        """
        super().__init__(validation.check_scope(scope), validation.check_construct_id(construct_id))
        validation.check_flag("ipv6_allowed_for_dual_stack", ipv6_allowed_for_dual_stack)
        validation.check_network(vpc, vpc_subnets, security_groups, ipv6=ipv6_allowed_for_dual_stack)
        validation.check_role("role", role)
        validation.check_log(log_group, log_retention)
        validation.check_function(
            memory_size=memory_size,
            architecture=architecture,
            runtime=runtime,
            tracing=tracing,
            logging_format=logging_format,
            description=description,
        )
        remedy = "a key, such as kms.Key.from_lookup(...)"
        validation.check_has("environment_encryption", environment_encryption, "key_arn", remedy)
        tags = validation.check_builders_by_tag(builders_by_tag)
        self._serves_unknown_builders = bool(tags)
        self._slot = DefaultProviderSlot.take(self)
        self._log_group = log_group or logs.LogGroup(
            self,
            "LogGroup",
            retention=log_retention or logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._function_role = FunctionRole(self, given=role, keep_logical_ids=self._keep_logical_ids)
        self._function_role.allow(statements.write_log(self._log_group.log_group_arn))
        if tags:
            self._function_role.allow_by_pattern(*statements.by_tag(Stack.of(self), tags))
        if vpc is not None:
            self._function_role.allow(statements.attach_to_vpc())
        if self._function_role.is_fixed and tracing not in (None, lambda_.Tracing.DISABLED):
            self._function_role.warn(statements.send_traces())
        with function_code(self) as code:
            self._function = lambda_.Function(
                self,
                "Function",
                code=code,
                handler=contract.HANDLER,
                runtime=runtime or _RUNTIME,
                architecture=architecture or lambda_.Architecture.ARM_64,
                memory_size=memory_size,
                timeout=Duration.seconds(contract.FUNCTION_TIMEOUT_SECONDS),
                role=self._function_role.role,
                log_group=self._log_group,
                logging_format=logging_format or lambda_.LoggingFormat.JSON,
                description=description
                or f"{contract.RESOURCE_TYPE}: starts AppStream image builders and waits for RUNNING",
                vpc=vpc,
                vpc_subnets=vpc_subnets,
                security_groups=security_groups,
                ipv6_allowed_for_dual_stack=ipv6_allowed_for_dual_stack or None,
                environment_encryption=environment_encryption,
                tracing=tracing,
            )
        self._function.node.add_dependency(self._function_role.dependable)
        self._keep_logical_ids(self)
        self._network: NetworkDependencies | None = None
        if vpc is not None:
            groups = self._function.connections.security_groups
            self._network = NetworkDependencies(self, vpc=vpc, subnets=_selected(vpc, vpc_subnets), groups=groups)
        own = BuilderPolicies.beside_function(self, self._function_role, self._function.function_arn)
        self._policies: dict[Stack, BuilderPolicies] = {Stack.of(self): own}
        self._serves_own_stack = False

    @classmethod
    def of_stack(cls, scope: Construct) -> RunningImageBuilderProvider:
        """Return the provider that a construct's stack shares: the first one made in it, or a new one."""
        stack = Stack.of(validation.check_scope(scope))
        existing = stack.node.try_find_child(ID)
        if isinstance(existing, DefaultProviderSlot):
            existing = existing.provider
        return existing if isinstance(existing, cls) else cls(stack, ID)

    @classmethod
    def from_service_token(
        cls, scope: Construct, construct_id: str, token: str, *, role: iam.IRole | None = None
    ) -> RunningImageBuilderProvider:
        """Return the provider that another app has created in the same account and Region.

        The other app allows the function to serve these builders by their tags (``builders_by_tag``), or this app
        allows it by their names if you specify ``role``. What only the other app has (``function``, ``log_group``,
        ``connections``) raises a ValueError that names the remedy; metrics and alarms work.

        Args:
            scope: The stack, or a construct in it.
            construct_id: The id within the scope.
            token: The provider's ``service_token``, such as
                ``ssm.StringParameter.value_for_string_parameter(self, NAME)`` of what ``export_service_token`` wrote.
            role: The function's role, such as ``iam.Role.from_role_arn(...)``; it gets the statements for the builders
                of this app, in their stacks. Default: the function may already start them, by a tag.

        Raises:
            TypeError: The token is not a string.
            ValueError: The token is not the ARN of a function of this account and Region.
        """
        return _ProviderByToken(scope, construct_id, token=token, role=role)

    def export_service_token(self, parameter_name: str) -> ssm.StringParameter:
        """Write the service token into a new SSM parameter, for ``from_service_token`` in other apps.

        Args:
            parameter_name: The parameter's name, such as ``/platform/image-builders/service-token``.

        Raises:
            TypeError: The name is not a string.
            ValueError: SSM does not accept the name.
        """
        from aws_cdk import aws_ssm as ssm

        name = validation.check_parameter_name(parameter_name)
        later = validation.is_known_later(name)
        parameter = ssm.StringParameter(
            self,
            "ServiceToken",
            # CDK would read a placeholder as the name. With an Intrinsic it has to be told the form of the ARN.
            parameter_name=Token.as_string(Intrinsic(name)) if later else name,
            simple_name=False if later else None,
            string_value=self.service_token,
            description="Starts AppStream image builders: the ServiceToken of RunningImageBuilder",
        )
        self._keep_logical_ids(parameter)
        return parameter

    @property
    def service_token(self) -> str:
        """The function's ARN, for ``from_service_token`` in other apps."""
        return self._function.function_arn

    @property
    def function(self) -> lambda_.Function:
        """The function."""
        return self._function

    @property
    def role(self) -> iam.IRole:
        """The function's role."""
        return self._function_role.role

    @property
    def log_group(self) -> logs.ILogGroup:
        """The function's log group."""
        return self._log_group

    @property
    def connections(self) -> ec2.Connections:
        """The function's connections in its VPC, for rules such as ``endpoint.connections.allow_default_port_from``.

        Raises:
            ValueError: The function is not in a VPC.
        """
        if self._network is None:
            raise ValueError(f"{self.node.path} has no connections, because its function is not in a VPC: specify vpc")
        return self._function.connections

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The principal that the function acts as, for your own grants."""
        return self.role.grant_principal

    def _serve(self, resource: Construct, access: BuilderAccess) -> None:
        """Let the function serve one builder, whose custom resource then waits for the permissions.

        Raises:
            ValueError: The resource is in another account or Region than the function.
        """
        stack, own = Stack.of(resource), Stack.of(self)
        validation.check_same_environment(stack, own)
        if self._network is not None:
            self._network.awaited_by(resource)
        if self._serves_unknown_builders:
            resource.node.add_dependency(*self._policies[own].first)
            return
        if stack is own and not self._serves_own_stack:
            # Only now, because a stack without builders needs no permission to be described. The function waits for
            # this policy, and the resource for the function.
            self._function_role.allow(statements.describe_stack(stack.stack_id))
            self._serves_own_stack = True
        resource.node.add_dependency(*self._policies_in(stack, self._function_role).allow(access))

    def _policies_in(self, stack: Stack, role: FunctionRole) -> BuilderPolicies:
        if stack not in self._policies:
            self._policies[stack] = BuilderPolicies.in_another_stack(stack, role, self._address)
        return self._policies[stack]

    @property
    def _address(self) -> str:
        """What names this provider in other stacks: the same for a default provider and one in its place."""
        return str((self._slot or self).node.addr)

    def _keep_logical_ids(self, construct: Construct) -> None:
        if self._slot is not None:
            self._slot.keep_logical_ids(construct)


def _selected(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> list[ec2.ISubnet]:
    """Return the subnets that CDK's Function chooses by the same arguments."""
    if selection is None:
        return vpc.select_subnets().subnets
    if isinstance(selection, dict):
        selection = ec2.SubnetSelection(**selection)
    return vpc.select_subnets(
        availability_zones=selection.availability_zones,
        one_per_az=selection.one_per_az,
        subnet_filters=selection.subnet_filters,
        subnet_group_name=selection.subnet_group_name,
        subnets=selection.subnets,
        subnet_type=selection.subnet_type,
    ).subnets


class _ProviderByToken(RunningImageBuilderProvider):
    """A provider of another app, of which only the service token is known."""

    def __init__(self, scope: Construct, construct_id: str, *, token: str, role: iam.IRole | None) -> None:
        # Not the provider's own constructor, which creates a function.
        FunctionAlarms.__init__(self, validation.check_scope(scope), validation.check_construct_id(construct_id))
        validation.check_role("role", role)
        self._slot = None
        self._token = validation.check_service_token(token, Stack.of(self))
        self._given_role = (
            None if role is None else FunctionRole(self, given=role, keep_logical_ids=self._keep_logical_ids)
        )
        self._policies: dict[Stack, BuilderPolicies] = {}
        self._serves_unknown_builders = True
        self._imported: lambda_.IFunction | None = None

    @property
    def service_token(self) -> str:
        return self._token

    @property
    def function(self) -> lambda_.Function:
        self._unknown("function", "use lambda_.Function.from_function_arn with its service_token")

    @property
    def role(self) -> iam.IRole:
        if self._given_role is None:
            self._unknown("role", "specify role in from_service_token")
        return self._given_role.role

    @property
    def log_group(self) -> logs.ILogGroup:
        self._unknown("log_group", "use logs.LogGroup.from_log_group_name with its name from the provider's app")

    @property
    def connections(self) -> ec2.Connections:
        self._unknown("connections", "use the security group from the provider's app")

    def _unknown(self, what: str, remedy: str) -> NoReturn:
        raise ValueError(f"{self.node.path} is another app's provider, whose {what} is not known here: {remedy}")

    @property
    def _function_name(self) -> str:
        return Fn.select(6, Fn.split(":", self._function_arn))

    @property
    def _function_arn(self) -> str:
        """The token, in a form that CloudFormation can take the function's name from."""
        if Token.is_unresolved(self._token) or not validation.is_known_later(self._token):
            return self._token
        if "{{resolve:" in self._token:
            self._unknown("name", "use ssm.StringParameter.value_for_string_parameter as the token")
        # Before the first lookup any name will do: the CDK CLI synthesizes again after it.
        return Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name="not-looked-up-yet",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    @property
    def _invoked_function(self) -> lambda_.IFunction:
        if self._imported is None:
            # Without same_environment CDK would not let a rule invoke it.
            self._imported = lambda_.Function.from_function_attributes(
                self, "Function", function_arn=self._function_arn, same_environment=True
            )
        return self._imported

    def _serve(self, resource: Construct, access: BuilderAccess) -> None:
        """Let the function serve one builder if its role is known; otherwise the other app does, by a tag."""
        validation.check_service_token(self._token, Stack.of(resource))
        if self._given_role is not None:
            policies = self._policies_in(Stack.of(resource), self._given_role)
            resource.node.add_dependency(*policies.allow(access))
