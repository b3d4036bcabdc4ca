"""What the function may do to single builders, spread over as many policies as IAM's limits ask for."""

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder import permissions
from cdk_appstream_image_builder.function_role import FunctionRole
from cdk_appstream_image_builder.replaced_policy import take_identity
from cdk_appstream_image_builder.schedule_permissions import SchedulePermissions
from cdk_appstream_image_builder.stop_schedule import StopSchedule

_INLINE = 15
"""Builders in a role's inline policies, which may have 10,240 characters together: these many of the longest ARNs to
start, twice as many to stop (an update has the old and the new policy for a while), and what is not about builders."""

_MANAGED = 35
"""Builders in one managed policy, which may have 6,144 characters."""


class BuilderPermissions:
    """The permissions for each builder, on exactly that builder.

    What stops builders on delete is in policies of its own, whose content is part of their identity, so that
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
        self._starting: list[_Group] = []
        self.first: list[IDependable] = []
        if role.is_fixed:
            role.warn(other)
        else:
            # Not the role's default policy: that comes before the function and cannot name it.
            first = role.inline_policy(scope, "Builders")
            first.add_statements(other)
            self.first.append(first)
            self._starting.append(_Group(first, self._role, _INLINE, replaced=False))
        self._stopping: list[_Group] = []
        self._scheduling = SchedulePermissions(scope, role)

    @classmethod
    def beside_function(cls, scope: Construct, role: FunctionRole, function_arn: str) -> "BuilderPermissions":
        """Return the permissions for builders of the function's own stack, beside that to hand over."""
        return cls(scope, role, other=permissions.hand_over(function_arn))

    @classmethod
    def in_another_stack(cls, stack: Stack, role: FunctionRole, provider_id: str) -> "BuilderPermissions":
        """Return the permissions for builders of another stack than the function's, beside that to look at it."""
        scope = Construct(stack, f"RunningImageBuilderPermissions{provider_id}")
        return cls(scope, role, other=permissions.look_at_stack(stack.stack_id))

    def allow(
        self, arn: str, name: str, *, restart: bool, stop_on_delete: bool, schedule: StopSchedule | None
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
        if self._role.is_fixed:
            actions = [*permissions.START, *(permissions.STOP if restart or stop_on_delete else ())]
            scheduling = permissions.schedule_stop(schedule) if schedule else ()
            self._role.warn(iam.PolicyStatement(actions=actions, resources=[arn]), *scheduling)
            return []
        may_stop = permissions.STOP if restart and not stop_on_delete else ()
        needed = [self._add(self._starting, "Builders", arn, (*permissions.START, *may_stop))]
        if stop_on_delete:
            needed.append(self._add(self._stopping, "StopOnDelete", arn, permissions.STOP, replaced_with=name))
        if schedule is not None:
            needed.append(self._scheduling.allow(schedule))
        return needed

    def _add(
        self, groups: list["_Group"], construct_id: str, arn: str, actions: tuple[str, ...], *, replaced_with: str = ""
    ) -> IDependable:
        for group in groups:
            if group.has(arn, actions):
                return group.policy
        if not groups or groups[-1].is_full:
            number = len(groups)
            groups.append(
                _Group(
                    self._policy(construct_id, number),
                    self._role,
                    _MANAGED if number else _INLINE,
                    replaced=bool(replaced_with),
                )
            )
        groups[-1].add(arn, actions, replaced_with)
        return groups[-1].policy

    def _policy(self, construct_id: str, number: int) -> "iam.Policy | iam.ManagedPolicy":
        if number == 0:
            return self._role.inline_policy(self._scope, construct_id)
        return iam.ManagedPolicy(
            self._scope,
            f"{construct_id}{number}",
            roles=[self._role.role],
            description="Starts or stops image builders",
        )


class _Group:
    """The builders of one policy; a statement for each set of actions."""

    def __init__(
        self, policy: "iam.Policy | iam.ManagedPolicy", role: FunctionRole, room: int, *, replaced: bool
    ) -> None:
        self.policy = policy
        self._role = role
        self._room = room
        self._replaced = replaced
        self._statements: dict[tuple[str, ...], iam.PolicyStatement] = {}
        self._arns: list[str] = []
        self._names: list[str] = []
        resource = policy.node.default_child
        assert isinstance(resource, CfnResource)
        self._resource = resource
        self._id = Stack.of(policy).get_logical_id(resource)

    @property
    def is_full(self) -> bool:
        return len(self._arns) >= self._room

    def has(self, arn: str, actions: tuple[str, ...]) -> bool:
        return actions in self._statements and arn in self._statements[actions].resources

    def add(self, arn: str, actions: tuple[str, ...], name: str) -> None:
        self._arns.append(arn)
        if actions in self._statements:
            self._statements[actions].add_resources(arn)
        else:
            self._statements[actions] = iam.PolicyStatement(actions=list(actions), resources=[arn])
            self.policy.add_statements(self._statements[actions])
        if self._replaced:
            if not arn.endswith(f"/{name}"):
                self._names.append(name)
            take_identity(self._resource, self._id, [*self._arns, *self._names], role=self._role)
