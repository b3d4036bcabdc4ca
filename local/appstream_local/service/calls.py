"""The log of the calls one account and Region received; knows nothing of what they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request and how it was answered.

    Attributes:
        operation: Such as `StartImageBuilder`.
        name: The image builder it named, several joined by commas; empty where it named none.
        principal: ARN of the caller; empty where it was not known.
        time: When it arrived, epoch seconds.
        status: HTTP status; None where the connection was closed without an answer.
        error: Error code; empty on success and without an answer.
        request: The parameters, as sent.
    """

    operation: str
    name: str
    principal: str
    time: float
    status: int | None
    error: str
    request: Mapping[str, Any]


class CallLog:
    """Calls in the order they were answered."""

    def __init__(self) -> None:
        """Begin empty."""
        self._calls: list[Call] = []
        self._lock = Lock()

    def add(self, call: Call) -> None:
        """Append a call."""
        with self._lock:
            self._calls.append(call)

    def all(self) -> list[Call]:
        """Return every call so far."""
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._calls.clear()


def to_json(call: Call) -> dict[str, Any]:
    """Return a call as the control operations answer it."""
    return asdict(call)
