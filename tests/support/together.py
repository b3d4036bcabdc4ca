"""Several invocations at the same time, in virtual time and always in the same order; knows no image builders."""

import threading
from collections.abc import Callable

from support.virtual_time import VirtualClock


class SharedClock(VirtualClock):
    """A clock for code that runs together: each sleep gives way to whoever wakes up next.

    Only one of them runs at any moment, so that nothing depends on the machine's own scheduling.
    """

    def __init__(self) -> None:
        """Begin with nobody running."""
        super().__init__()
        self._turn: int | None = None
        self._wakes: dict[int, float] = {}
        self._changed = threading.Condition()
        self._errors: list[BaseException] = []

    def run_together(self, *actions: Callable[[], object]) -> None:
        """Run each action as if in a process of its own, until all have ended; the first error is raised again."""
        threads = [threading.Thread(target=self._run, args=(number, each)) for number, each in enumerate(actions)]
        self._wakes = dict.fromkeys(range(len(actions)), self.now)
        for thread in threads:
            thread.start()
        with self._changed:
            self._next()
        for thread in threads:
            thread.join()
        self._turn = None
        if self._errors:
            raise self._errors[0]

    def sleep(self, seconds: float, /) -> None:
        """Let the others go on until this sleep is over."""
        if self._turn is None:
            super().sleep(seconds)
            return
        with self._changed:
            me = self._turn
            self.slept.append(seconds)
            self._wakes[me] = self.now + seconds
            self._next()
            self._wait_for(me)

    def _run(self, me: int, action: Callable[[], object]) -> None:
        with self._changed:
            self._wait_for(me)
        try:
            action()
        except BaseException as error:
            self._errors.append(error)
        with self._changed:
            del self._wakes[me]
            if self._wakes:
                self._next()

    def _next(self) -> None:
        self._turn = min(self._wakes, key=lambda each: (self._wakes[each], each))
        self.pass_until(self._wakes[self._turn])
        self._changed.notify_all()

    def _wait_for(self, me: int) -> None:
        self._changed.wait_for(lambda: self._turn == me)
