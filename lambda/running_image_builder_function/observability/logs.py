"""The log lines of one request."""

import logging

from running_image_builder_function.reconcile.desired_state import DesiredState
from running_image_builder_function.reconcile.states import STATES
from running_image_builder_function.timing import HEARTBEAT_INTERVAL

LOGGER = "running_image_builder"

logger = logging.getLogger(LOGGER)


class RequestLogger:
    """Logs one line per change of state, one a minute without a change, one per call and one for the outcome.

    Lambda's JSON log format makes fields of a line's ``extra``: ``builder``, ``state``, ``elapsedSeconds``,
    ``remainingSeconds`` and ``invocation`` (1 for the first, one more after each self-invocation).

    Args:
        state: The last state that an earlier invocation has logged, None for the first invocation.
    """

    def __init__(self, state: str | None) -> None:
        self._state = state
        self._logged_at = float("-inf")

    def observed(self, desired: DesiredState, *, now: float) -> None:
        """Log a description of the builder: a change of state at once, the same state once a minute."""
        state = desired.context.builder.state
        if state != self._state:
            note = "" if state in STATES or not state else " (a state this version does not know: waiting)"
            self.log(desired, f"state {state or 'gone'}{note}", now=now)
            self._state = state
        elif now - self._logged_at >= HEARTBEAT_INTERVAL:
            self.log(desired, f"still {state or 'gone'}", now=now)

    def log(self, desired: DesiredState, message: str, *, now: float, level: int = logging.INFO) -> None:
        """Log anything else, with the request's progress."""
        self._logged_at = now
        elapsed = now - desired.context.began_at
        progress = {
            "builder": desired.request.name,
            "state": desired.context.builder.state,
            "elapsedSeconds": round(elapsed, 1),
            "remainingSeconds": round(desired.request.timeout - elapsed, 1),
            "invocation": desired.context.invocation,
        }
        logger.log(level, "%s: %s", desired.request.name, message, extra=progress)
