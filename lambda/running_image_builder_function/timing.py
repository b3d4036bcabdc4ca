"""The clock, and how long each thing takes or is waited for."""

from typing import Protocol

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 10

LONGEST_CALL = float(CONNECT_TIMEOUT + READ_TIMEOUT)
"""Seconds that one call may take."""

SCHEDULER_RETRIES_FOR = 300
"""Seconds for which the scheduler tries a stop again that AppStream refuses, because the builder is being changed.

Not longer, since a stop that comes late may meet a builder that somebody has started meanwhile: a start takes about as
long. A builder that stays in a transition for longer than this is not stopped.
"""

SCHEDULER_PRECISION = 300
"""Seconds within which the scheduler makes a stop that is due: what is set for 1:00:00 comes until 1:00:59.

Its age, which ends the retries, may count from there: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""


class Clock(Protocol):
    """Wall-clock seconds since the epoch (hand-overs cross processes, so no monotonic clock) and a sleep."""

    def time(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float, /) -> None:
        """Return after that many seconds."""
