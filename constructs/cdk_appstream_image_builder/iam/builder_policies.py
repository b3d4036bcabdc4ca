"""What the function may do to single builders, spread over as many policies as IAM's limits ask for."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder.iam import statements
from cdk_appstream_image_builder.iam.function_role import FunctionRole
from cdk_appstream_image_builder.iam.replaced_policy import ReplacedPolicy
from cdk_appstream_image_builder.iam.schedule_policies import SchedulePolicies
from cdk_appstream_image_builder.iam.scheduled_stop import ScheduledStop

_INLINE = 15
"""Builders in a role's inline policies, which may have 10,240 characters together: these many of the longest ARNs to
start, twice as many to stop (an update has the old and the new policy for a while), and what is not about builders."""

_MANAGED = 35
"""Builders in one managed policy, which may have 6,144 characters."""


class BuilderPolicies:
    """The permissions for each builder, on exactly that builder.

    What stops builders on delete is in policies of its own, whose content is part of their paths, so that
    CloudFormation replaces them instead of changing them. A builder that is renamed, or whose resource is removed, is
    stopped in the clean-up at the end of the update. A policy that was changed has lost the builder by then; one that
    is replaced is there until the clean-up deletes it, after the resource that depends on it.

    Args:
        scope: Where the policies are made: in the stack of the builders' resources, and deleted with them.
        role: The function's role.
        other: What else is needed that no policy can hold that comes before the function.

    Attributes:
        first: What a resource must wait for even where nothing is allowed on its builder alone.
    """

    def __init__(self, scope: Construct, role: FunctionRole, *, other: iam.PolicyStatement) -> None:
        """Begin without builders."""
        self._scope = scope
        self._role = role
        self._starting: list[_Starting] = []
        self.first: list[IDependable] = []
        if role.takes_policies:
            # Not the role's default policy: that comes before the function and cannot name it.
            first = role.inline_policy(scope, "Builders")
            first.add_statements(other)
            self.first.append(first)
            self._starting.append(_Starting(first, _INLINE))
        else:
            role.allow(other)
        self._stopping: list[_Stopping] = []
        self._scheduling = SchedulePolicies(scope, role)

    @classmethod
    def beside_function(cls, scope: Construct, role: FunctionRole, function_arn: str) -> "BuilderPolicies":
        """Return the permissions for builders of the function's own stack, beside that to hand over."""
        return cls(scope, role, other=statements.hand_over(function_arn))

    @classmethod
    def in_another_stack(cls, stack: Stack, role: FunctionRole, provider_id: str) -> "BuilderPolicies":
        """Return the permissions for builders of another stack than the function's, beside that to look at it."""
        scope = Construct(stack, f"RunningImageBuilderPermissions{provider_id}")
        return cls(scope, role, other=statements.look_at_stack(stack.stack_id))

    def allow(
        self, arn: str, name: str, *, restart: bool, stop_on_delete: bool, schedule: ScheduledStop | None
    ) -> list[IDependable]:
        """Let the function start a builder, and stop it where an option asks for that.

        Args:
            arn: The builder's ARN.
            name: Its name as it is told at synth; the ARN may hide it in a reference, which a rename does not change.
            restart: Whether it may be stopped to be started again.
            stop_on_delete: Whether it may be stopped when its resource is deleted; covers a restart as well.
            schedule: The schedule of its stop; None where it has none.

        Returns:
            What its resource must wait for.
        """
        if not self._role.takes_policies:
            actions = [*statements.START, *(statements.STOP if restart or stop_on_delete else ())]
            scheduling = statements.schedule_stop(schedule) if schedule else ()
            self._role.allow(iam.PolicyStatement(actions=actions, resources=[arn]), *scheduling)
            return []
        may_stop = statements.STOP if restart and not stop_on_delete else ()
        needed = [self._start(arn, (*statements.START, *may_stop))]
        if stop_on_delete:
            needed.append(self._stop(arn, name))
        if schedule is not None:
            needed.append(self._scheduling.allow(schedule))
        return needed

    def _start(self, arn: str, actions: tuple[str, ...]) -> IDependable:
        for group in self._starting:
            if group.has(arn, actions):
                return group.policy
        if self._starting[-1].is_full:
            policy = self._managed(self._scope, f"Builders{len(self._starting)}")
            self._starting.append(_Starting(policy, _MANAGED))
        self._starting[-1].add(arn, actions)
        return self._starting[-1].policy

    def _stop(self, arn: str, name: str) -> IDependable:
        for group in self._stopping:
            if arn in group.arns:
                return group.policy
        if not self._stopping or self._stopping[-1].is_full:
            number = len(self._stopping)
            made = ReplacedPolicy(
                self._scope,
                f"StopOnDelete{number or ''}",
                make=self._managed if number else self._role.inline_policy,
            )
            self._stopping.append(_Stopping(made, _MANAGED if number else _INLINE))
        self._stopping[-1].add(arn, name)
        return self._stopping[-1].policy

    def _managed(self, scope: Construct, construct_id: str) -> iam.ManagedPolicy:
        return self._role.managed_policy(scope, construct_id, description="Starts or stops image builders")


class _Starting:
    """The builders of one policy that is changed; a statement for each set of actions."""

    def __init__(self, policy: "iam.Policy | iam.ManagedPolicy", room: int) -> None:
        self.policy = policy
        self._room = room
        self._statements: dict[tuple[str, ...], iam.PolicyStatement] = {}

    @property
    def is_full(self) -> bool:
        return sum(len(each.resources) for each in self._statements.values()) >= self._room

    def has(self, arn: str, actions: tuple[str, ...]) -> bool:
        return actions in self._statements and arn in self._statements[actions].resources

    def add(self, arn: str, actions: tuple[str, ...]) -> None:
        if actions in self._statements:
            self._statements[actions].add_resources(arn)
        else:
            self._statements[actions] = iam.PolicyStatement(actions=list(actions), resources=[arn])
            self.policy.add_statements(self._statements[actions])


class _Stopping:
    """The builders of one policy that is replaced."""

    def __init__(self, policy: ReplacedPolicy, room: int) -> None:
        self.policy = policy
        self.arns: list[str] = []
        self._room = room
        self._names: list[str] = []

    @property
    def is_full(self) -> bool:
        return len(self.arns) >= self._room

    def add(self, arn: str, name: str) -> None:
        self.arns.append(arn)
        if not arn.endswith(f"/{name}"):
            self._names.append(name)
        statement = iam.PolicyStatement(actions=list(statements.STOP), resources=self.arns)
        self.policy.hold([statement], content=[*self.arns, *self._names])
