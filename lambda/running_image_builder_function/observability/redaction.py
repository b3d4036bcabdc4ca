"""Keeps the ResponseURL out of every log."""

import logging
import traceback
from urllib.parse import urlsplit

_REDACTED = "[ResponseURL]"


class RedactingFilter(logging.Filter):
    """Hides one request's ResponseURL, which is a signed permission to respond.

    It is on the handlers, not on a logger: so it sees the lines of every library, at every level.
    """

    def __init__(self) -> None:
        super().__init__()
        self._secrets: tuple[str, ...] = ()

    def protect(self, response_url: str) -> None:
        """Hide this URL and its signature from now on, on all current handlers."""
        query = urlsplit(response_url).query
        self._secrets = tuple(secret for secret in (response_url, query) if secret)
        for handler in logging.getLogger().handlers:
            if self not in handler.filters:
                handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record that has the secret; none is dropped."""
        message = record.getMessage()
        if record.exc_info and self._has_secret("".join(traceback.format_exception(*record.exc_info))):
            message = f"{message} ({type(record.exc_info[1]).__name__}; its text holds {_REDACTED})"
            record.exc_info = record.exc_text = None
            record.msg, record.args = message, ()
        if self._has_secret(message):
            for secret in self._secrets:
                message = message.replace(secret, _REDACTED)
            record.msg, record.args = message, ()
        return True

    def _has_secret(self, text: str) -> bool:
        return any(secret in text for secret in self._secrets)
