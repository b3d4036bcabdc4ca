"""The function that serves the image builders of a stack: code, role, log group; knows nothing of a single builder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_appstream_image_builder import provider_validation
from cdk_appstream_image_builder.default_provider import ID, DefaultProviderSlot
from cdk_appstream_image_builder.function_asset.code import function_code
from cdk_appstream_image_builder.iam import statements
from cdk_appstream_image_builder.iam.builder_policies import BuilderPolicies
from cdk_appstream_image_builder.iam.function_role import FunctionRole
from cdk_appstream_image_builder.iam.scheduled_stop import ScheduledStop
from cdk_appstream_image_builder.monitoring.alarms import FunctionAlarms
from cdk_appstream_image_builder.network_dependencies import NetworkDependencies
from cdk_appstream_image_builder.validation import (
    check_builders_by_tag,
    check_construct_id,
    check_flag,
    check_logging_format,
    check_parameter_name,
    check_same_environment,
    check_scope,
    is_known_later,
)
from running_image_builder_function import contract

if TYPE_CHECKING:  # each module of CDK takes its time to import, and these serve for annotations only
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_ssm as ssm

_MEMORY_MIB = 256

_RUNTIME = lambda_.Runtime.PYTHON_3_14
"""Named, not asked from CDK: ``Runtime.determine_latest_python_runtime`` gives Python 3.13 in every Region, with
aws-cdk-lib 2.224.0 as with 2.275.0. A name also keeps an upgrade of CDK from changing the function."""


@jsii.implements(ec2.IConnectable, iam.IGrantable)
class RunningImageBuilderProvider(FunctionAlarms):
    """A Lambda function that starts image builders and waits for them, with a role that may do just that.

    A stack gets one at its first ``RunningImageBuilder``, however many builders it has. Made explicitly it can be
    configured, and given as ``provider`` to builders of several stacks of one app in the same account and Region.

    The first provider made in a stack is the stack's own: its function is the same resource as the default one's, so
    that a deployed stack can change from one to the other, and builders without ``provider`` that come after it use it.
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
        """Make the function.

        Args:
            scope: The stack, or a construct in it.
            construct_id: The id within the scope.
            vpc: The VPC to run in; it must reach the AppStream, CloudFormation and Lambda APIs, S3, and for builders
                with ``stop_after`` EventBridge Scheduler's API. The builders' resources wait for its endpoints, routes
                and security group rules in this app. Default: none.
            vpc_subnets: The subnets of the VPC. Default: those with egress.
            security_groups: The security groups in the VPC. Default: a new one.
            ipv6_allowed_for_dual_stack: Whether the function may use IPv6, in subnets that have it beside IPv4.
                Default: False.
            role: The function's role; it gets the statements. One that cannot be changed draws a warning at synth that
                lists them. Default: a new one.
            log_group: The log group to write to. Default: a new one, deleted with the stack.
            log_retention: How long the new log group keeps events. Default: one month.
            memory_size: The function's memory in MiB. Default: 256.
            architecture: The function's architecture. Default: arm64.
            runtime: The function's runtime, a Python one. Default: Python 3.14.
            logging_format: How Lambda writes the log. ``TEXT`` is for Regions without JSON, as GovCloud's: its lines
                have no fields. Default: JSON.
            environment_encryption: The key for the function's environment variables. Default: Lambda's own.
            tracing: Whether X-Ray traces the function. Default: no.
            description: The function's description. Default: what it does.
            builders_by_tag: Tags of the builders that the function may start and stop, in whatever app their resources
                are: each builder needs all of them. Default: exactly the builders of this app, by their names.

        Raises:
            TypeError: A value is of another type; the message names it and the remedy.
            ValueError: A value is out of its range, or two contradict each other; the message names the remedy.
        """
        super().__init__(check_scope(scope), check_construct_id(construct_id))
        check_flag("ipv6_allowed_for_dual_stack", ipv6_allowed_for_dual_stack)
        provider_validation.check_network(vpc, vpc_subnets, security_groups, ipv6=ipv6_allowed_for_dual_stack)
        provider_validation.check_role("role", role)
        provider_validation.check_log(log_group, log_retention)
        provider_validation.check_memory_size(memory_size)
        provider_validation.check_code_options(architecture, runtime, tracing)
        provider_validation.check_rest(environment_encryption, description)
        tags = check_builders_by_tag(builders_by_tag)
        self._serves_unknown_builders = bool(tags)
        self._place = DefaultProviderSlot.take(self)
        self._log_group = log_group or logs.LogGroup(
            self,
            "LogGroup",
            retention=log_retention or logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._function_role = FunctionRole(self, given=role, keep_ids=self._keep_ids)
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
                logging_format=check_logging_format(logging_format) or lambda_.LoggingFormat.JSON,
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
        self._keep_ids(self)
        self._network: NetworkDependencies | None = None
        if vpc is not None:
            groups = self._function.connections.security_groups
            self._network = NetworkDependencies(self, vpc=vpc, subnets=_selected(vpc, vpc_subnets), groups=groups)
        own = BuilderPolicies.beside_function(self, self._function_role, self._function.function_arn)
        self._permissions: dict[Stack, BuilderPolicies] = {Stack.of(self): own}
        self._serves_own_stack = False

    @classmethod
    def of_stack(cls, scope: Construct) -> RunningImageBuilderProvider:
        """Return the provider that a construct's stack shares: the first one made in it, or a new one."""
        stack = Stack.of(check_scope(scope))
        existing = stack.node.try_find_child(ID)
        if isinstance(existing, DefaultProviderSlot):
            existing = existing.provider
        return existing if isinstance(existing, cls) else cls(stack, ID)

    @classmethod
    def from_service_token(
        cls, scope: Construct, construct_id: str, token: str, *, role: iam.IRole | None = None
    ) -> RunningImageBuilderProvider:
        """Return the provider that another app has made in the same account and Region.

        Its builders are allowed there by their tags (``builders_by_tag``), or here by their names where ``role`` is
        given. What only the other app has (``function``, ``log_group``, ``connections``) raises a ValueError that
        names the remedy; metrics and alarms work.

        Args:
            scope: The stack, or a construct in it.
            construct_id: The id within the scope.
            token: The provider's ``service_token``, such as
                ``ssm.StringParameter.value_for_string_parameter(self, NAME)`` of what ``export_service_token`` wrote.
            role: The function's role, such as ``iam.Role.from_role_arn(...)``; it gets the statements for the builders
                of this app, in their stacks. Default: the function may already start them, by a tag.

        Raises:
            TypeError: The token is no text.
            ValueError: The token is no ARN of a function of this account and Region; the message names the remedy.
        """
        from cdk_appstream_image_builder.provider_by_token import ProviderByToken

        return ProviderByToken(scope, construct_id, token=token, role=role)

    def export_service_token(self, parameter_name: str) -> ssm.StringParameter:
        """Write the service token into a new SSM parameter, for ``from_service_token`` in other apps.

        Args:
            parameter_name: The parameter's name, such as ``/platform/image-builders/service-token``.

        Raises:
            TypeError: The name is no text.
            ValueError: SSM has no such names; the message says which it has.
        """
        from aws_cdk import Intrinsic, Token
        from aws_cdk import aws_ssm as ssm

        name = check_parameter_name(parameter_name)
        later = is_known_later(name)
        parameter = ssm.StringParameter(
            self,
            "ServiceToken",
            # CDK reads the name at synth, and must not read what only stands for it; then it asks how the ARN goes.
            parameter_name=Token.as_string(Intrinsic(name)) if later else name,
            simple_name=False if later else None,
            string_value=self.service_token,
            description="Starts AppStream image builders: the ServiceToken of RunningImageBuilder",
        )
        self._keep_ids(parameter)
        return parameter

    @property
    def service_token(self) -> str:
        """What CloudFormation invokes for a builder: the function's ARN, for ``from_service_token`` in other apps."""
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
            ValueError: The function is in no VPC.
        """
        if self._network is None:
            raise ValueError(f"{self.node.path} has no connections, since its function is in no VPC: give it a vpc")
        return self._function.connections

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The principal that the function acts as, for grants of the user's own."""
        return self.role.grant_principal

    def _serve(
        self,
        resource: Construct,
        image_builder_arn: str,
        *,
        name_at_synth: str,
        restart: bool,
        stop_on_delete: bool,
        schedule: ScheduledStop | None,
    ) -> None:
        """Let the function serve one builder.

        Args:
            resource: The custom resource; made to wait for the permissions.
            image_builder_arn: The builder's ARN.
            name_at_synth: The builder's name as far as it is known at synth.
            restart: Whether the builder may be stopped to be started again.
            stop_on_delete: Whether the builder may be stopped when the resource is deleted.
            schedule: The schedule of the builder's stop; None where it has none.

        Raises:
            ValueError: The resource is in another account or Region than the function.
        """
        stack = Stack.of(resource)
        check_same_environment(stack, Stack.of(self))
        if self._network is not None:
            self._network.awaited_by(resource)
        if self._serves_unknown_builders:
            resource.node.add_dependency(*self._permissions[Stack.of(self)].first)
            return
        if stack not in self._permissions:
            self._permissions[stack] = BuilderPolicies.in_another_stack(stack, self._function_role, self._address)
        if stack is Stack.of(self) and not self._serves_own_stack:
            # Only now: a stack without builders is never looked at. The function waits for this policy, and the
            # resource for the function.
            self._function_role.allow(statements.look_at_stack(stack.stack_id))
            self._serves_own_stack = True
        needed = self._permissions[stack].allow(
            image_builder_arn, name_at_synth, restart=restart, stop_on_delete=stop_on_delete, schedule=schedule
        )
        resource.node.add_dependency(*needed)

    @property
    def _address(self) -> str:
        """What names this provider in other stacks; the same for all that have a stack's place."""
        return str((self._place or self).node.addr)

    def _keep_ids(self, made: Construct) -> None:
        if self._place is not None:
            self._place.keep_ids(made)


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
