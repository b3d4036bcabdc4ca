"""The scheduled stop of a builder: its name, role and times."""

import math
import re
from dataclasses import dataclass
from datetime import datetime, timezone

from running_image_builder_function import contract

_FORMAT = "%Y-%m-%dT%H:%M:%S"
_REQUEST_ID = re.compile(r"[0-9A-Za-z_.:/-]{1,128}")
"""CloudFormation's are UUIDs. Another kind is left out: a description has 512 characters at most."""

_REQUEST = re.compile(rf"\(request ({_REQUEST_ID.pattern})[;)]")
_FALLBACK = "before it was RUNNING"
_IS_FALLBACK = re.compile(rf"[(;] ?{_FALLBACK}[;)]")
_UNTIL = re.compile(r"an earlier stop may come until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z\)")


@dataclass(frozen=True, kw_only=True)
class StopSchedule:
    """How a builder is to be stopped on schedule."""

    name: str  # the schedule's name, in the default group
    role_arn: str  # the role with which the scheduler stops the builder
    after: float  # seconds from RUNNING to the stop


@dataclass(frozen=True, kw_only=True)
class ScheduledStop:
    """A stop that is scheduled, or is to be."""

    # When, in seconds since the epoch; None where somebody has changed it so that it may fire at any time.
    at: float | None
    builder: str  # the name of the builder that it stops, "" where it doesn't say
    request_id: str = ""  # the id of CloudFormation's request that has set it, "" where it doesn't say
    is_fallback: bool = False  # whether that request had not found the builder RUNNING yet
    # Until when an earlier stop may still arrive, in seconds since the epoch; 0 for none.
    earlier_stop_until: float = 0.0

    @classmethod
    def described(cls, description: str, *, at: float | None, builder: str) -> "ScheduledStop":
        """Return a stop with what its schedule's description says; somebody may have written another description."""
        request, until = _REQUEST.search(description), _UNTIL.search(description)
        return cls(
            at=at,
            builder=builder,
            request_id=request[1] if request else "",
            is_fallback=bool(_IS_FALLBACK.search(description)),
            earlier_stop_until=(seconds(until[1]) or 0.0) if until else 0.0,
        )

    @property
    def description(self) -> str:
        """The description of its schedule, for people and for another delivery of the request.

        It is what remains of a request whose invocation was killed.
        """
        notes = [f"request {self.request_id}"] if _REQUEST_ID.fullmatch(self.request_id) else []
        notes += [_FALLBACK] if self.is_fallback else []
        if self.earlier_stop_until > 0:
            # Rounded up: an earlier end would promise too much.
            notes.append(f"an earlier stop may come until {moment(math.ceil(self.earlier_stop_until))}Z")
        return f"Stops the AppStream image builder {self.builder}" + (f" ({'; '.join(notes)})" if notes else "")


def seconds(at: str) -> float | None:
    """Return a moment, as ``moment`` writes one, in seconds since the epoch; None where there is no such moment."""
    try:
        return datetime.strptime(at, _FORMAT).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None


def is_schedule_name(value: object) -> bool:
    """Return whether a property can be a schedule's name."""
    return isinstance(value, str) and bool(contract.SCHEDULE_NAME_PATTERN.fullmatch(value))


def moment(at: float) -> str:
    """Return seconds since the epoch as ISO 8601 in UTC, without a zone, as in the scheduler's ``at`` expression."""
    return datetime.fromtimestamp(at, tz=timezone.utc).strftime(_FORMAT)
