"""Decides which calls fail, and makes the responses of those that do."""

import json
from dataclasses import dataclass
from random import Random

from simulation.runtime.botocore_clients import HttpResponse
from simulation.scenario import FaultWindow
from support.virtual_time import VirtualClock

LOST = ("drop", "hang", "garbled")
"""Kinds of faults after which nothing usable comes back, whether or not the call took effect."""

_PAGE = b"<!DOCTYPE html><html><body><h1>It works not</h1></body></html>"


@dataclass
class _OpenWindow:
    window: FaultWindow
    begins: float
    ends: float
    left: int


class FaultInjector:
    """The fault windows of a run; the first that fits a call decides."""

    def __init__(self, clock: VirtualClock, rng: Random) -> None:
        self._clock = clock
        self._rng = rng
        self._windows: list[_OpenWindow] = []

    def add(self, windows: tuple[FaultWindow, ...]) -> None:
        """Add fault windows, which count from now."""
        for each in windows:
            begins = self._clock.now + each.begins
            self._windows.append(_OpenWindow(each, begins, begins + each.lasts, each.times))

    def fault_for(self, service: str, operation: str) -> FaultWindow | None:
        """Return the fault of a call made now, None for none."""
        for each in self._windows:
            window = each.window
            if (
                window.service == service
                and window.operation in ("*", operation)
                and each.left > 0
                and each.begins <= self._clock.now < each.ends
                and self._rng.random() < window.probability
            ):
                each.left -= 1
                return window
        return None


def json_error(status: int, code: str) -> HttpResponse:
    """Return an error as services with a REST-JSON protocol do."""
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return HttpResponse(status, json.dumps({"Message": "no"}).encode(), headers)


def garbled(response: HttpResponse, code: str) -> HttpResponse:
    """Return an unreadable response: "html" or "empty", with an HTTP status where it is not 200, "cut" or "null"."""
    what, _, status = code.partition(" ")
    if what == "html":
        return HttpResponse(int(status or 200), _PAGE, {"Content-Type": "text/html"})
    if what == "empty":
        return HttpResponse(int(status or 200), b"", {"Content-Length": "0"})
    body = b"null" if what == "null" else response.body[: len(response.body) // 2] or b'{"'
    return HttpResponse(200, body, {"Content-Type": response.headers.get("Content-Type", "application/json")})
