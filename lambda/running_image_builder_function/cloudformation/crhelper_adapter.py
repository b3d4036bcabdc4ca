"""Adapts crhelper: no polling, and an invocation can end without a response."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crhelper import CfnResource

SILENCED_LOGGERS = ("crhelper.resource_helper", "crhelper.utils")
"""crhelper's loggers write whole events, with the ResponseURL, at DEBUG, and every failure a second time at ERROR."""


class CrhelperResource(CfnResource):
    """crhelper without its polling.

    It replaces three private methods of crhelper's, whose version is therefore pinned: ``_poll_enabled`` (decides after
    the handler whether no response is sent), ``_set_timeout`` (a timer that would respond "Execution timed out"; here
    Lambda retries a killed invocation) and ``_send``.

    Args:
        log_level: The root logger's level, which crhelper sets at each invocation.
        send: Takes the ResponseURL and the body; replaces crhelper's own sending, which checks neither the body's
            size nor the status, and retries forever.
    """

    def __init__(self, *, log_level: str, send: Callable[[str, dict[str, Any]], None]) -> None:
        with _without_polling_clients():
            super().__init__(log_level=log_level, boto_level="ERROR", sleep_on_delete=0)
        for name in SILENCED_LOGGERS:
            logging.getLogger(name).addFilter(lambda record: False)
        self._send_body = send
        self._sends_nothing = False

    def __call__(self, event: dict[str, Any], context: Any) -> None:
        """Run one invocation."""
        self._sends_nothing = False
        super().__call__(event, context)

    def send_no_response(self) -> None:
        """End this invocation without a response."""
        self._sends_nothing = True

    def _poll_enabled(self) -> bool:
        return self._sends_nothing

    def _set_timeout(self) -> None:
        """Set no timer."""

    def _send(self, status: str | None = None, reason: str = "") -> None:
        def send(url: str, body: dict[str, Any], _ssl_verify: object) -> None:
            self._send_body(url, body)

        super()._send(status, reason, send_response=send)  # type: ignore[misc]  # its stub leaves out what is private


@contextmanager
def _without_polling_clients() -> Iterator[None]:
    """Let crhelper take this for a local run of SAM while it is constructed: then it makes no clients.

    The setting stays in the object, where its only effect is that an unfinished invocation sends nothing.
    """
    before = os.environ.get("AWS_SAM_LOCAL")
    os.environ["AWS_SAM_LOCAL"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_SAM_LOCAL"]
        else:
            os.environ["AWS_SAM_LOCAL"] = before


def needs_response(event: Mapping[str, Any]) -> bool:
    """Return whether an event has what a response needs."""
    needed = ("RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId")
    return all(isinstance(event.get(key), str) and event[key] for key in needed)
