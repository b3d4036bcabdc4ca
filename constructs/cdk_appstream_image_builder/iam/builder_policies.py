"""Spreads the function's permissions on single builders over as many policies as IAM's limits require."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from cdk_appstream_image_builder.iam import statements
from cdk_appstream_image_builder.iam.function_role import FunctionRole
from cdk_appstream_image_builder.iam.scheduled_stop import ScheduledStop

_BUILDERS_INLINE = 15
"""Builders in a role's inline policies, which may have 10,240 characters together: that many of the longest ARNs to
start, twice as many to stop (an update has the old and the new policy for a while), and what is not about builders."""

_BUILDERS_MANAGED = 35
"""Builders in one managed policy, which may have 6,144 characters."""

_SCHEDULES_MANAGED = 20
"""Schedules in one managed policy. A role's inline policies have no room left for them."""


@dataclass(frozen=True, kw_only=True)
class BuilderAccess:
    """What the function may do to one builder.

    Attributes:
        arn: The builder's ARN.
        name: Its name at synth. The ARN may hide it in a reference, which a rename does not change.
        restart: Whether the function may stop the builder to start it again.
        stop_on_delete: Whether the function may stop the builder when its resource is deleted; includes a restart.
        scheduled_stop: The builder's scheduled stop; None if it has none.
    """

    arn: str
    name: str
    restart: bool
    stop_on_delete: bool
    scheduled_stop: ScheduledStop | None


