"""Code that can be stopped where it gives way, and ended there; knows no time."""

from collections.abc import Callable

import greenlet


class Killed(BaseException):
    """Thrown into a task that is ended from outside: none of its code may go on."""


class Task:
    """Code that runs until it gives way, in a greenlet of its own.

    Attributes:
        name: For error messages.
        ended: Whether it is over.
        error: What it ended with, None where it returned.
    """

    def __init__(
        self,
        name: str,
        action: Callable[[], object],
        *,
        hub: greenlet.greenlet,
        on_resume: Callable[[], None],
        on_end: Callable[[BaseException | None], None],
    ) -> None:
        """Prepare; the scheduler runs it, from its hub, to which it returns at its end."""
        self.name = name
        self.ended = False
        self.error: BaseException | None = None
        self.turn = 0
        self._action = action
        self._on_resume = on_resume
        self._on_end = on_end
        self._greenlet = greenlet.greenlet(self._run, parent=hub)

    def resume(self, error: BaseException | None = None) -> None:
        """Run on from where it gave way; with an error, raise it there."""
        self.turn += 1
        self._on_resume()
        if error is None:
            self._greenlet.switch()
            return
        if not self._greenlet:
            # It has not begun: there is no code to throw into.
            self._finish(error)
            return
        self._greenlet.throw(error)
        assert self.ended, f"{self.name} went on after it was killed"

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._action()
        except (Killed, Exception) as caught:
            error = caught
        self._finish(error)

    def _finish(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error
        self._on_end(error)
