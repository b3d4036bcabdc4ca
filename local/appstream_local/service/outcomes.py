"""How the starts of an image builder end, as data that a test sets."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from .errors import validation_error
from .states import Step

# The states of a start, by kind. FAILED after a failed start is documented. Users have seen STOPPED.
# A start that stays PENDING is a precaution.
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
        kind: `running`, `failed` (FAILED), `stopped` (back to STOPPED), `stopping` (back to STOPPED
            through STOPPING) or `never` (stays PENDING).
        error_code: ErrorCode of the ImageBuilderErrors entry, for the three that fail.
        error_message: Its ErrorMessage.
        reason_code: Code of StateChangeReason, for `failed`.
        reason_message: Its Message.
        times: How many starts end so before starts are normal again; None for all.
    """

    kind: str = "running"
    error_code: str = "INTERNAL_SERVICE_ERROR"
    error_message: str = "The instance could not be provisioned."
    reason_code: str = "INTERNAL_ERROR"
    reason_message: str = "The image builder could not be started."
    times: int | None = None

    def steps(self) -> tuple[Step, ...]:
        """Return the states of the start."""
        return _ENDINGS[self.kind]

    def error_fields(self, at: float) -> dict[str, Any]:
        """Return the fields that a start leaves if it fails at a moment (epoch seconds)."""
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
    """Return the outcome that some values describe.

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
