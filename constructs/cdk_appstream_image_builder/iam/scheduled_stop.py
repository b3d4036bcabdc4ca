"""The name and the role of a builder's scheduled stop."""

import hashlib
import json
import re

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder.iam import statements
from cdk_appstream_image_builder.iam.cfn_resources import is_attached, make_name_unique, retain
from cdk_appstream_image_builder.iam.function_role import WARNING
from running_image_builder_function import contract

ROLE_GOES = "cdk-appstream-image-builder:schedulerRoleGoesWithStack"
"""The id of the warning about a given role that is deleted before a schedule that needs it."""

_NAME_LENGTH = 64
"""EventBridge Scheduler's limit for a schedule's name."""


class ScheduledStop:
    """The schedule that stops one builder: its name and its role. The function creates the schedule itself.

    Both belong to one builder of one resource of one stack. Another builder's name makes others. So a builder that is
    left running after a rename still stops, by the old schedule and role.

    Args:
        scope: The construct of the builder.
        image_builder_name: The builder's name; may be a token.
        image_builder_arn: The builder's ARN, from its parts.
        retained: Whether the builder may be left running, so that the schedule must keep its role.
        given: The schedule's role; None to make one.
        shared: Whether the function may not know this builder. Then name and role follow patterns that it may use.

    Attributes:
        name: The schedule's name, in the default group.
        arn: The schedule's ARN.
        role: The role.
        needed: What the builder's resource must wait for, besides the role.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        image_builder_name: str,
        image_builder_arn: str,
        retained: bool,
        given: iam.IRole | None = None,
        shared: bool = False,
    ) -> None:
        stack = Stack.of(scope)
        path = stack_name_and_path(scope)
        # Resolved, because a token's string differs from synth to synth.
        identity = json.dumps(stack.resolve([*path, image_builder_name]))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        prefix = statements.SHARED_SCHEDULES_PREFIX if shared else ""
        readable = prefix + re.sub(r"[^0-9a-zA-Z-_.]", "-", "-".join(path))
        self.name = f"{readable[: _NAME_LENGTH - len(digest) - 1]}-{digest}"
        self.arn = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{contract.SCHEDULE_GROUP}/{self.name}"
        )
        self.needed: list[IDependable] = []
        stop = statements.stop(image_builder_arn)
        suffix = digest[:8].upper()
        if given is None:
            self.role: iam.IRole = _role(scope, f"SchedulerRole{suffix}", stop, shared=shared)
            if retained:
                retain(self.role)
        else:
            self.role = given
            self._allow(scope, f"SchedulerPolicy{suffix}", stop, retained=retained)

    def _allow(self, scope: Construct, construct_id: str, stop: iam.PolicyStatement, *, retained: bool) -> None:
        """Allow a given role to stop the builder, in a policy of this builder alone."""
        policy = iam.Policy(scope, construct_id, statements=[stop])
        # The role attaches the policy, not the other way round. Then a role that cannot be changed gets none, and CDK
        # reports the statement if iam.Role.customize_roles has replaced the role.
        self.role.attach_inline_policy(policy)
        if not is_attached(policy):
            scope.node.try_remove_child(construct_id)
            if not isinstance(self.role, iam.Role):
                needed = json.dumps(Stack.of(scope).resolve([stop.to_statement_json()]))
                Annotations.of(scope).add_warning_v2(
                    WARNING, f"the given scheduler_role cannot be changed: add these statements to it: {needed}"
                )
            return
        make_name_unique(policy, self.role)
        self.needed.append(policy)
        if not retained:
            return
        if isinstance(self.role, iam.Role) and Stack.of(self.role) is Stack.of(scope):
            # A policy that is retained would only prevent the delete of its role.
            Annotations.of(scope).add_warning_v2(
                ROLE_GOES,
                "the given scheduler_role is deleted with this stack, and then nothing stops a builder that is left "
                "running: use a role of another stack, or OnDelete.STOP",
            )
        else:
            retain(policy)


def _role(scope: Construct, construct_id: str, stop: iam.PolicyStatement, *, shared: bool) -> iam.Role:
    stack = Stack.of(scope)
    group = stack.format_arn(service="scheduler", resource="schedule-group", resource_name=contract.SCHEDULE_GROUP)
    return iam.Role(
        scope,
        f"{construct_id}Shared" if shared else construct_id,
        path=statements.SHARED_ROLES_PATH if shared else None,
        # EventBridge Scheduler's documentation: the narrowest source is the schedule's group.
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
        ),
        # Inside the role, not beside it: a role that is retained keeps its permission.
        inline_policies={"Stop": iam.PolicyDocument(statements=[stop])},
        description="Stops an AppStream image builder at the time that was scheduled",
    )


def stack_name_and_path(scope: Construct) -> tuple[str, str]:
    """Return the name of the deployed stack and a construct's path in it, which together identify the construct.

    Not the stack's own construct id, which may change without the stack. A nested stack has no name at synth.
    """
    stack = Stack.of(scope)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack.stack_name, scope.node.path.removeprefix(stack.node.path).lstrip("/")
