"""The logs of one account and Region: the calls AppStream received, and what IAM decided for every service."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar


@dataclass(frozen=True)
class Call:
    """One AppStream request and its response.

    Attributes:
        operation: Such as `StartImageBuilder`.
        name: The image builder it named, several joined by commas; empty if it named none.
        principal: ARN of the caller; empty if unknown.
        time: When it arrived, in epoch seconds.
        status: HTTP status; None if the connection was closed without a response.
        error: Error code; empty on success and without a response.
        request: The parameters, as sent.
    """

    operation: str
    name: str
    principal: str
    time: float
    status: int | None
    error: str
    request: Mapping[str, Any]


@dataclass(frozen=True)
class IamCheck:
    """One permission that a call needed.

    Attributes:
        action: Such as `lambda:InvokeFunction`.
        resource: The ARN it was checked against; "*" if the action has no resource.
        principal: ARN of the caller.
        allowed: The decision.
    """

    action: str
    resource: str
    principal: str
    allowed: bool


_Entry = TypeVar("_Entry", Call, IamCheck)


class Log(Generic[_Entry]):
    """Entries in the order they were added."""

    def __init__(self, *, distinct: bool = False) -> None:
        """Start an empty log; a `distinct` one keeps equal entries once, because polling repeats one for minutes."""
        self._distinct = distinct
        self._entries: list[_Entry] = []
        self._lock = Lock()

    def add(self, entry: _Entry) -> None:
        """Append an entry."""
        with self._lock:
            if not (self._distinct and entry in self._entries):
                self._entries.append(entry)

    def all(self) -> list[_Entry]:
        """Return every entry so far."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Remove every entry."""
        with self._lock:
            self._entries.clear()
