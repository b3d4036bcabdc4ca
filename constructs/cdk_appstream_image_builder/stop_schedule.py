"""What a scheduled stop needs beside the function: a name of its own, and the role that the scheduler stops with."""

import hashlib
import json
import re

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_appstream_image_builder import permissions
from running_image_builder_function import contract

_LONGEST = 64
"""Characters of a schedule's name."""


class StopSchedule:
    """The name and the role of one builder's schedule; the schedule itself is the function's to make.

    Both belong to one builder of one resource of one stack. Another builder's name makes others, so that a builder
    which is left running after a rename still ends, by the schedule and the role of before.

    Args:
        scope: The construct whose builder it is.
        image_builder_name: The builder's name; may be a token.
        image_builder_arn: The builder's ARN, from its parts.
        outlives: Whether the builder may be left running, and its role with it, for the schedule to use.
        shared: Whether the function may not know this builder: then name and role follow patterns that it may use.

    Attributes:
        name: The schedule's name, in the default group.
        arn: The schedule's ARN.
        role: The role.
    """

    def __init__(
        self, scope: Construct, *, image_builder_name: str, image_builder_arn: str, outlives: bool, shared: bool
    ) -> None:
        """Make the role."""
        stack = Stack.of(scope)
        place = _place(scope)
        # Resolved, because a token's text differs from synth to synth.
        identity = json.dumps(stack.resolve([*place, image_builder_name]))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        prefix = permissions.SHARED_SCHEDULES if shared else ""
        readable = prefix + re.sub(r"[^0-9a-zA-Z-_.]", "-", "-".join(place))
        self.name = f"{readable[: _LONGEST - len(digest) - 1]}-{digest}"
        self.arn = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{contract.SCHEDULE_GROUP}/{self.name}"
        )
        group = stack.format_arn(service="scheduler", resource="schedule-group", resource_name=contract.SCHEDULE_GROUP)
        self.role = iam.Role(
            scope,
            f"SchedulerRole{digest[:8].upper()}{'Shared' if shared else ''}",
            path=permissions.SHARED_ROLES if shared else None,
            # The scheduler's own advice: no narrower source than the schedule's group.
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
            ),
            # In the role and not beside it: what is kept with the role must be its right to stop as well.
            inline_policies={"Stop": iam.PolicyDocument(statements=[permissions.stop(image_builder_arn)])},
            description="Stops an AppStream image builder at the time that was scheduled",
        )
        if outlives:
            self.role.apply_removal_policy(RemovalPolicy.RETAIN)


def _place(scope: Construct) -> tuple[str, str]:
    """Return the name of the stack that is deployed, and where in it a construct is: together unique where it runs.

    Not the stack's own construct id, which may change without the stack. A nested stack has no name at synth.
    """
    stack = Stack.of(scope)
    while stack.nested_stack_parent is not None:
        stack = stack.nested_stack_parent
    return stack.stack_name, scope.node.path.removeprefix(stack.node.path).lstrip("/")
