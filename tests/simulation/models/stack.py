"""What CloudFormation does with a stack, operation after operation: the steps of a scenario as a task."""

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

_A_MOMENT = 2.0
"""Seconds at most between what ends and what follows from it."""

_BEFORE = 2.0
"""Seconds at most from a resource's status to the request that it is about."""


@dataclass(frozen=True, kw_only=True)
class _LiveResource:
    """A resource as its stack knows it; ``failed`` is the request that left it so, where nothing was rolled back."""

    properties: Properties
    physical_id: str
    failed: str = ""
    tried: Properties | None = None
    id_generated: bool = False


@dataclass(frozen=True)
class _BeforeUpdate:
    """What a stack was before an update: its resources, and which of them the update was sent for."""

    live: dict[str, _LiveResource]
    updated: tuple[str, ...]
    created: tuple[str, ...]
    template: dict[str, Properties]

    def and_then(self, later: "_BeforeUpdate") -> "_BeforeUpdate":
        """Return what there was before the first of two updates that both were left as they failed."""
        known = [name for name in later.updated if name in self.live]
        return _BeforeUpdate(
            self.live,
            tuple(dict.fromkeys((*self.updated, *known))),
            tuple(dict.fromkeys((*self.created, *later.created))),
            {**self.template, **later.template},
        )


class StackDriver:
    """Runs the steps of one stack; one that is gone is followed by a new one of its name at the next Create.

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
        """Begin without a stack."""
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
        self._troubles: list[FaultPlan] = []
        self._operation = StackOperation(kind="")

    def run(self) -> None:
        """Run all steps; those that the stack's state does not allow are left out."""
        for operation in self._operations:
            self._clock.sleep(operation.pause)
            self._operation, self._troubles = operation, list(operation.fault_plans)
            if operation.kind == "create" and not self._live:
                self._create()
            elif operation.kind == "update" and self._live:
                self._update()
            elif operation.kind == "delete" and self._live:
                self._delete("DELETE")
            elif operation.kind == "rollback" and self._left is not None:
                self._roll_back(self._left)
        self._history.remaining.extend(
            RemainingResource(
                stack_id=self._stack.stack_id,
                logical_id=logical_id,
                physical_id=live.physical_id,
                properties=live.properties,
            )
            for logical_id, live in self._live.items()
        )

    def _template(self) -> dict[str, Properties]:
        operation = self._operation
        assert operation.properties is not None
        given = {operation.logical_id: operation.properties, **dict(operation.other_resources)}
        return {name: replace(each, scope=f"{self.name}-{name[-12:]}") for name, each in given.items()}

    def _is(self, status: str) -> None:
        self._cloudformation.stack_is(self._stack, status)

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
        if self._went_well(asked):
            self._is("CREATE_COMPLETE")
            return
        if self._operation.disable_rollback and not cancelled:
            self._is("CREATE_FAILED")
            self._left = _BeforeUpdate({}, (), tuple(template), template)
            return
        self._clock.sleep(self._rng.random() * _A_MOMENT)
        # A stack whose creation goes on can also be deleted.
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
        if self._went_well(asked):
            self._left = None
            self._is("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(before, gone=[name for name in before if name not in template])
            self._is("UPDATE_COMPLETE")
        elif (self._operation.disable_rollback or paused) and not cancelled:
            self._left = left if self._left is None else self._left.and_then(left)
            self._is("UPDATE_FAILED")
        else:
            self._clock.sleep(self._rng.random() * _A_MOMENT)
            self._roll_back(left)

    def _roll_back(self, before: _BeforeUpdate) -> None:
        """Take an update back: the resources it was sent for get another Update, those it made get a Delete."""
        self._left = None
        if not before.live:
            self._delete("ROLLBACK")
            return
        self._is("UPDATE_ROLLBACK_IN_PROGRESS")
        asked = []
        for name in before.updated:
            if name in self._live:
                live = replace(self._live[name], properties=before.template[name])
                asked.append(
                    self._ask("Update", "UPDATE", name, before.live[name].properties, live=live, is_rollback=True)
                )
        self._wait(asked, cancels=False)
        failed = [each for each in asked if not each.succeeded]
        now_there = dict(self._live)
        for request in asked:
            old = before.live[request.logical_id]
            self._live[request.logical_id] = self._made(request) if request.succeeded else old
            now_there[request.logical_id] = replace(
                now_there[request.logical_id], properties=before.template[request.logical_id]
            )
        if failed:
            self._history.failed_rollbacks += 1
            # Somebody goes on without what failed.
            self._is("UPDATE_ROLLBACK_FAILED")
            self._clock.sleep(self._rng.random() * 600)
            self._is("UPDATE_ROLLBACK_IN_PROGRESS")
        self._is("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        created = [name for name in before.created if name in self._live]
        self._clean_up({name: each for name, each in now_there.items() if name in self._live}, gone=created)
        self._is("UPDATE_ROLLBACK_COMPLETE")

    def _clean_up(self, before: dict[str, _LiveResource], *, gone: list[str]) -> None:
        """Delete what was replaced, and what is in the stack no more, with the properties it had."""
        asked = []
        for name, old in before.items():
            if name in gone:
                # By now it may have another id.
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
                    self._cloudformation.skipped(self._resource(request.logical_id), request)
            else:
                # Somebody deletes the stack again, at last without this resource.
                self._clock.sleep(self._rng.random() * 300)
                why = "DELETE"
                self._is("DELETE_IN_PROGRESS")
        self._is(f"{why}_COMPLETE")
        self._live, self._left = {}, None

    def _went_well(self, asked: list[Request]) -> bool:
        """Return whether an operation has come to a good end: nothing else fails either."""
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
            # A Create that never answered has left no id: CloudFormation makes one up.
            physical_id, id_generated = self._generate_id(request.logical_id), True
        failed = "" if request.succeeded else request.kind
        return _LiveResource(
            properties=request.properties, physical_id=physical_id, failed=failed, id_generated=id_generated
        )

    def _wait(self, asked: list[Request], *, cancels: bool) -> bool:
        """Wait for requests; return whether they were cancelled by somebody."""
        operation = self._operation
        cancel_at = None
        if cancels and operation.cancel_after is not None:
            cancel_at = min(each.sent_at for each in asked) + operation.cancel_after
        return self._cloudformation.wait(
            asked, cancel_at=cancel_at, together=cancels and not operation.disable_rollback
        )

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
        """Send a request; the resource shows it, unless it is about a replaced one."""
        after = self._rng.random() * _BEFORE
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
        fault_plans = self._troubles.pop(0) if self._troubles else FaultPlan()
        self._lambda.fault_plans[request] = fault_plans
        self._fault_injector.set(fault_plans.fault_windows)
        for each in fault_plans.delivery_stalls:
            self._lambda.stall_deliveries(begins=each.begins, lasts=each.lasts)
        for act in fault_plans.external_actions:
            self._clock.later(after + act.after, partial(self._act_externally, act))
        self._clock.later(after, lambda: self._lambda.queue(request, self._cloudformation.event(request), None))
        return request

    def _generate_id(self, logical_id: str) -> str:
        letters = "".join(self._rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=13))
        return f"{self.name}-{logical_id}-{letters}"
