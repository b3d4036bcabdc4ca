"""How long to pause between two AWS calls."""

from collections.abc import Callable

from running_image_builder_function.timing import MAX_DELAY


class Backoff:
    """A steady delay that grows with each failure and recovers little by little.

    Many builders that share a rate limit find the delay at which it suffices for all: a failed call doubles a builder's
    delay, and only many successful ones shorten it again. The failed call itself is repeated sooner, since it has
    waited already.

    Args:
        interval: Seconds between two calls when all is well.
        random: Returns a number from 0 to 1.
    """

    def __init__(self, interval: float, *, random: Callable[[], float]) -> None:
        self._interval = interval
        self._random = random
        self._delay = interval
        self._failed = False

    def on_success(self) -> None:
        """Shorten the delay a little."""
        self._delay = max(self._interval, self._delay * 0.9)
        self._failed = False

    def on_failure(self) -> None:
        """Double the delay."""
        self._delay = min(max(MAX_DELAY, self._interval), self._delay * 2)
        self._failed = True

    def delay(self) -> float:
        """Return the seconds to pause, at least the interval."""
        delay = self._delay * (0.5 + 0.5 * self._random())
        return max(self._interval, delay * 0.3 if self._failed else delay)
