"""Faults a test switches on, as data, and when they strike; knows no image builder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from random import Random
from threading import Lock
from typing import Any, Final

from .errors import ApiError, access_denied, validation_error

# What each kind answers: error code, HTTP status, message. A drop answers nothing, access_denied
# composes its message, and `error` brings its own.
_ANSWERS: Final[Mapping[str, tuple[str, int, str]]] = {
    "throttle": ("ThrottlingException", 400, "Rate exceeded"),
    "request_limit": ("RequestLimitExceededException", 400, "The request limit is exceeded."),
    "server_error": ("InternalFailure", 500, "An internal error occurred."),
    "unavailable": ("ServiceUnavailableException", 503, "The service is unavailable."),
    "drop": ("", 0, ""),
    "access_denied": ("AccessDeniedException", 400, ""),
    "error": ("", 400, "An error a test asked for."),
}
KINDS: Final = tuple(_ANSWERS)


@dataclass(frozen=True)
class Fault:
    """One fault, and what it strikes.

    Attributes:
        kind: One of `KINDS`.
        operation: The operation it strikes; `*` for all.
        name: The image builder it strikes; None for all.
        after_effect: The operation takes effect first, so that only its answer is lost.
        times: Requests it strikes; None: no limit.
        seconds: How long from when it was set; None: no limit.
        probability: The share of the matching requests it strikes.
        code: Error code, for `error`.
        message: Error message, for any kind that answers; empty: that kind's own.
        status: HTTP status; 0: that kind's own.
    """

    kind: str
    operation: str = "*"
    name: str | None = None
    after_effect: bool = False
    times: int | None = None
    seconds: float | None = None
    probability: float = 1.0
    code: str = ""
    message: str = ""
    status: int = 0

    @property
    def drops(self) -> bool:
        """Whether the connection is closed instead of answered."""
        return self.kind == "drop"

    def error(self, *, principal: str, operation: str, resource: str) -> ApiError:
        """Return what it answers."""
        if self.kind == "access_denied" and not self.message:
            return access_denied(principal, operation, resource)
        code, status, message = _ANSWERS[self.kind]
        return ApiError(self.code or code, self.message or message, self.status or status)


def fault(values: Mapping[str, Any]) -> Fault:
    """Return the fault some values describe.

    Raises:
        ApiError: ValidationException for an unknown name or kind, or an `error` without a code.
    """
    names = [field.name for field in fields(Fault)]
    if unknown := sorted(set(values) - set(names)):
        raise validation_error(f"A fault has no {unknown}; it has {names}.")
    if values.get("kind") not in _ANSWERS:
        raise validation_error(f"No fault {values.get('kind')!r}: {list(KINDS)}.")
    made = Fault(**values)
    if made.kind == "error" and not made.code:
        raise validation_error("A fault of kind 'error' needs a code.")
    return made


@dataclass
class _Armed:
    fault: Fault
    left: int | None
    until: float | None

    def matches(self, operation: str, names: Collection[str], now: float) -> bool:
        return (
            self.left != 0
            and (self.until is None or now < self.until)
            and self.fault.operation in ("*", operation)
            and (self.fault.name is None or self.fault.name in names)
        )


class Faults:
    """The faults of one account and Region, the first one set striking first."""

    def __init__(self, *, now: Callable[[], float], random: Random) -> None:
        """Begin without faults, over a clock in epoch seconds."""
        self._now = now
        self._random = random
        self._armed: list[_Armed] = []
        self._lock = Lock()
        self._per_second: float | None = None
        self._burst = self._tokens = self._filled = 0.0

    def add(self, added: Fault) -> None:
        """Switch a fault on."""
        with self._lock:
            until = None if added.seconds is None else self._now() + added.seconds
            self._armed.append(_Armed(added, added.times, until))

    def clear(self) -> None:
        """Switch every fault and the rate limit off."""
        with self._lock:
            self._armed.clear()
            self._per_second = None

    def limit_rate(self, per_second: float | None, burst: float | None = None) -> None:
        """Answer ThrottlingException beyond a rate, with room for a burst; None lifts the limit."""
        with self._lock:
            self._per_second = per_second
            self._burst = self._tokens = max(1.0, burst or per_second or 0.0)
            self._filled = self._now()

    def pick(self, operation: str, names: Collection[str]) -> Fault | None:
        """Return the fault that strikes a request, which uses up one of its times."""
        with self._lock:
            if self._over_the_rate():
                return Fault("throttle")
            now = self._now()
            for armed in self._armed:
                if not armed.matches(operation, names, now):
                    continue
                # Drawn only where chance decides, so that other faults do not shift the sequence.
                sure = armed.fault.probability >= 1.0
                if sure or self._random.random() < armed.fault.probability:
                    if armed.left is not None:
                        armed.left -= 1
                    return armed.fault
            return None

    def _over_the_rate(self) -> bool:
        """Take a token from the bucket; return whether there was none."""
        if self._per_second is None:
            return False
        now = self._now()
        refill = (now - self._filled) * self._per_second
        self._tokens = min(self._burst, self._tokens + refill)
        self._filled = now
        if self._tokens < 1.0:
            return True
        self._tokens -= 1.0
        return False
