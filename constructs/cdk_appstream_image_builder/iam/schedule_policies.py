"""What the function may do to the schedules of stops, spread over as many policies as IAM's limits ask for."""

from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder.iam import statements
from cdk_appstream_image_builder.iam.function_role import FunctionRole
from cdk_appstream_image_builder.iam.replaced_policy import ReplacedPolicy
from cdk_appstream_image_builder.iam.scheduled_stop import ScheduledStop

_ROOM = 20
"""Schedules in one managed policy, which may have 6,144 characters. A role's inline policies have no room left."""


class SchedulePolicies:
    """The permissions for each schedule, on exactly that schedule and its role.

    The policies are replaced, not changed: an update that takes ``stop_after`` away deletes the schedule with the
    policy of before, which is there until the clean-up at the end of the update.

    Args:
        scope: Where the policies are made.
        role: The function's role.
    """

    def __init__(self, scope: Construct, role: FunctionRole) -> None:
        """Begin without schedules, and without a policy."""
        self._scope = scope
        self._role = role
        self._groups: list[_Group] = []

    def allow(self, schedule: ScheduledStop) -> IDependable:
        """Let the function make, move and delete a schedule; return what the builder's resource must wait for."""
        if not self._groups or len(self._groups[-1].schedules) >= _ROOM:
            self._groups.append(_Group(self._scope, f"Schedules{len(self._groups) or ''}", self._role))
        self._groups[-1].add(schedule)
        return self._groups[-1].policy


class _Group:
    """The schedules of one policy."""

    def __init__(self, scope: Construct, construct_id: str, role: FunctionRole) -> None:
        self.schedules: list[ScheduledStop] = []
        self._role = role
        self.policy = ReplacedPolicy(scope, construct_id, make=self._make)

    def add(self, schedule: ScheduledStop) -> None:
        self.schedules.append(schedule)
        scheduling, passing = statements.schedule_stop(self.schedules[0])
        for each in self.schedules[1:]:
            scheduling.add_resources(each.arn)
            passing.add_resources(each.role.role_arn)
        content = [[each.arn, each.role.role_arn] for each in self.schedules]
        self.policy.hold((scheduling, passing), content=content)

    def _make(self, scope: Construct, construct_id: str) -> iam.ManagedPolicy:
        return self._role.managed_policy(scope, construct_id, description="Schedules the stops of image builders")
