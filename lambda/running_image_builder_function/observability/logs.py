"""The function's log lines, and what must never be in them; knows no destination but Python's logging."""

import logging
import traceback
from urllib.parse import urlsplit

from running_image_builder_function.reconcile.desired_state import DesiredState
from running_image_builder_function.reconcile.states import STATES

HEARTBEAT_INTERVAL = 60.0
"""Seconds between two lines while nothing changes."""

LOGGER = "running_image_builder"

_HIDDEN = "[ResponseURL]"

logger = logging.getLogger(LOGGER)


class ProgressLog:
    """One line per change of state, one a minute without a change, one per call and one for the outcome.

    What Lambda's JSON log format makes of a line's ``extra`` are fields to search by: ``builder``, ``state``,
    ``elapsedSeconds``, ``remainingSeconds`` and ``invocation`` (1 for the first, one more after each hand-over).
    """

    def __init__(self, state: str | None) -> None:
        """Begin with what an earlier invocation has said: its last state, None for the first invocation."""
        self._state = state
        self._said_at = float("-inf")

    def seen(self, desired: DesiredState, *, now: float) -> None:
        """Note a look at the builder: a change of state at once, the same state once a minute."""
        state = desired.context.last_state
        if state != self._state:
            note = "" if state in STATES or not state else " (a state this version does not know: waiting)"
            self.noted(desired, f"state {state or 'gone'}{note}", now=now)
            self._state = state
        elif now - self._said_at >= HEARTBEAT_INTERVAL:
            self.noted(desired, f"still {state or 'gone'}", now=now)

    def noted(self, desired: DesiredState, what: str, *, now: float, level: int = logging.INFO) -> None:
        """Note anything else, with where the request stands."""
        self._said_at = now
        elapsed = now - desired.context.began_at
        logger.log(
            level,
            "%s: %s",
            desired.request.name,
            what,
            extra={
                "builder": desired.request.name,
                "state": desired.context.last_state,
                "elapsedSeconds": round(elapsed, 1),
                "remainingSeconds": round(desired.request.timeout - elapsed, 1),
                "invocation": desired.context.invocation,
            },
        )


class RedactingFilter(logging.Filter):
    """Keeps one request's ResponseURL, which is a signed right to answer, out of whatever anyone logs.

    It sits on the handlers, not on a logger: so it sees the lines of every library, at every level.
    """

    def __init__(self) -> None:
        """Begin without a secret."""
        super().__init__()
        self._secrets: tuple[str, ...] = ()

    def protect(self, response_url: str) -> None:
        """Hide this URL and its signature from now on, on all handlers that there are."""
        query = urlsplit(response_url).query
        self._secrets = tuple(secret for secret in (response_url, query) if secret)
        for handler in logging.getLogger().handlers:
            if self not in handler.filters:
                handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record that holds the secret; none is dropped."""
        message = record.getMessage()
        if record.exc_info and self._tells("".join(traceback.format_exception(*record.exc_info))):
            message = f"{message} ({type(record.exc_info[1]).__name__}; its text holds {_HIDDEN})"
            record.exc_info = record.exc_text = None
            record.msg, record.args = message, ()
        if self._tells(message):
            for secret in self._secrets:
                message = message.replace(secret, _HIDDEN)
            record.msg, record.args = message, ()
        return True

    def _tells(self, text: str) -> bool:
        return any(secret in text for secret in self._secrets)
