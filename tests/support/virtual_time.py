"""A clock that moves only when somebody sleeps; knows nothing of image builders."""

from collections.abc import Callable


class VirtualClock:
    """Epoch seconds that pass without waiting.

    Attributes:
        now: The moment; tests may move it.
        slept: Every sleep, in order.
    """

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        """Begin at a moment."""
        self.now = now
        self.slept: list[float] = []
        self._due: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        """Return the moment."""
        return self.now

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen that many seconds from now, while somebody sleeps."""
        self._due.append((self.now + seconds, action))
        self._due.sort(key=lambda due: due[0])

    def sleep(self, seconds: float, /) -> None:
        """Let the seconds pass at once."""
        assert seconds >= 0, f"slept {seconds}"
        self.slept.append(seconds)
        self.pass_until(self.now + seconds)

    def pass_until(self, moment: float) -> None:
        """Let time pass, and what is due happen at its moment."""
        while self._due and self._due[0][0] <= moment:
            at, action = self._due.pop(0)
            self.now = max(self.now, at)
            action()
        self.now = max(self.now, moment)
