"""What the second integration case has seen, against what the project assumes: from logs and events to the table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SAME_REQUEST = 0.5
"""Seconds that the issue times of one request's lines may differ: `elapsedSeconds` is rounded, X-Amz-Date is whole."""

NOT_SEEN = "not seen"


@dataclass(frozen=True)
class Line:
    """One line of the function's log that tells where a request stands.

    Attributes:
        at: When it was written, in seconds since the epoch.
        elapsed: Seconds since the request was issued: since the X-Amz-Date of its ResponseURL, which is never logged.
        invocation: 1 for the first invocation of the request.
        message: What it says.
    """

    at: float
    elapsed: float
    invocation: int
    message: str

    @property
    def issued_at(self) -> float:
        """When the request was issued: both numbers are of the same clock, so that only CloudFormation's is left."""
        return self.at - self.elapsed


@dataclass
class Request:
    """What the log has of one request of CloudFormation's."""

    issued_at: float
    lines: list[Line] = field(default_factory=list)

    @property
    def invocations(self) -> int:
        """How many invocations it took."""
        return max(each.invocation for each in self.lines)


@dataclass(frozen=True)
class Finding:
    """One assumption of the project, and what was seen.

    Attributes:
        assumption: What the project takes for true.
        seen: What was seen.
        holds: Whether it is true; None where it was not seen.
    """

    assumption: str
    seen: str
    holds: bool | None


def lines_of(events: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Return the lines among CloudWatch Logs' events that are the function's, in their order."""
    found = []
    for event in events:
        try:
            fields = json.loads(event["message"])
            at, elapsed = moment(fields["timestamp"]), float(fields["elapsedSeconds"])
            found.append(Line(at, elapsed, int(fields["invocation"]), str(fields["message"])))
        except (ValueError, KeyError, TypeError):
            continue  # Lambda's own lines, and metrics
    return sorted(found, key=lambda line: line.at)


def requests_of(lines: Iterable[Line]) -> list[Request]:
    """Return the requests that lines are of, in the order in which CloudFormation issued them."""
    found: list[Request] = []
    for line in lines:
        known = [each for each in found if abs(each.issued_at - line.issued_at) <= SAME_REQUEST]
        if not known:
            known = [Request(line.issued_at)]
            found += known
        known[0].lines.append(line)
    return sorted(found, key=lambda request: request.issued_at)


def begun(events: Iterable[Mapping[str, Any]], kind: str) -> list[float]:
    """Return when a stack's resource of a type began something, oldest first, by the stack's events."""
    return sorted(
        each["Timestamp"].timestamp()
        for each in events
        if each["ResourceType"] == kind
        and each["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        # CloudFormation writes a second CREATE_IN_PROGRESS once the resource has an id.
        and each.get("ResourceStatusReason") != "Resource creation Initiated"
    )


def moment(text: str) -> float:
    """Return ISO 8601 as seconds since the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def issue_dates(requests: Sequence[Request], begun_at: Sequence[float]) -> Finding:
    """Compare each request's X-Amz-Date with the moment that CloudFormation tells of its resource."""
    assumption = "X-Amz-Date is LastUpdatedTimestamp, at most 2 s after it and 5 s before it"
    differences = [min((told - request.issued_at for told in begun_at), key=abs) for request in requests if begun_at]
    if not differences:
        return Finding(assumption, NOT_SEEN, None)
    seen = "LastUpdatedTimestamp is later by " + ", ".join(f"{each:+.1f} s" for each in differences)
    return Finding(assumption, seen, all(-2 <= each <= 5 for each in differences))


def address_delay(running_at: float | None, address_at: float | None) -> Finding:
    """Tell how long after RUNNING the address was there."""
    assumption = "the address is there within 5 minutes of RUNNING"
    if running_at is None:
        return Finding(assumption, NOT_SEEN, None)
    if address_at is None:
        return Finding(assumption, "no address", False)
    delay = max(0.0, address_at - running_at)
    return Finding(assumption, f"{delay:.0f} s after RUNNING", delay <= 300)


def self_invocations(request: Request | None) -> Finding:
    """Tell how many invocations the start took whose function may only run for some minutes."""
    assumption = "a start that is longer than the function's limit goes on in further invocations"
    if request is None:
        return Finding(assumption, NOT_SEEN, None)
    return Finding(assumption, f"{request.invocations} invocations", request.invocations > 1)


def scheduled_stop(scheduled_for: float, stopping_at: float | None) -> Finding:
    """Tell how late the scheduled stop came."""
    assumption = "a scheduled stop comes within 5 minutes of its time"
    if stopping_at is None:
        return Finding(assumption, "it did not come", False)
    late = stopping_at - scheduled_for
    return Finding(assumption, f"{late:+.0f} s", -60 <= late <= 300)


def cancelled_update(cancelled: Request | None, back: Request | None, *, cancelled_at: float) -> list[Finding]:
    """Tell what the two requests of a cancelled update did."""
    at_once = "the roll-back's Update comes within 30 s of the cancel, while the first invocation runs"
    ends = "the cancelled request ends by itself and says that nobody waits for it"
    if cancelled is None or back is None:
        return [Finding(at_once, NOT_SEEN, None), Finding(ends, NOT_SEEN, None)]
    last = cancelled.lines[-1]
    delay = back.issued_at - cancelled_at
    said = "no longer waits" in last.message
    return [
        Finding(at_once, f"{delay:+.0f} s, first invocation until {last.at - cancelled_at:+.0f} s", -2 <= delay <= 30),
        Finding(ends, f"{last.at - cancelled_at:+.0f} s: {last.message}", said),
    ]


def refused_target(messages: Sequence[Mapping[str, Any]]) -> Finding:
    """Tell whether EventBridge Scheduler has tried a target's 4xx again, by its dead-letter queue's attributes."""
    assumption = "EventBridge Scheduler does not retry a target's 4xx"
    if not messages:
        return Finding(assumption, NOT_SEEN, None)
    attributes = {key: value["StringValue"] for key, value in messages[0].get("MessageAttributes", {}).items()}
    retries = int(attributes.get("RETRY_ATTEMPTS", "0"))
    return Finding(assumption, f"{retries} retries of {attributes.get('ERROR_CODE', 'an error')}", retries == 0)


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as lines of text."""
    words = {True: "yes", False: "NO", None: "?"}
    rows = [("assumption", "holds", "seen"), *((each.assumption, words[each.holds], each.seen) for each in findings)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}" for row in rows)
