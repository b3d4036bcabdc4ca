"""The function that serves the image builders of a stack: code, role, log group; knows nothing of a single builder."""

import tempfile
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_appstream_image_builder import asset, permissions
from cdk_appstream_image_builder.builder_permissions import BuilderPermissions
from running_image_builder_function import contract

_ID = "RunningImageBuilderProvider"
"""The id of the one that a stack shares. A change would replace its function."""

_MEMORY_MIB = 256


class RunningImageBuilderProvider(Construct):
    """A Lambda function that starts image builders and waits for them, with a role that may do just that.

    A stack gets one at its first ``RunningImageBuilder``, however many builders it has.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Make the function.

        Args:
            scope: The stack, or a construct in it.
            construct_id: The id within the scope.
        """
        super().__init__(scope, construct_id)
        self._log_group = logs.LogGroup(
            self, "LogGroup", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts AppStream image builders and waits until they are RUNNING",
        )
        for statement in (
            permissions.describe_image_builders(),
            permissions.write_log(self._log_group.log_group_arn),
            permissions.look_at_stack(Stack.of(self).stack_id),
        ):
            self._role.add_to_policy(statement)
        self._function = self._make_function()
        # Not the role's default policy: that comes before the function and cannot name it.
        first = iam.Policy(
            self, "Builders", roles=[self._role], statements=[permissions.hand_over(self._function.function_arn)]
        )
        self._builder_permissions = BuilderPermissions(self, self._role, first=first)

    @classmethod
    def of_stack(cls, scope: Construct) -> "RunningImageBuilderProvider":
        """Return the provider of a construct's stack, made at the first call."""
        stack = Stack.of(scope)
        existing = stack.node.try_find_child(_ID)
        return existing if isinstance(existing, cls) else cls(stack, _ID)

    @property
    def function(self) -> lambda_.Function:
        """The function."""
        return self._function

    @property
    def role(self) -> iam.Role:
        """The function's role."""
        return self._role

    @property
    def log_group(self) -> logs.LogGroup:
        """The function's log group; kept for a month, and deleted with the stack."""
        return self._log_group

    def serve(self, resource: Construct, image_builder_arn: str, *, restart: bool, stop_on_delete: bool) -> None:
        """Let the function serve one builder.

        Args:
            resource: The custom resource; made to wait for the permissions.
            image_builder_arn: The builder's ARN.
            restart: Whether the builder may be stopped to be started again.
            stop_on_delete: Whether the builder may be stopped when the resource is deleted.
        """
        needed = self._builder_permissions.allow(image_builder_arn, restart=restart, stop_on_delete=stop_on_delete)
        resource.node.add_dependency(*needed)

    def _make_function(self) -> lambda_.Function:
        # The asset is copied into the cloud assembly while the function is made; the original is not needed after it.
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder) / "function.zip"
            asset.write_function_zip(package)
            return lambda_.Function(
                self,
                "Function",
                code=lambda_.Code.from_asset(str(package)),
                handler=contract.HANDLER,
                runtime=lambda_.Runtime.PYTHON_3_14,
                architecture=lambda_.Architecture.ARM_64,
                memory_size=_MEMORY_MIB,
                timeout=Duration.seconds(contract.FUNCTION_TIMEOUT_SECONDS),
                role=self._role,
                log_group=self._log_group,
                logging_format=lambda_.LoggingFormat.JSON,
                description=f"{contract.RESOURCE_TYPE}: starts AppStream image builders and waits for RUNNING",
            )
