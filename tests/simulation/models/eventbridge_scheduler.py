"""EventBridge Scheduler: one-time stops that fire at least once, are retried, and delete themselves."""

import json
from datetime import datetime, timezone
from random import Random
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from simulation.history import History, ScheduleChange
from simulation.models.appstream import AppStreamModel
from simulation.models.faults import json_error
from simulation.models.network import Caller
from simulation.runtime.botocore_clients import HttpResponse, body_of
from simulation.scenario import FaultWindow
from support.virtual_time import VirtualClock

_OPERATIONS = {"GET": "GetSchedule", "POST": "CreateSchedule", "PUT": "UpdateSchedule", "DELETE": "DeleteSchedule"}
_REFUSALS = {
    "throttle": (429, "ThrottlingException"),
    "server_error": (500, "InternalServerException"),
    "access_denied": (403, "AccessDeniedException"),
    "error": (400, "SomethingNewException"),
}
_TWICE_SHARE = 0.2
"""The share of schedules that stop twice: AWS promises at least once."""


class SchedulerModel:
    """The schedules of a run.

    What AWS does not document is as bad as it can be: retries continue after the schedule is moved or deleted, their
    time counts from the first try, which comes up to a minute late, or five, and the last one comes when it ends.

    Args:
        late: Seconds by which a stop is late at most.
    """

    caller: Caller

    def __init__(
        self,
        clock: VirtualClock,
        history: History,
        rng: Random,
        appstream: AppStreamModel,
        *,
        clock_offset: float,
        late: float,
    ) -> None:
        self._clock_offset = clock_offset
        self._late = late
        self._clock = clock
        self._history = history
        self._rng = rng
        self._appstream = appstream
        self._schedules: dict[str, dict[str, Any]] = {}

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation."""
        return _OPERATIONS[str(request.method)]

    def respond(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Let a request take effect, unless a fault prevents that."""
        name = str(request.url).partition("?")[0].rpartition("/")[2]
        body = json.loads(body_of(request) or b"{}")
        if fault is None or fault.kind not in _REFUSALS:
            return self._execute(operation, name, body)
        if fault.after_effect:
            self._execute(operation, name, body)
        status, code = _REFUSALS[fault.kind]
        return json_error(status, (fault.code if fault.kind == "error" else "") or code)

    def _execute(self, operation: str, name: str, body: dict[str, Any]) -> HttpResponse:
        present = self._schedules.get(name)
        if operation == "CreateSchedule" and present is not None:
            return json_error(409, "ConflictException")
        if operation != "CreateSchedule" and present is None:
            return json_error(404, "ResourceNotFoundException")
        if operation == "GetSchedule":
            return _ok({"Name": name, **(present or {})})
        if operation == "DeleteSchedule":
            del self._schedules[name]
            self._changed("deleted", name, None, "")
            return _ok({})
        self._schedules[name] = body
        at = datetime.fromisoformat(body["ScheduleExpression"][3:-1]).replace(tzinfo=timezone.utc).timestamp()
        builder = str(json.loads(body["Target"]["Input"])["Name"])
        self._changed("set", name, at, builder)
        late = self._rng.random() * self._late
        twice = self._rng.random() < _TWICE_SHARE
        self._clock.at(at - self._clock_offset, lambda: self._fire(name, body, at, builder, late, twice=twice))
        return _ok({"ScheduleArn": f"arn:aws:scheduler:eu-central-1:123456789012:schedule/default/{name}"})

    def _fire(self, name: str, body: dict[str, Any], due: float, builder: str, late: float, *, twice: bool) -> None:
        if self._schedules.get(name) is not body:
            return
        ends = self._clock.now + late + body["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"]
        self._clock.later(late, lambda: self._stop(name, body, due, builder, pause=5.0, ends=ends))
        if twice:
            self._clock.later(late + 2.0, lambda: self._stop_again(builder, name))

    def _stop_again(self, builder: str, name: str) -> None:
        self._appstream.stopped_by_schedule(builder, name)

    def _stop(self, name: str, body: dict[str, Any], due: float, builder: str, *, pause: float, ends: float) -> None:
        actual_state = self._appstream.state(builder)
        done = self._appstream.stopped_by_schedule(builder, name)
        change = ScheduleChange(
            at=self._clock.now,
            action="fired" if done else "refused",
            name=name,
            due=due,
            builder=builder,
            actual_state=actual_state,
        )
        self._history.schedule_changes.append(change)
        if not done and self._clock.now < ends:
            again, last = min(self._clock.now + pause, ends), min(pause * 2, 60.0)
            self._clock.at(again, lambda: self._stop(name, body, due, builder, pause=last, ends=ends))
        elif self._schedules.get(name) is body:
            del self._schedules[name]

    def _changed(self, what: str, name: str, due: float | None, builder: str) -> None:
        who = self.caller.running()
        now = self._clock.now
        self._history.notes.append((now, f"schedule {name} {what} {due or ''} by invocation {who.number}"))
        change = ScheduleChange(at=now, action=what, name=name, due=due, builder=builder, invocation=who)
        self._history.schedule_changes.append(change)


def _ok(response: dict[str, Any]) -> HttpResponse:
    return HttpResponse(200, json.dumps(response).encode(), {"Content-Type": "application/json"})
