"""Carries calls between the function and the services: latency, lost responses, and the points to be killed at."""

from collections.abc import Callable
from random import Random
from typing import Protocol

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from simulation.history import Call, History, Invocation
from simulation.models.faults import LOST, FaultInjector, garbled
from simulation.runtime.botocore_clients import HttpResponse
from simulation.scenario import FaultWindow
from support.virtual_time import VirtualClock

_CONNECT_TIMEOUT = 5.0
_READ_TIMEOUT = 10.0
_SLOW_SHARE = 0.02
_SLOW_LATENCY = 4.0


class NoResponse(Exception):
    """No response came back; the kind is "drop", "hang" or "connect"."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Caller(Protocol):
    """Knows who makes a call."""

    def running(self) -> Invocation:
        """Return the invocation that runs."""

    def reach(self, point: str) -> None:
        """Raise Killed where the running invocation is to be killed at this point."""


class ServiceModel(Protocol):
    """One service."""

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return a request's operation."""

    def respond(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Let the request take effect, unless a fault prevents that, and return the response."""


class Network:
    """Carries each call; others act, and invocations are killed, before and after it takes effect.

    Args:
        clock: The time.
        rng: Decides latencies.
        fault_injector: Decides which calls fail.
        history: Where calls and faults are recorded.
        latency: The usual upper limit in seconds.
    """

    caller: Caller
    services: dict[str, ServiceModel]

    def __init__(
        self, clock: VirtualClock, rng: Random, fault_injector: FaultInjector, history: History, *, latency: float
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._fault_injector = fault_injector
        self._history = history
        self._latency = latency

    def serve(self, service: str, request: AWSPreparedRequest) -> HttpResponse:
        """Carry a request of botocore's; fail as its connections do."""
        model = self.services[service]
        operation = model.operation(request)
        url = str(request.url)
        try:
            return self.call(service, operation, lambda fault: model.respond(operation, request, fault))
        except NoResponse as lost:
            if lost.kind == "connect":
                raise ConnectTimeoutError(endpoint_url=url) from None
            if lost.kind == "hang":
                raise ReadTimeoutError(endpoint_url=url) from None
            raise ConnectionClosedError(endpoint_url=url) from None

    def call(self, service: str, operation: str, effect: Callable[[FaultWindow | None], HttpResponse]) -> HttpResponse:
        """Carry one call.

        Args:
            service: Such as "appstream".
            operation: Such as "StartImageBuilder".
            effect: Makes the response, given the call's fault; called at most once.

        Raises:
            NoResponse: No response came back.
        """
        call = Call(at=self._clock.now, invocation=self.caller.running(), service=service, operation=operation)
        self._history.calls.append(call)
        try:
            return self._carry(call, effect)
        finally:
            call.ended_at = self._clock.now

    def _carry(self, call: Call, effect: Callable[[FaultWindow | None], HttpResponse]) -> HttpResponse:
        service, operation = call.service, call.operation
        fault = self._fault_injector.fault_for(service, operation)
        if fault is None:
            self._take_time()
            self.caller.reach(f"before {operation}")
            response = effect(None)
            self._take_time()
            self.caller.reach(f"after {operation}")
            return response
        call.fault_kind, call.code = fault.kind, fault.code
        name = f"{service}: " + f"{fault.kind} {fault.code}".strip() + (" after effect" if fault.after_effect else "")
        self._history.faults[name] = self._history.faults.get(name, 0) + 1
        self._take_time()
        if fault.kind == "connect":
            self._clock.sleep(_CONNECT_TIMEOUT)
            raise NoResponse("connect")
        self.caller.reach(f"before {operation}")
        takes_effect = fault.kind not in LOST or _takes_effect(fault, operation)
        response = effect(fault) if takes_effect else HttpResponse(200, b"")
        if fault.kind == "hang":
            self._clock.sleep(_READ_TIMEOUT)
        else:
            self._take_time()
        self.caller.reach(f"after {operation}")
        if fault.kind == "garbled":
            return garbled(response, fault.code)
        if fault.kind in LOST:
            raise NoResponse(fault.kind)
        return response

    def _take_time(self) -> None:
        slow = self._rng.random() < _SLOW_SHARE
        self._clock.sleep(self._rng.random() * (_SLOW_LATENCY if slow else self._latency))


def _takes_effect(fault: FaultWindow, operation: str) -> bool:
    # An empty response is the usual one to a deletion, whose body nobody reads, so the caller can't know.
    return fault.after_effect or (operation == "DeleteSchedule" and fault.code in ("empty", "null", "cut"))
