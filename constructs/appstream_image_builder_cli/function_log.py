"""Reads the function's log lines about a builder."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appstream_image_builder_cli.observation import LogLine

INTERVAL = 10.0
"""Seconds between two requests: CloudWatch Logs allows only a few such requests a second in an account."""

_PLAIN = re.compile(r"\[[A-Z]+\]\t[^\t]*\t[^\t]*\t(?P<message>.*)", re.DOTALL)
"""A line of Lambda's text format for Python."""

_STATE = re.compile(r"(?:state|still) ([A-Z_]+)")


class FunctionLog:
    """The function's lines about one builder; each request continues where the last one ended.

    Args:
        client: Returns the boto3 client.
        name: The builder's name.
    """

    def __init__(self, client: Callable[[], Any], *, name: str) -> None:
        self._make = client
        self._name = name
        self._from: tuple[str, float] | None = None
        self._lines: dict[str, LogLine] = {}
        self._read_at = float("-inf")
        self._error: Exception | None = None

    def lines(self, group: str, *, since: float, now: float) -> tuple[LogLine, ...]:
        """Return the lines since a deploy's beginning, oldest first.

        Raises:
            ClientError: CloudWatch Logs refuses, or there is no such group.
            BotoCoreError: CloudWatch Logs cannot be reached.
        """
        if self._from != (group, since):
            self._from, self._lines, self._read_at = (group, since), {}, float("-inf")
        if now - self._read_at >= INTERVAL:
            self._read_at, self._error = now, None
            try:
                self._read(group, since)
            except (BotoCoreError, ClientError) as error:
                self._error = error
        if self._error is not None:
            # Also between two requests: otherwise the error would seem to come and go.
            raise self._error
        return tuple(sorted(self._lines.values(), key=lambda line: line.at))

    def _read(self, group: str, since: float) -> None:
        last = max((line.at for line in self._lines.values()), default=since)
        pages = self._make().get_paginator("filter_log_events")
        for page in pages.paginate(
            logGroupName=group,
            startTime=int(last * 1000),
            # How each message begins, in JSON as in plain text. A name has no special character of a filter pattern.
            filterPattern=f'"{self._name}:"',
        ):
            for event in page["events"]:
                line = _line(event, self._name)
                if line is not None:
                    self._lines[event.get("eventId") or f"{event['timestamp']} {event['message']}"] = line


def _line(event: Mapping[str, Any], name: str) -> LogLine | None:
    try:
        fields = json.loads(event["message"])
    except ValueError:
        return _plain_line(event, name)
    if not isinstance(fields, dict) or fields.get("builder") != name:
        return None
    remaining = fields.get("remainingSeconds")
    return LogLine(
        at=event["timestamp"] / 1000,
        message=str(fields.get("message") or ""),
        state=str(fields.get("state") or ""),
        remaining=float(remaining) if isinstance(remaining, (int, float)) else None,
        invocation=int(fields.get("invocation") or 1),
    )


def _plain_line(event: Mapping[str, Any], name: str) -> LogLine | None:
    """Parse a line of Lambda's text format, which has only the message."""
    found = _PLAIN.match(event["message"])
    if found is None or not found["message"].startswith(f"{name}: "):
        return None
    state = _STATE.match(found["message"].removeprefix(f"{name}: "))
    return LogLine(
        at=event["timestamp"] / 1000,
        message=found["message"],
        state=state[1] if state else "",
        remaining=None,
        invocation=None,
    )
