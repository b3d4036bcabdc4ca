"""Reads what the function logged about a builder; the only module that calls CloudWatch Logs."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appstream_image_builder_cli.observation import LogLine

EVERY = 10.0
"""Seconds between two looks: CloudWatch Logs takes only a few such requests a second from a whole account."""


_PLAIN = re.compile(r"\[[A-Z]+\]\t[^\t]*\t[^\t]*\t(?P<message>.*)", re.DOTALL)
"""A line of Lambda's text format for Python."""

_STATE = re.compile(r"(?:state|still) ([A-Z_]+)")


class FunctionLog:
    """The function's lines about one builder, read on from where the last look ended.

    Args:
        client: Returns the boto3 client.
        name: The builder's name.
    """

    def __init__(self, client: Callable[[], Any], *, name: str) -> None:
        """Have read nothing yet."""
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
            BotoCoreError: It cannot be asked.
        """
        if self._from != (group, since):
            self._from, self._lines, self._read_at = (group, since), {}, float("-inf")
        if now - self._read_at >= EVERY:
            self._read_at, self._error = now, None
            try:
                self._read(group, since)
            except (BotoCoreError, ClientError) as error:
                self._error = error
        if self._error is not None:
            # Also at the looks in between: else the same trouble would seem to come and go.
            raise self._error
        return tuple(sorted(self._lines.values(), key=lambda line: line.at))

    def _read(self, group: str, since: float) -> None:
        last = max((line.at for line in self._lines.values()), default=since)
        pages = self._make().get_paginator("filter_log_events")
        for page in pages.paginate(
            logGroupName=group,
            startTime=int(last * 1000),
            # How each message begins, in JSON as in plain text. The name has no character that means something in it.
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
    """Return what a line of Lambda's text format tells: level, time, request, and the message alone."""
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
