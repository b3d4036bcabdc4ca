"""Faults that a test injects, as data, and which request each of them affects."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from random import Random
from threading import Lock
from typing import Any, Final

from .errors import ApiError, access_denied, validation_error

# The error code, HTTP status and message of each kind. A drop sends no response, access_denied
# composes its message, and `error` has its own.
_ERRORS: Final[Mapping[str, tuple[str, int, str]]] = {
    "throttle": ("ThrottlingException", 400, "Rate exceeded"),
    "request_limit": ("RequestLimitExceededException", 400, "The request limit is exceeded."),
    "server_error": ("InternalFailure", 500, "An internal error occurred."),
    "unavailable": ("ServiceUnavailableException", 503, "The service is unavailable."),
    "drop": ("", 0, ""),
    "access_denied": ("AccessDeniedException", 400, ""),
    "error": ("", 400, "An error that a test asked for."),
}
KINDS: Final = tuple(_ERRORS)


@dataclass(frozen=True)
class Fault:
    """One fault, and which requests it affects.

    Attributes:
        kind: One of `KINDS`.
        operation: The operation it affects; `*` for all.
        name: The image builder it affects; None for all.
        after_effect: Whether the operation takes effect first, so that only its response is lost.
        times: How many requests it affects; None for no limit.
        seconds: How long it lasts; None for no limit.
        probability: The share of the matching requests that it affects.
        code: Error code, for `error`.
        message: Error message; empty for the default of its kind.
        status: HTTP status; 0 for the default of its kind.
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
        """Whether the connection is closed without a response."""
        return self.kind == "drop"

    def error(self, *, principal: str, operation: str, resource: str) -> ApiError:
        """Return the error of the response."""
        if self.kind == "access_denied" and not self.message:
            return access_denied(principal, operation, resource)
        code, status, message = _ERRORS[self.kind]
        return ApiError(self.code or code, self.message or message, self.status or status)


def fault(values: Mapping[str, Any]) -> Fault:
    """Return the fault that some values describe.

    Raises:
        ApiError: ValidationException for an unknown name or kind, or an `error` without a code.
    """
    names = [field.name for field in fields(Fault)]
    if unknown := sorted(set(values) - set(names)):
        raise validation_error(f"A fault has no {unknown}; it has {names}.")
    if values.get("kind") not in _ERRORS:
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
    """The faults of one account and Region; the oldest one that matches a request affects it."""

    def __init__(self, *, now: Callable[[], float], random: Random) -> None:
        """Start without faults, with a clock in epoch seconds."""
        self._now = now
        self._random = random
        self._armed: list[_Armed] = []
        self._lock = Lock()
        self._per_second: float | None = None
        self._burst = self._tokens = self._filled = 0.0

    def add(self, added: Fault) -> None:
        """Inject a fault."""
        with self._lock:
            until = None if added.seconds is None else self._now() + added.seconds
            self._armed.append(_Armed(added, added.times, until))

    def clear(self) -> None:
        """Remove every fault and the rate limit."""
        with self._lock:
            self._armed.clear()
            self._per_second = None

    def limit_rate(self, per_second: float | None, burst: float | None = None) -> None:
        """Throttle requests beyond a rate, with room for a burst; None removes the limit."""
        with self._lock:
            self._per_second = per_second
            self._burst = self._tokens = max(1.0, burst or per_second or 0.0)
            self._filled = self._now()

    def pick(self, operation: str, names: Collection[str]) -> Fault | None:
        """Return the fault that affects a request, and count it as used."""
        with self._lock:
            if self._over_the_rate():
                return Fault("throttle")
            now = self._now()
            for armed in self._armed:
                if not armed.matches(operation, names, now):
                    continue
                # Draw only where chance decides, so that other faults don't shift the sequence.
                if armed.fault.probability >= 1.0 or self._random.random() < armed.fault.probability:
                    if armed.left is not None:
                        armed.left -= 1
                    return armed.fault
            return None

    def _over_the_rate(self) -> bool:
        """Take a token from the bucket, and return whether it was empty."""
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
