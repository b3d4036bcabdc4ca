"""How a start can end, as data a test sets for one builder; knows no clock and no request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from .errors import validation_error
from .states import Step

# What follows PENDING, by kind. That a failed start ends in FAILED is documented; that one can
# fall back to STOPPED was seen by users; that one stays PENDING is a caution.
_ENDINGS: Final[Mapping[str, tuple[Step, ...]]] = {
    "running": (Step("PENDING", "start"), Step("RUNNING")),
    "failed": (Step("PENDING", "start"), Step("FAILED")),
    "stopped": (Step("PENDING", "start"), Step("STOPPED")),
    "stopping": (Step("PENDING", "start"), Step("STOPPING", "stop"), Step("STOPPED")),
    "never": (Step("PENDING"),),
}
KINDS: Final = tuple(_ENDINGS)


@dataclass(frozen=True)
class StartOutcome:
    """How the starts of one builder end.

    Attributes:
        kind: `running`, `failed` (FAILED), `stopped` (back to STOPPED), `stopping` (the same by way
            of STOPPING) or `never` (PENDING for good).
        error_code: ErrorCode of the ImageBuilderErrors entry, for the three that go wrong.
        error_message: Its ErrorMessage.
        reason_code: Code of StateChangeReason, for `failed`.
        reason_message: Its Message.
        times: Starts it holds for, after which starts are normal again; None: all of them.
    """

    kind: str = "running"
    error_code: str = "INTERNAL_SERVICE_ERROR"
    error_message: str = "The instance could not be provisioned."
    reason_code: str = "INTERNAL_ERROR"
    reason_message: str = "The image builder could not be started."
    times: int | None = None

    def steps(self) -> tuple[Step, ...]:
        """Return the states from PENDING on."""
        return _ENDINGS[self.kind]

    def traces(self, at: float) -> dict[str, Any]:
        """Return the fields a start leaves behind that went wrong at a moment (epoch seconds)."""
        if self.kind in ("running", "never"):
            return {}
        error = {
            "ErrorCode": self.error_code,
            "ErrorMessage": self.error_message,
            "ErrorTimestamp": at,
        }
        left: dict[str, Any] = {"ImageBuilderErrors": [error]}
        if self.kind == "failed":
            left["StateChangeReason"] = {"Code": self.reason_code, "Message": self.reason_message}
        return left


def start_outcome(values: Mapping[str, Any]) -> StartOutcome:
    """Return the outcome some values describe.

    Raises:
        ApiError: ValidationException for an unknown name, kind or a count below one.
    """
    names = [field.name for field in fields(StartOutcome)]
    if unknown := sorted(set(values) - set(names)):
        raise validation_error(f"A start outcome has no {unknown}; it has {names}.")
    outcome = StartOutcome(**values)
    if outcome.kind not in _ENDINGS:
        raise validation_error(f"A start cannot end as {outcome.kind!r}; it can as {list(KINDS)}.")
    if outcome.times is not None and (not isinstance(outcome.times, int) or outcome.times < 1):
        raise validation_error(f"times must be at least 1, but is {outcome.times!r}.")
    return outcome
