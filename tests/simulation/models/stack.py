"""Runs a stack's operations as CloudFormation does: which requests they send, and what follows from failures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from simulation.history import ANSWERED, History, RemainingResource, Request
from simulation.models.cloudformation import CloudFormationModel, Resource, Stack
from simulation.models.faults import FaultInjector
from simulation.models.lambda_ import LambdaModel
from simulation.scenario import ExternalAction, FaultPlan, Properties, StackOperation
from support.fake_appstream import ACCOUNT, REGION
from support.virtual_time import VirtualClock

_UNTIL_ROLLBACK = 2.0
"""Seconds at most from a failure to the rollback."""

_UNTIL_REQUEST = 2.0
"""Seconds at most from a resource's status to its request."""


@dataclass(frozen=True, kw_only=True)
class _LiveResource:
    """A resource as its stack knows it; ``failed`` is the kind of the request that failed and was not rolled back."""

    properties: Properties
    physical_id: str
    failed: str = ""
    tried: Properties | None = None
    id_generated: bool = False


@dataclass(frozen=True)
class _BeforeUpdate:
    """A stack before an update: its resources, and those that the update changes."""

    live: dict[str, _LiveResource]
    updated: tuple[str, ...]
    created: tuple[str, ...]
    template: dict[str, Properties]

    def and_then(self, later: "_BeforeUpdate") -> "_BeforeUpdate":
        """Return the stack before the first of two updates that both failed and were not rolled back."""
        known = [name for name in later.updated if name in self.live]
        return _BeforeUpdate(
            self.live,
            tuple(dict.fromkeys((*self.updated, *known))),
            tuple(dict.fromkeys((*self.created, *later.created))),
            {**self.template, **later.template},
        )


