"""crhelper's seam: the one module that knows crhelper, and where an invocation answers or hands over to a fresh one."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crhelper import CfnResource

SILENCED_LOGGERS = ("crhelper.resource_helper", "crhelper.utils")
"""crhelper's loggers write whole events, with the ResponseURL, at DEBUG, and every failure a second time at ERROR."""


class CrhelperResource(CfnResource):
    """crhelper without its polling: an invocation that is not finished hands over and does not answer.

    What is replaced are three of crhelper's methods, all private, which is why its version is pinned exactly:
    ``_poll_enabled`` (asked after the handler: may the answer go out?), ``_set_timeout`` (a timer that would answer
    "Execution timed out"; here a killed invocation is Lambda's to retry) and ``_send`` (where the body leaves).

    Args:
        log_level: The root logger's level, which crhelper sets at each invocation.
        send: Takes the ResponseURL and the body; replaces crhelper's own sending, which checks neither the body's
            size nor the status, and retries for ever.
    """

    def __init__(self, *, log_level: str, send: Callable[[str, dict[str, Any]], None]) -> None:
        """Set crhelper up without the three clients of its polling, which nothing here uses."""
        with _without_polling_clients():
            super().__init__(log_level=log_level, boto_level="ERROR", sleep_on_delete=0)
        for name in SILENCED_LOGGERS:
            logging.getLogger(name).addFilter(lambda record: False)
        self._deliver = send
        self._handed_over = False

    def __call__(self, event: dict[str, Any], context: Any) -> None:
        """Run one invocation."""
        self._handed_over = False
        super().__call__(event, context)

    def self_invoke(self) -> None:
        """Leave this invocation without an answer."""
        self._handed_over = True

    def _poll_enabled(self) -> bool:
        return self._handed_over

    def _set_timeout(self) -> None:
        """Set no timer."""

    def _send(self, status: str | None = None, reason: str = "") -> None:
        def send(url: str, body: dict[str, Any], _ssl_verify: object) -> None:
            self._deliver(url, body)

        super()._send(status, reason, send_response=send)  # type: ignore[misc]  # its stub leaves out what is private


@contextmanager
def _without_polling_clients() -> Iterator[None]:
    """Let crhelper believe that SAM runs it locally while it is constructed: then it makes no clients.

    Its own switch for that is this environment variable; the belief stays in the object and only makes an unfinished
    invocation end silently, which is what a hand-over wants.
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


def answerable(event: Mapping[str, Any]) -> bool:
    """Return whether an event has what any answer needs."""
    needed = ("RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId")
    return all(isinstance(event.get(key), str) and event[key] for key in needed)
