"""The one idea of time that the function has; Python's ``time`` module is the real one, tests pass their own."""

from typing import Protocol


class Clock(Protocol):
    """Wall-clock seconds since the epoch (hand-overs cross processes, so no monotonic clock) and a sleep."""

    def time(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float, /) -> None:
        """Return after that many seconds."""
