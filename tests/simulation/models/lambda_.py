"""Lambda: the queue of asynchronous invocations, retries, duplicate deliveries, timeouts and kills."""

import json
from collections.abc import Callable
from random import Random

from botocore.awsrequest import AWSPreparedRequest

from simulation.history import Event, History, Invocation, LoggedWarning, Request
from simulation.models.faults import json_error
from simulation.runtime.botocore_clients import HttpResponse, body_of
from simulation.runtime.execution_environment import ExecutionEnvironment, LambdaContext
from simulation.scenario import FaultPlan, FaultWindow, Kill, Scenario
from support.virtual_time import Killed, Task, VirtualClock

RETRY_PAUSES = (60.0, 120.0)
"""Seconds until Lambda retries an event whose invocation failed; after the last retry it discards the event."""

_WARM_SHARE = 0.8
_REFUSALS = {
    "throttle": (429, "TooManyRequestsException"),
    "server_error": (500, "ServiceException"),
    "access_denied": (403, "AccessDeniedException"),
    "error": (400, "SomethingNewException"),
}
_WARNS = ("WARNING ", "ERROR ", "CRITICAL ")


class LambdaModel:
    """Runs the function.

    Attributes:
        make_environment: Makes an execution environment, given what takes its log lines.
        fault_plans: Of each request.
    """

    make_environment: Callable[[Callable[[str], None]], ExecutionEnvironment]

    def __init__(self, scenario: Scenario, clock: VirtualClock, history: History, rng: Random) -> None:
        self._scenario = scenario
        self._clock = clock
        self._history = history
        self._rng = rng
        self._environments: list[ExecutionEnvironment] = []
        self._running: dict[Task, Invocation] = {}
        self.fault_plans: dict[Request, FaultPlan] = {}
        self._delivery_stalls: list[tuple[float, float]] = []

    def stall_deliveries(self, *, begins: float, lasts: float) -> None:
        """Deliver nothing for a time that begins in some seconds."""
        self._delivery_stalls.append((self._clock.now + begins, self._clock.now + begins + lasts))

    def queue(self, request: Request, payload: str, parent: Invocation | None) -> None:
        """Queue an event, to be delivered at least once."""
        events = self._history.events
        number = len([each for each in events if each.request is request])
        event = Event(number=number, request=request, payload=payload, queued_at=self._clock.now, parent=parent)
        events.append(event)
        self._deliver(event, copy=0, attempt=1, after=0.0)
        for duplicate in self.fault_plans[request].duplicates:
            if duplicate.event == number:
                event.copies += 1
                self._deliver(event, copy=event.copies, attempt=1, after=duplicate.after)

    def running(self) -> Invocation:
        """Return the invocation that runs."""
        assert self._clock.current is not None
        return self._running[self._clock.current]

    def reach(self, point: str) -> None:
        """Raise Killed where the running invocation is to be killed at this point."""
        invocation = self.running()
        if any(kill.at == point for kill in self._kills(invocation)):
            invocation.killed_by = point
            raise Killed

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation; the function calls only one."""
        assert request.headers["X-Amz-Invocation-Type"] in ("Event", b"Event")
        return "Invoke"

    def respond(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Queue a self-invocation, unless a fault prevents that."""
        if fault is None or fault.after_effect:
            invocation = self.running()
            self.queue(invocation.request, body_of(request).decode(), invocation)
        if fault is not None and fault.kind in _REFUSALS:
            return json_error(*_REFUSALS[fault.kind])
        return HttpResponse(202, b"", {"Content-Length": "0"})

    def _deliver(self, event: Event, *, copy: int, attempt: int, after: float) -> None:
        event.undelivered += 1
        delay = self._rng.random() * self._scenario.queue_delay
        if self._scenario.long_queue_delay and self._rng.random() < 0.2:
            delay = self._rng.random() * self._scenario.long_queue_delay
        self._clock.later(after + delay, lambda: self._deliverable(event, copy, attempt))

    def _deliverable(self, event: Event, copy: int, attempt: int) -> None:
        now = self._clock.now
        until = max((end for begin, end in self._delivery_stalls if begin <= now < end), default=now)
        if until > now:
            self._clock.at(until + self._rng.random(), lambda: self._deliverable(event, copy, attempt))
        else:
            self._begin(event, copy, attempt)

    def _begin(self, event: Event, copy: int, attempt: int) -> None:
        event.undelivered -= 1
        now = self._clock.now
        invocation = Invocation(
            number=len(self._history.invocations),
            ordinal=len(self._history.invocations_of(event.request)),
            request=event.request,
            event=event,
            attempt=attempt,
            copy=copy,
            began_at=now,
        )
        self._history.invocations.append(invocation)
        self._note(invocation, f"begins: {event.request.kind} {event.request.number}, attempt {attempt}, copy {copy}")
        environment = self._environment()
        ends_at = now + self._scenario.function_timeout
        context = LambdaContext(self._clock, number=invocation.number, ends_at=ends_at)
        task = self._clock.spawn(
            f"invocation {invocation.number}",
            lambda: environment.function(json.loads(event.payload), context),
            on_resume=environment.enter,
            on_end=lambda error: self._ended(task, environment, error),
        )
        self._running[task] = invocation
        self._end_at(task, ends_at, "its time was up")
        for kill in self._kills(invocation):
            if not kill.at:
                self._end_at(task, now + kill.seconds, "out of memory")

    def _end_at(self, task: Task, moment: float, why: str) -> None:
        def end() -> None:
            if not task.ended:
                self._running[task].killed_by = why
                self._clock.kill(task)

        self._clock.at(moment, end)

    def _environment(self) -> ExecutionEnvironment:
        idle = [each for each in self._environments if not each.busy]
        if idle and self._rng.random() < _WARM_SHARE:
            environment = self._rng.choice(idle)
        else:
            environment = self.make_environment(self._take_line)
            self._environments.append(environment)
        environment.busy = True
        return environment

    def _ended(self, task: Task, environment: ExecutionEnvironment, error: BaseException | None) -> None:
        invocation = self._running.pop(task)
        invocation.ended_at = self._clock.now
        invocation.ended = "returned" if error is None else "killed" if isinstance(error, Killed) else "raised"
        invocation.error = "" if error is None else f"{type(error).__name__}: {error}"
        self._note(invocation, f"{invocation.ended} {invocation.killed_by or invocation.error}")
        environment.busy = False
        if invocation.ended == "killed":
            # The process is gone, and its memory with it.
            self._environments.remove(environment)
        if error is None:
            return
        if invocation.attempt > len(RETRY_PAUSES):
            invocation.event.discarded = True
            return
        pause = RETRY_PAUSES[invocation.attempt - 1]
        self._deliver(invocation.event, copy=invocation.copy, attempt=invocation.attempt + 1, after=pause)

    def _kills(self, invocation: Invocation) -> list[Kill]:
        return [kill for kill in self.fault_plans[invocation.request].kills if kill.invocation == invocation.ordinal]

    def _take_line(self, line: str) -> None:
        self._history.log_lines += 1
        self._note(self.running(), f"log: {line}")
        if line.startswith(_WARNS):
            warning = LoggedWarning(at=self._clock.now, invocation=self.running(), line=line)
            self._history.warnings.append(warning)
        # The signature of any request's URL.
        if any(request.url in line or request.url.partition("?")[2] in line for request in self._history.requests):
            self._history.leaks.append(line)

    def _note(self, invocation: Invocation, what: str) -> None:
        self._history.note(self._clock.now, f"invocation {invocation.number} {what}")
