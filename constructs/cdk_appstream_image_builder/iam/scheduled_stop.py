"""What a scheduled stop needs beside the function: a name of its own, and the role that the scheduler stops with."""

import hashlib
import json
import re

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder.iam import statements
from cdk_appstream_image_builder.iam.cfn_resources import is_attached, keep, name_apart
from cdk_appstream_image_builder.iam.function_role import WARNING
from running_image_builder_function import contract

ROLE_GOES = "cdk-appstream-image-builder:schedulerRoleGoesWithStack"
"""The id of the warning about a given role that is deleted before a schedule that needs it."""

_LONGEST = 64
"""Characters of a schedule's name."""


class ScheduledStop:
    """The name and the role of one builder's schedule; the schedule itself is the function's to make.

    Both belong to one builder of one resource of one stack. Another builder's name makes others, so that a builder
    which is left running after a rename still ends, by the schedule and the role of before.

    Args:
        scope: The construct whose builder it is.
        image_builder_name: The builder's name; may be a token.
        image_builder_arn: The builder's ARN, from its parts.
        outlives: Whether the builder may be left running, and its role with it, for the schedule to use.
        given: The scheduler's role; None to make one.
        shared: Whether the function may not know this builder: then name and role follow patterns that it may use.

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
        outlives: bool,
        given: iam.IRole | None = None,
        shared: bool = False,
    ) -> None:
        """Make the role, or give the one that is there its right to stop."""
        stack = Stack.of(scope)
        place = stack_name_and_path(scope)
        # Resolved, because a token's text differs from synth to synth.
        identity = json.dumps(stack.resolve([*place, image_builder_name]))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        prefix = statements.SHARED_SCHEDULES if shared else ""
        readable = prefix + re.sub(r"[^0-9a-zA-Z-_.]", "-", "-".join(place))
        self.name = f"{readable[: _LONGEST - len(digest) - 1]}-{digest}"
        self.arn = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{contract.SCHEDULE_GROUP}/{self.name}"
        )
        self.needed: list[IDependable] = []
        stop = statements.stop(image_builder_arn)
        suffix = digest[:8].upper()
        if given is None:
            self.role: iam.IRole = _role(scope, f"SchedulerRole{suffix}", stop, shared=shared)
            if outlives:
                keep(self.role)
        else:
            self.role = given
            self._allow(scope, f"SchedulerPolicy{suffix}", stop, outlives=outlives)

    def _allow(self, scope: Construct, construct_id: str, stop: iam.PolicyStatement, *, outlives: bool) -> None:
        """Give a given role its right to stop, in a policy of this builder alone."""
        policy = iam.Policy(scope, construct_id, statements=[stop])
        # The role attaches, not the policy: so a role that cannot be changed stays without, and one that
        # iam.Role.customize_roles has replaced is reported with the statement.
        self.role.attach_inline_policy(policy)
        if not is_attached(policy):
            scope.node.try_remove_child(construct_id)
            if not isinstance(self.role, iam.Role):
                needed = json.dumps(Stack.of(scope).resolve([stop.to_statement_json()]))
                Annotations.of(scope).add_warning_v2(
                    WARNING, f"the scheduler_role given cannot be changed: add these statements to it: {needed}"
                )
            return
        name_apart(policy, self.role)
        self.needed.append(policy)
        if not outlives:
            return
        if isinstance(self.role, iam.Role) and Stack.of(self.role) is Stack.of(scope):
            # A policy that is kept would only prevent the delete of its role.
            Annotations.of(scope).add_warning_v2(
                ROLE_GOES,
                "the scheduler_role given goes with this stack, and then nothing stops a builder that is left running: "
                "give a role of another stack, or OnDelete.STOP",
            )
        else:
            keep(policy)


def _role(scope: Construct, construct_id: str, stop: iam.PolicyStatement, *, shared: bool) -> iam.Role:
    stack = Stack.of(scope)
    group = stack.format_arn(service="scheduler", resource="schedule-group", resource_name=contract.SCHEDULE_GROUP)
    return iam.Role(
        scope,
        f"{construct_id}Shared" if shared else construct_id,
        path=statements.SHARED_ROLES if shared else None,
        # The scheduler's own advice: no narrower source than the schedule's group.
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
        ),
        # In the role and not beside it: what is kept with the role must be its right to stop as well.
        inline_policies={"Stop": iam.PolicyDocument(statements=[stop])},
        description="Stops an AppStream image builder at the time that was scheduled",
    )


def stack_name_and_path(scope: Construct) -> tuple[str, str]:
    """Return the name of the stack that is deployed, and where in it a construct is: together unique where it runs.

    Not the stack's own construct id, which may change without the stack. A nested stack has no name at synth.
    """
    stack = Stack.of(scope)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack.stack_name, scope.node.path.removeprefix(stack.node.path).lstrip("/")
