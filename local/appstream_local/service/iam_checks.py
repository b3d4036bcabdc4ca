"""The log of IAM's decisions in one account and Region, for every service; decides nothing itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any


@dataclass(frozen=True)
class IamCheck:
    """One permission that a call needed.

    Attributes:
        action: Such as `lambda:InvokeFunction`.
        resource: The ARN it was checked against; "*" where the action knows no resource.
        principal: ARN of the caller.
        allowed: The decision.
    """

    action: str
    resource: str
    principal: str
    allowed: bool


class IamCheckLog:
    """Each different decision once, in the order of its first time: polling repeats one for minutes."""

    def __init__(self) -> None:
        """Begin empty."""
        self._checks: dict[IamCheck, None] = {}
        self._lock = Lock()

    def add(self, check: IamCheck) -> None:
        """Note a decision."""
        with self._lock:
            self._checks[check] = None

    def all(self) -> list[IamCheck]:
        """Return every different decision so far."""
        with self._lock:
            return list(self._checks)

    def clear(self) -> None:
        """Forget every decision."""
        with self._lock:
            self._checks.clear()


def to_json(check: IamCheck) -> dict[str, Any]:
    """Return a decision as the control operations answer it."""
    return asdict(check)