class BuilderPolicies:
    """The permissions for each builder, on exactly that builder.

    An update that renames a builder, removes its resource, or takes ``stop_after`` away stops the builder or deletes
    its schedule in the clean-up at its end. A policy that the update had changed would no longer allow that. So these
    permissions are in policies whose content is part of their paths: CloudFormation replaces them, and deletes the old
    one in the clean-up, after the resource that depends on it.

    Args:
        scope: Where the policies are made: in the stack of the builders' resources, and deleted with them.
        role: The function's role.
        other: A statement that cannot be in a policy that is created before the function.

    Attributes:
        first: What a resource must wait for even if it needs no permission of its own.
    """

    def __init__(self, scope: Construct, role: FunctionRole, *, other: iam.PolicyStatement) -> None:
        self._scope = scope
        self._role = role
        self._start: list[_StartPolicy] = []
        self._stop: list[_ReplacedPolicy] = []
        self._schedule: list[_ReplacedPolicy] = []
        self.first: list[IDependable] = []
        if role.takes_policies:
            # Not the role's default policy: that is created before the function and cannot name it.
            first = role.inline_policy(scope, "Builders")
            first.add_statements(other)
            self.first.append(first)
            self._start.append(_StartPolicy(first, _BUILDERS_INLINE))
        else:
            role.allow(other)

    @classmethod
    def beside_function(cls, scope: Construct, role: FunctionRole, function_arn: str) -> BuilderPolicies:
        """Return the policies for builders of the function's own stack, with the permission for self-invocation."""
        return cls(scope, role, other=statements.invoke_self(function_arn))

    @classmethod
    def in_another_stack(cls, stack: Stack, role: FunctionRole, provider_id: str) -> BuilderPolicies:
        """Return the policies for builders of another stack, with the permission to describe that stack."""
        scope = Construct(stack, f"RunningImageBuilderPermissions{provider_id}")
        return cls(scope, role, other=statements.describe_stack(stack.stack_id))

    def allow(self, access: BuilderAccess) -> list[IDependable]:
        """Allow the function what a builder needs; return what the builder's resource must wait for."""
        stop, scheduled_stop = access.stop_on_delete, access.scheduled_stop
        if not self._role.takes_policies:
            actions = [*statements.START, *(statements.STOP if access.restart or stop else ())]
            allowed = [iam.PolicyStatement(actions=actions, resources=[access.arn])]
            if scheduled_stop is not None:
                allowed += statements.schedule_stops([scheduled_stop.arn], [scheduled_stop.role.role_arn])
            self._role.allow(*allowed)
            return []
        needed = [self._allow_start(access.arn, restart=access.restart and not stop)]
        if stop:
            needed.append(self._allow_stop(access))
        if scheduled_stop is not None:
            needed.append(self._allow_schedule(scheduled_stop))
        return needed

    def _allow_start(self, arn: str, *, restart: bool) -> IDependable:
        actions = (*statements.START, *(statements.STOP if restart else ()))
        for each in self._start:
            if each.has(arn, actions):
                return each.policy
        if self._start[-1].is_full:
            policy = self._managed_policy(self._scope, f"Builders{len(self._start)}")
            self._start.append(_StartPolicy(policy, _BUILDERS_MANAGED))
        self._start[-1].add(arn, actions)
        return self._start[-1].policy

    def _allow_stop(self, access: BuilderAccess) -> IDependable:
        for each in self._stop:
            if any(arn == access.arn for arn, _ in each.members):
                return each
        if not self._stop or self._stop[-1].is_full:
            number = len(self._stop)
            make = self._managed_policy if number else self._role.inline_policy
            room = _BUILDERS_MANAGED if number else _BUILDERS_INLINE
            self._stop.append(_ReplacedPolicy(self._scope, f"StopOnDelete{number or ''}", make=make, room=room))
        policy = self._stop[-1]
        hidden_name = "" if access.arn.endswith(f"/{access.name}") else access.name
        policy.members.append((access.arn, hidden_name))
        arns = [arn for arn, _ in policy.members]
        statement = iam.PolicyStatement(actions=list(statements.STOP), resources=arns)
        policy.replace([statement], content=[*arns, *(name for _, name in policy.members if name)])
        return policy

    def _allow_schedule(self, scheduled_stop: ScheduledStop) -> IDependable:
        if not self._schedule or self._schedule[-1].is_full:
            construct_id = f"Schedules{len(self._schedule) or ''}"
            policy = _ReplacedPolicy(self._scope, construct_id, make=self._schedule_policy, room=_SCHEDULES_MANAGED)
            self._schedule.append(policy)
        policy = self._schedule[-1]
        policy.members.append((scheduled_stop.arn, scheduled_stop.role.role_arn))
        schedules, roles = zip(*policy.members, strict=True)
        policy.replace(statements.schedule_stops(schedules, roles), content=[list(each) for each in policy.members])
        return policy

    def _managed_policy(self, scope: Construct, construct_id: str) -> iam.ManagedPolicy:
        return self._role.managed_policy(scope, construct_id, description="Starts or stops image builders")

    def _schedule_policy(self, scope: Construct, construct_id: str) -> iam.ManagedPolicy:
        return self._role.managed_policy(scope, construct_id, description="Schedules the stops of image builders")


class _StartPolicy:
    """A policy to start builders, which updates change in place; one statement for each set of actions."""

    def __init__(self, policy: iam.Policy | iam.ManagedPolicy, room: int) -> None:
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


class _ReplacedPolicy(Construct):
    """A policy that CloudFormation replaces when its content changes.

    The path of the policy contains its content, so it has a logical id of its own, and a name of its own if an aspect
    makes names from paths. Two inline policies of one name would be one policy, which the clean-up would delete.

    Args:
        scope: Where the policy is made.
        construct_id: The id within the scope.
        make: Makes an empty policy of the role in a scope, by an id.
        room: How many members fit into the policy.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        make: Callable[[Construct, str], iam.Policy | iam.ManagedPolicy],
        room: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.members: list[tuple[str, str]] = []
        self._make = make
        self._room = room
        self._made = ""

    @property
    def is_full(self) -> bool:
        return len(self.members) >= self._room

    def replace(self, allowed: Iterable[iam.PolicyStatement], *, content: object) -> None:
        """Make the policy anew; ``content`` is what tells it from a policy of another content."""
        if self._made:
            self.node.try_remove_child(self._made)
        # Resolved, because a token's string differs from synth to synth.
        text = json.dumps(Stack.of(self).resolve(content))
        self._made = hashlib.sha256(text.encode()).hexdigest()[:8].upper()
        self._make(self, self._made).add_statements(*allowed)
