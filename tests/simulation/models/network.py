"""Between the function and the services: latency, lost answers, hanging connections, and the points to die at."""

from collections.abc import Callable
from random import Random
from typing import Protocol

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from simulation.history import Call, History, Invocation
from simulation.models.faults import FaultInjector
from simulation.runtime.botocore_clients import HttpResponse
from simulation.scenario import FaultWindow
from support.fake_appstream import ACCOUNT
from support.virtual_time import VirtualClock

LOST = ("drop", "hang", "garbled")
"""Kinds of spells after which nothing usable comes back, whether or not the call took effect."""

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 10.0

_PAGE = b"<!DOCTYPE html><html><body><h1>It works not</h1></body></html>"

_SLOW = 0.02
"""The share of calls that take long, though they succeed."""


class NoResponse(Exception):
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
        rng: Decides latencies.
        weather: Decides which calls fail.
        history: Where failures are counted.
        latency: The usual upper limit in seconds.
    """

    def __init__(
        self, clock: VirtualClock, rng: Random, fault_injector: FaultInjector, history: History, *, latency: float
    ) -> None:
        """Keep the parts."""
        self._clock = clock
        self._rng = rng
        self._fault_injector = fault_injector
        self._history = history
        self._latency = latency
        self.caller: Caller | None = None

    def call(self, service: str, operation: str, effect: Callable[[FaultWindow | None], HttpResponse]) -> HttpResponse:
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
        call = Call(at=self._clock.now, invocation=who, service=service, operation=operation)
        self._history.calls.append(call)
        fault = self._fault_injector.fault_for(service, operation)
        if fault is not None:
            call.fault_kind, call.code = fault.kind, fault.code
        if fault is not None:
            kind = f"{fault.kind} {fault.code}".strip() + (" after effect" if fault.after_effect else "")
            self._history.faults[f"{service}: {kind}"] = self._history.faults.get(f"{service}: {kind}", 0) + 1
        self._take_time()
        if fault is not None and fault.kind == "connect":
            self._clock.sleep(CONNECT_TIMEOUT)
            raise NoResponse("connect")
        self.caller.point(f"before {operation}")
        lost = fault is not None and fault.kind in LOST
        response = HttpResponse(200, b"") if lost and fault and not _takes_effect(fault, operation) else effect(fault)
        if lost and fault and fault.kind == "hang":
            self._clock.sleep(READ_TIMEOUT)
        else:
            self._take_time()
        self.caller.point(f"after {operation}")
        if fault is not None and fault.kind == "garbled":
            return garbled(response, fault.code)
        if lost and fault:
            raise NoResponse(fault.kind)
        return response

    def _take_time(self) -> None:
        slow = self._rng.random() < _SLOW
        self._clock.sleep(self._rng.random() * (4.0 if slow else self._latency))


def _takes_effect(fault: FaultWindow, operation: str) -> bool:
    # Nothing at all is how a deletion is answered, so that nobody could tell.
    return fault.after_effect or (operation == "DeleteSchedule" and fault.code == "empty")


def garbled(response: HttpResponse, code: str) -> HttpResponse:
    """Return an answer in no format: "html" and "empty" with an HTTP status where it is not 200, "cut" or "null"."""
    what, _, status = code.partition(" ")
    if what == "html":
        return HttpResponse(int(status or 200), _PAGE, {"Content-Type": "text/html"})
    if what == "empty":
        return HttpResponse(int(status or 200), b"", {"Content-Length": "0"})
    body = b"null" if what == "null" else response.body[: len(response.body) // 2] or b'{"'
    return HttpResponse(200, body, {"Content-Type": response.headers.get("Content-Type", "application/json")})


class Aws:
    """The services behind botocore's clients."""

    def __init__(self, network: Network, models: dict[str, "ServiceModel"]) -> None:
        """Keep the models by service."""
        self._network = network
        self._models = models

    def serve(self, service: str, request: AWSPreparedRequest) -> HttpResponse:
        """Answer a request of botocore's."""
        model = self._models[service]
        operation = model.operation(request)
        url = str(request.url)
        try:
            return self._network.call(service, operation, lambda fault: model.response(operation, request, fault))
        except NoResponse as lost:
            if lost.kind == "connect":
                raise ConnectTimeoutError(endpoint_url=url) from None
            if lost.kind == "hang":
                raise ReadTimeoutError(endpoint_url=url) from None
            raise ConnectionClosedError(endpoint_url=url) from None


class ServiceModel(Protocol):
    """One service."""

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation a request is for."""

    def response(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Let the request take effect, unless a spell prevents that, and return the answer."""


FUNCTION_PRINCIPAL = f"arn:aws:sts::{ACCOUNT}:assumed-role/provider/provider"