class StackDriver:
    """Runs a stack's operations; the next Create after a deletion makes a new stack of its name.

    Attributes:
        name: The stack's name.
    """

    def __init__(
        self,
        operations: tuple[StackOperation, ...],
        *,
        name: str,
        clock: VirtualClock,
        cloudformation: CloudFormationModel,
        lambda_: LambdaModel,
        fault_injector: FaultInjector,
        history: History,
        rng: Random,
        act_externally: Callable[[ExternalAction], None],
    ) -> None:
        self.name = name
        self._operations = operations
        self._clock = clock
        self._cloudformation = cloudformation
        self._lambda = lambda_
        self._fault_injector = fault_injector
        self._history = history
        self._rng = rng
        self._act_externally = act_externally
        self._number = 0
        self._stack = Stack("")
        self._live: dict[str, _LiveResource] = {}
        self._left: _BeforeUpdate | None = None
        self._fault_plans: list[FaultPlan] = []
        self._operation = StackOperation(kind="")

    def run(self) -> None:
        """Run all operations but those that the stack's state does not allow."""
        for operation in self._operations:
            self._clock.sleep(operation.pause)
            self._operation, self._fault_plans = operation, list(operation.fault_plans)
            if operation.kind == "create" and not self._live:
                self._create()
            elif operation.kind == "update" and self._live:
                self._update()
            elif operation.kind == "delete" and self._live:
                self._delete("DELETE")
            elif operation.kind == "rollback" and self._left is not None:
                self._roll_back(self._left)
        self._history.remaining.extend(
            RemainingResource(self._stack.stack_id, logical_id, live.physical_id, live.properties)
            for logical_id, live in self._live.items()
        )

    def _template(self) -> dict[str, Properties]:
        operation = self._operation
        assert operation.properties is not None
        given = {operation.logical_id: operation.properties, **dict(operation.other_resources)}
        return {name: replace(each, scope=f"{self.name}-{name[-12:]}") for name, each in given.items()}

    def _is(self, status: str) -> None:
        self._cloudformation.set_stack_status(self._stack, status)

    def _resource(self, logical_id: str) -> Resource:
        return self._cloudformation.resource(self._stack, logical_id)

    def _create(self) -> None:
        self._number += 1
        stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.name}/0f0e0d{self._number}"
        self._stack = self._cloudformation.stack(stack_id)
        self._left = None
        self._is("CREATE_IN_PROGRESS")
        template = self._template()
        asked = [self._ask("Create", "CREATE", name, properties) for name, properties in template.items()]
        cancelled = self._wait(asked, cancels=True)
        for request in asked:
            self._live[request.logical_id] = self._made(request)
        if self._succeeded(asked):
            self._is("CREATE_COMPLETE")
            return
        if self._operation.disable_rollback and not cancelled:
            self._is("CREATE_FAILED")
            self._left = _BeforeUpdate({}, (), tuple(template), template)
            return
        self._clock.sleep(self._rng.random() * _UNTIL_ROLLBACK)
        # A stack can be deleted while it is created.
        self._delete("DELETE" if cancelled and self._rng.random() < 0.5 else "ROLLBACK")

    def _update(self) -> None:
        template = self._template()
        before = dict(self._live)
        paused = self._left is not None
        self._is("UPDATE_IN_PROGRESS")
        asked = []
        for name, properties in template.items():
            old = before.get(name)
            if old is None or old.failed == "Create":
                asked.append(self._ask("Create", "CREATE", name, properties))
            elif old.failed or old.properties != properties or name == self._operation.logical_id:
                asked.append(self._ask("Update", "UPDATE", name, properties, live=old))
        cancelled = self._wait(asked, cancels=not paused)
        for request in asked:
            name = request.logical_id
            if request.kind == "Create" or request.succeeded:
                self._live[name] = self._made(request)
            else:
                self._live[name] = replace(before[name], failed="Update", tried=template[name])
        kinds = {kind: tuple(each.logical_id for each in asked if each.kind == kind) for kind in ("Update", "Create")}
        left = _BeforeUpdate(before, kinds["Update"], kinds["Create"], template)
        if self._succeeded(asked):
            self._left = None
            self._is("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(before, gone=[name for name in before if name not in template])
            self._is("UPDATE_COMPLETE")
        elif (self._operation.disable_rollback or paused) and not cancelled:
            self._left = left if self._left is None else self._left.and_then(left)
            self._is("UPDATE_FAILED")
        else:
            self._clock.sleep(self._rng.random() * _UNTIL_ROLLBACK)
            self._roll_back(left)

    def _roll_back(self, before: _BeforeUpdate) -> None:
        """Roll an update back: the resources that it changed get another Update, those it created a Delete."""
        self._left = None
        if not before.live:
            self._delete("ROLLBACK")
            return
        self._is("UPDATE_ROLLBACK_IN_PROGRESS")
        asked = []
        for name in before.updated:
            if name in self._live:
                live, old = replace(self._live[name], properties=before.template[name]), before.live[name]
                asked.append(self._ask("Update", "UPDATE", name, old.properties, live=live, is_rollback=True))
        self._wait(asked, cancels=False)
        failed = [each for each in asked if not each.succeeded]
        present = dict(self._live)
        for request in asked:
            name = request.logical_id
            self._live[name] = self._made(request) if request.succeeded else before.live[name]
            present[name] = replace(present[name], properties=before.template[name])
        if failed:
            self._history.failed_rollbacks += 1
            # Somebody continues the rollback without what failed.
            self._is("UPDATE_ROLLBACK_FAILED")
            self._clock.sleep(self._rng.random() * 600)
            self._is("UPDATE_ROLLBACK_IN_PROGRESS")
        self._is("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        created = [name for name in before.created if name in self._live]
        self._clean_up({name: each for name, each in present.items() if name in self._live}, gone=created)
        self._is("UPDATE_ROLLBACK_COMPLETE")

    def _clean_up(self, before: dict[str, _LiveResource], *, gone: list[str]) -> None:
        """Delete what was replaced, and what is no longer in the stack, with its old properties."""
        asked = []
        for name, old in before.items():
            if name in gone:
                # It may have another id by now.
                live = self._live.pop(name)
                asked.append(self._ask("Delete", "DELETE", name, live.properties, live=live))
            elif old.physical_id != self._live[name].physical_id:
                asked.append(self._ask("Delete", "", name, old.properties, live=old))
        self._wait(asked, cancels=False)

    def _delete(self, why: str) -> None:
        self._is(f"{why}_IN_PROGRESS")
        left = dict(self._live)
        for last in (False, True):
            asked = []
            for name, live in left.items():
                properties = live.properties
                if live.tried is not None and self._rng.random() < 0.5:
                    properties = live.tried
                asked.append(self._ask("Delete", "DELETE", name, properties, live=live))
            self._wait(asked, cancels=False)
            failed = [each for each in asked if not each.succeeded]
            left = {each.logical_id: left[each.logical_id] for each in failed}
            if not left:
                break
            self._is(f"{why}_FAILED")
            if last:
                for request in failed:
                    self._cloudformation.skip(self._resource(request.logical_id), request)
            else:
                # Somebody deletes the stack again, the last time without this resource.
                self._clock.sleep(self._rng.random() * 300)
                why = "DELETE"
                self._is("DELETE_IN_PROGRESS")
        self._is(f"{why}_COMPLETE")
        self._live, self._left = {}, None

    def _succeeded(self, asked: list[Request]) -> bool:
        """Return whether an operation succeeds: no other resource fails either."""
        if not all(each.succeeded for each in asked):
            return False
        if self._operation.other_failure_after is None:
            return True
        self._clock.sleep(self._operation.other_failure_after)
        return False

    def _made(self, request: Request) -> _LiveResource:
        if request.ended == ANSWERED and request.response:
            physical_id, id_generated = str(request.response["PhysicalResourceId"]), False
        else:
            # Without a response there is no id: CloudFormation generates one.
            physical_id, id_generated = self._generate_id(request.logical_id), True
        failed = "" if request.succeeded else request.kind
        return _LiveResource(
            properties=request.properties, physical_id=physical_id, failed=failed, id_generated=id_generated
        )

    def _wait(self, asked: list[Request], *, cancels: bool) -> bool:
        """Wait for requests; return whether somebody cancelled them."""
        operation = self._operation
        cancel_at = None
        if cancels and operation.cancel_after is not None:
            cancel_at = min(each.sent_at for each in asked) + operation.cancel_after
        together = cancels and not operation.disable_rollback
        return self._cloudformation.wait(asked, cancel_at=cancel_at, together=together)

    def _ask(
        self,
        kind: str,
        shows: str,
        logical_id: str,
        properties: Properties,
        *,
        live: _LiveResource | None = None,
        is_rollback: bool = False,
    ) -> Request:
        """Send a request; the resource's status shows it, unless it is about a replaced one."""
        after = self._rng.random() * _UNTIL_REQUEST
        request = self._cloudformation.issue(
            kind,
            self._resource(logical_id),
            properties,
            physical_id="" if live is None else live.physical_id,
            url=self._operation.url,
            shows=shows,
            old=live.properties if live is not None and kind == "Update" else None,
            is_rollback=is_rollback,
            id_generated=live is not None and live.id_generated,
            after=after,
        )
        plan = self._fault_plans.pop(0) if self._fault_plans else FaultPlan()
        self._lambda.fault_plans[request] = plan
        self._fault_injector.add(plan.fault_windows)
        for stall in plan.delivery_stalls:
            self._lambda.stall_deliveries(begins=stall.begins, lasts=stall.lasts)
        for action in plan.external_actions:
            self._clock.later(after + action.after, partial(self._act_externally, action))
        self._clock.later(after, lambda: self._lambda.queue(request, self._cloudformation.event(request), None))
        return request

    def _generate_id(self, logical_id: str) -> str:
        letters = "".join(self._rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=13))
        return f"{self.name}-{logical_id}-{letters}"
