"""What CloudFormation does with the resource, operation after operation: the steps of a scenario as a task."""

from collections.abc import Callable
from functools import partial
from random import Random

from simulation.cloudformation_model import CloudFormationModel, Resource
from simulation.history import ANSWERED, CANCELLED, Request
from simulation.lambda_model import LambdaModel
from simulation.scenario import PersonAct, Properties, Step, Troubles
from simulation.scheduler import Scheduler
from simulation.weather import Weather
from support.world import ACCOUNT, REGION

LOGICAL_ID = "ImageBuilderAD143916"

_A_MOMENT = 2.0
"""Seconds between one request's end and the next request that follows from it."""


class Stacks:
    """Runs the steps of a scenario; a stack that is gone is followed by a new one at the next Create."""

    def __init__(
        self,
        steps: tuple[Step, ...],
        *,
        scheduler: Scheduler,
        cloudformation: CloudFormationModel,
        lambda_: LambdaModel,
        weather: Weather,
        chance: Random,
        person: Callable[[PersonAct], None],
    ) -> None:
        """Begin without a stack."""
        self._steps = steps
        self._scheduler = scheduler
        self._cloudformation = cloudformation
        self._lambda = lambda_
        self._weather = weather
        self._chance = chance
        self._person = person
        self._number = 0
        self._resource = Resource("", "")
        self._properties: Properties | None = None
        self._physical_id = ""
        self._troubles: list[Troubles] = []

    def run(self) -> None:
        """Run all steps; those that the stack's state does not allow are left out."""
        for step in self._steps:
            self._scheduler.sleep(step.pause)
            self._troubles = list(step.troubles)
            if step.kind == "create" and self._properties is None:
                self._create(step)
            elif step.kind == "update" and self._properties is not None:
                self._update(step, self._properties)
            elif step.kind == "delete" and self._properties is not None:
                self._delete(step, self._properties, self._physical_id)

    def _create(self, step: Step) -> None:
        assert step.properties is not None
        self._number += 1
        stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/stack-{self._number}/0f0e0d"
        self._resource = self._cloudformation.resource(stack_id, LOGICAL_ID)
        request = self._ask("Create", "CREATE", step, step.properties, cancel_after=step.cancel_after)
        answered = request.ended == ANSWERED and bool(request.answer)
        # A Create that never answered has left no id: CloudFormation makes one up.
        physical_id = str(request.answer["PhysicalResourceId"]) if answered else self._made_up()
        if _succeeded(request):
            self._properties, self._physical_id = step.properties, physical_id
            if step.fails_elsewhere_after is None:
                return
            self._scheduler.sleep(step.fails_elsewhere_after)
        if request.ended != CANCELLED:
            self._scheduler.sleep(_A_MOMENT)
        self._delete(step, step.properties, physical_id)

    def _update(self, step: Step, old: Properties) -> None:
        assert step.properties is not None
        before = self._physical_id
        request = self._ask("Update", "UPDATE", step, step.properties, old=old, cancel_after=step.cancel_after)
        if _succeeded(request):
            self._properties, self._physical_id = step.properties, str(request.answer["PhysicalResourceId"])
            if step.fails_elsewhere_after is None:
                self._clean_up(step, old, before)
                return
            self._scheduler.sleep(step.fails_elsewhere_after)
        if request.ended != CANCELLED:
            self._scheduler.sleep(_A_MOMENT)
        back_from, at = step.properties, self._physical_id
        back = self._ask("Update", "UPDATE", step, old, old=back_from)
        self._properties = old
        if _succeeded(back):
            self._physical_id = str(back.answer["PhysicalResourceId"])
            self._clean_up(step, back_from, at)

    def _clean_up(self, step: Step, properties: Properties, physical_id: str) -> None:
        """Delete what an update has replaced, with the properties it had."""
        if physical_id != self._physical_id:
            self._scheduler.sleep(_A_MOMENT)
            self._ask("Delete", "", step, properties, physical_id=physical_id)

    def _delete(self, step: Step, properties: Properties, physical_id: str) -> None:
        request = self._ask("Delete", "DELETE", step, properties, physical_id=physical_id)
        if not _succeeded(request):
            # Somebody deletes the stack again, at last without this resource.
            self._scheduler.sleep(self._chance.random() * 300)
            again = self._ask("Delete", "DELETE", step, properties, physical_id=physical_id)
            if not _succeeded(again):
                self._resource.statuses.append((self._scheduler.now, "DELETE_SKIPPED"))
        self._properties, self._physical_id = None, ""

    def _ask(
        self,
        kind: str,
        status: str,
        step: Step,
        properties: Properties,
        *,
        old: Properties | None = None,
        physical_id: str = "",
        cancel_after: float | None = None,
    ) -> Request:
        """Send a request and wait for its end; the resource shows it, unless it is about a replaced one."""
        if status:
            self._resource.statuses.append((self._scheduler.now, f"{status}_IN_PROGRESS"))
        given = self._physical_id if kind == "Update" else physical_id
        request = self._cloudformation.issue(kind, self._resource, properties, physical_id=given, dated=step.dated)
        troubles = self._troubles.pop(0) if self._troubles else Troubles()
        self._lambda.troubles[request] = troubles
        self._weather.set(troubles.spells)
        for act in troubles.people:
            self._scheduler.after(act.after, partial(self._person, act))
        self._lambda.queue(request, self._cloudformation.event(request, old), None)
        self._cloudformation.wait(request, cancel_after=cancel_after)
        if status:
            ending = "COMPLETE" if _succeeded(request) else "FAILED"
            self._resource.statuses.append((self._scheduler.now, f"{status}_{ending}"))
        return request

    def _made_up(self) -> str:
        letters = "".join(self._chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=13))
        return f"stack-{self._number}-{LOGICAL_ID}-{letters}"


def _succeeded(request: Request) -> bool:
    return request.ended == ANSWERED and request.answer.get("Status") == "SUCCESS"
