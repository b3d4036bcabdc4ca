"""The scheduled stop of a builder as a value: its name, role and times; makes no calls."""

from dataclasses import dataclass
from datetime import datetime, timezone

from running_image_builder_function import contract


@dataclass(frozen=True, kw_only=True)
class StopSchedule:
    """How a builder is to be stopped by itself.

    Attributes:
        name: The schedule's name, in the default group.
        role_arn: The role that the scheduler stops the builder with.
        after: Seconds from RUNNING to the stop.
    """

    name: str
    role_arn: str
    after: float


@dataclass(frozen=True, kw_only=True)
class ScheduledStop:
    """A stop that the scheduler has.

    Attributes:
        at: For when, in seconds since the epoch; None where somebody has changed it so that it may come at any time.
        builder: The name of the builder that it stops, "" where it does not say.
    """

    at: float | None
    builder: str


def is_schedule_name(value: object) -> bool:
    """Return whether a property can be a schedule's name."""
    return isinstance(value, str) and bool(contract.SCHEDULE_NAME_PATTERN.fullmatch(value))


def moment(at: float) -> str:
    """Return seconds since the epoch as ISO 8601 in UTC, without a zone: as the scheduler's ``at`` takes it."""
    return datetime.fromtimestamp(at, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
