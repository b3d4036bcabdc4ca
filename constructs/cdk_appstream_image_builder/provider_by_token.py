"""A provider of another app, known by its service token alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from aws_cdk import ArnFormat, Fn, Stack, Token
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_appstream_image_builder.iam.builder_policies import BuilderPolicies
from cdk_appstream_image_builder.iam.function_role import FunctionRole
from cdk_appstream_image_builder.iam.scheduled_stop import ScheduledStop
from cdk_appstream_image_builder.monitoring.alarms import FunctionAlarms
from cdk_appstream_image_builder.provider import RunningImageBuilderProvider
from cdk_appstream_image_builder.provider_validation import check_role
from cdk_appstream_image_builder.validation import check_construct_id, check_scope, check_service_token, is_known_later

if TYPE_CHECKING:  # each module of CDK takes its time to import, and these serve for annotations only
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_logs as logs


class ProviderByToken(RunningImageBuilderProvider):
    """What ``RunningImageBuilderProvider.from_service_token`` returns."""

    def __init__(self, scope: Construct, construct_id: str, *, token: str, role: iam.IRole | None) -> None:
        """Make nothing but, where a role is given, what it is allowed."""
        # Not the provider's own, which makes a function.
        FunctionAlarms.__init__(self, check_scope(scope), check_construct_id(construct_id))
        check_role("role", role)
        self._place = None
        self._token = check_service_token(token, Stack.of(self))
        self._given_role = None if role is None else FunctionRole(self, given=role, keep_ids=self._keep_ids)
        self._permissions: dict[Stack, BuilderPolicies] = {}
        self._serves_unknown_builders = True
        self._imported: lambda_.IFunction | None = None

    @property
    def service_token(self) -> str:
        """The token that was given."""
        return self._token

    @property
    def function(self) -> lambda_.Function:
        """Not known here."""
        self._unknown("function", "use lambda_.Function.from_function_arn with its service_token")

    @property
    def role(self) -> iam.IRole:
        """The role, where it was given."""
        if self._given_role is None:
            self._unknown("role", "give role to from_service_token")
        return self._given_role.role

    @property
    def log_group(self) -> logs.ILogGroup:
        """Not known here."""
        self._unknown("log_group", "use logs.LogGroup.from_log_group_name with its name from the provider's app")

    @property
    def connections(self) -> ec2.Connections:
        """Not known here."""
        self._unknown("connections", "use the security group from the provider's app")

    def _unknown(self, what: str, remedy: str) -> NoReturn:
        raise ValueError(f"{self.node.path} is another app's provider, whose {what} is not known here: {remedy}")

    @property
    def _function_name(self) -> str:
        return Fn.select(6, Fn.split(":", self._function_arn))

    @property
    def _function_arn(self) -> str:
        """The token, in a form that CloudFormation can take the function's name from."""
        if Token.is_unresolved(self._token) or not is_known_later(self._token):
            return self._token
        if "{{resolve:" in self._token:
            self._unknown("name", "give ssm.StringParameter.value_for_string_parameter as the token")
        # Before the first lookup, any will do: the CDK CLI synthesizes again after it.
        return Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name="not-looked-up-yet",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    @property
    def _invoked_function(self) -> lambda_.IFunction:
        if self._imported is None:
            # The same environment: so that a rule may be allowed to invoke it.
            self._imported = lambda_.Function.from_function_attributes(
                self, "Function", function_arn=self._function_arn, same_environment=True
            )
        return self._imported

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
        """Let the function serve one builder, where its role is known; else the other app has done so, by a tag."""
        stack = Stack.of(resource)
        check_service_token(self._token, stack)
        if self._given_role is None:
            return
        if stack not in self._permissions:
            self._permissions[stack] = BuilderPolicies.in_another_stack(stack, self._given_role, self.node.addr)
        needed = self._permissions[stack].allow(
            image_builder_arn, name_at_synth, restart=restart, stop_on_delete=stop_on_delete, schedule=schedule
        )
        resource.node.add_dependency(*needed)
