"""Between the function and the services: latency, lost answers, hanging connections, and the points to die at."""

from collections.abc import Callable
from random import Random
from typing import Protocol

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from simulation.history import Call, History, Invocation
from simulation.models.faults import Weather
from simulation.runtime.botocore_clients import Answer
from simulation.runtime.event_loop import Scheduler
from simulation.scenario import Spell
from support.world import ACCOUNT

LOST = ("drop", "hang", "garbled")
"""Kinds of spells after which nothing usable comes back, whether or not the call took effect."""

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 10.0

_PAGE = b"<!DOCTYPE html><html><body><h1>It works not</h1></body></html>"

_SLOW = 0.02
"""The share of calls that take long, though they succeed."""


class Lost(Exception):
    """No answer came back; the kind is "drop", "hang" or "connect"."""

    def __init__(self, kind: str) -> None:
        """Keep the kind."""
        super().__init__(kind)
        self.kind = kind


class Caller(Protocol):
    """Tells who calls, and ends it there where that was planned."""

    def running(self) -> Invocation:
        """Return the invocation that runs."""

    def point(self, label: str) -> None:
        """Raise Killed where the running invocation is to die at this label."""


class Network:
    """Carries each call: gives way before and after its effect, so that others and kills strike in between.

    Args:
        scheduler: The time.
        chance: Decides latencies.
        weather: Decides which calls fail.
        history: Where failures are counted.
        latency: The usual upper limit in seconds.
    """

    def __init__(
        self, scheduler: Scheduler, chance: Random, weather: Weather, history: History, *, latency: float
    ) -> None:
        """Keep the parts."""
        self._scheduler = scheduler
        self._chance = chance
        self._weather = weather
        self._history = history
        self._latency = latency
        self.caller: Caller | None = None

    def carry(self, service: str, operation: str, effect: Callable[[Spell | None], Answer]) -> Answer:
        """Carry one call.

        Args:
            service: Such as "appstream".
            operation: Such as "StartImageBuilder".
            effect: Makes the answer, given what strikes the call; called at most once.

        Raises:
            Lost: No answer came back.
        """
        assert self.caller is not None
        who = self.caller.running()
        call = Call(at=self._scheduler.now, invocation=who, service=service, operation=operation)
        self._history.calls.append(call)
        spell = self._weather.strike(service, operation)
        if spell is not None:
            call.struck, call.code = spell.kind, spell.code
        if spell is not None:
            kind = f"{spell.kind} {spell.code}".strip() + (" after effect" if spell.after_effect else "")
            self._history.faults[f"{service}: {kind}"] = self._history.faults.get(f"{service}: {kind}", 0) + 1
        self._take_time()
        if spell is not None and spell.kind == "connect":
            self._scheduler.sleep(CONNECT_TIMEOUT)
            raise Lost("connect")
        self.caller.point(f"before {operation}")
        lost = spell is not None and spell.kind in LOST
        answer = Answer(200, b"") if lost and spell and not _takes_effect(spell, operation) else effect(spell)
        if lost and spell and spell.kind == "hang":
            self._scheduler.sleep(READ_TIMEOUT)
        else:
            self._take_time()
        self.caller.point(f"after {operation}")
        if spell is not None and spell.kind == "garbled":
            return garbled(answer, spell.code)
        if lost and spell:
            raise Lost(spell.kind)
        return answer

    def _take_time(self) -> None:
        slow = self._chance.random() < _SLOW
        self._scheduler.sleep(self._chance.random() * (4.0 if slow else self._latency))


def _takes_effect(spell: Spell, operation: str) -> bool:
    # Nothing at all is how a deletion is answered, so that nobody could tell.
    return spell.after_effect or (operation == "DeleteSchedule" and spell.code == "empty")


def garbled(answer: Answer, code: str) -> Answer:
    """Return an answer in no format: "html" and "empty" with an HTTP status where it is not 200, "cut" or "null"."""
    what, _, status = code.partition(" ")
    if what == "html":
        return Answer(int(status or 200), _PAGE, {"Content-Type": "text/html"})
    if what == "empty":
        return Answer(int(status or 200), b"", {"Content-Length": "0"})
    body = b"null" if what == "null" else answer.body[: len(answer.body) // 2] or b'{"'
    return Answer(200, body, {"Content-Type": answer.headers.get("Content-Type", "application/json")})


class Aws:
    """The services behind botocore's clients."""

    def __init__(self, network: Network, models: dict[str, "Model"]) -> None:
        """Keep the models by service."""
        self._network = network
        self._models = models

    def serve(self, service: str, request: AWSPreparedRequest) -> Answer:
        """Answer a request of botocore's."""
        model = self._models[service]
        operation = model.operation(request)
        url = str(request.url)
        try:
            return self._network.carry(service, operation, lambda spell: model.answer(operation, request, spell))
        except Lost as lost:
            if lost.kind == "connect":
                raise ConnectTimeoutError(endpoint_url=url) from None
            if lost.kind == "hang":
                raise ReadTimeoutError(endpoint_url=url) from None
            raise ConnectionClosedError(endpoint_url=url) from None


class Model(Protocol):
    """One service."""

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation a request is for."""

    def answer(self, operation: str, request: AWSPreparedRequest, spell: Spell | None, /) -> Answer:
        """Let the request take effect, unless a spell prevents that, and return the answer."""


FUNCTION_PRINCIPAL = f"arn:aws:sts::{ACCOUNT}:assumed-role/provider/provider"
