"""Virtual time and cooperative tasks: the one loop that everything simulated runs in; knows nothing of AWS."""

import heapq
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


class Stuck(Exception):
    """The simulation did not come to an end within its bounds."""


class Signal:
    """Something a task can wait for; once given it stays given."""

    def __init__(self) -> None:
        """Begin without it."""
        self.given = False
        self._waiting: list[Callable[[], None]] = []

    def give(self) -> None:
        """Let all who wait go on."""
        self.given = True
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    def then(self, wake: Callable[[], None]) -> None:
        """Call something when it is given."""
        self._waiting.append(wake)


class EventLoop:
    """Runs tasks and timers in the order of their moments; the clock of everything simulated.

    Attributes:
        now: Seconds since the epoch.
        current: The task that runs; None between two.
        steps: How many timers have fired.
    """

    def __init__(self, now: float) -> None:
        """Begin at a moment."""
        self.now = now
        self.current: Task | None = None
        self.steps = 0
        self._count = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._living: dict[Task, None] = {}
        self._hub = greenlet.getcurrent()

    def time(self) -> float:
        """Return the moment."""
        return self.now

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Call something at a moment, at once where that is past."""
        self._count += 1
        heapq.heappush(self._due, (max(moment, self.now), self._count, action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call something that many seconds from now."""
        self.at(self.now + seconds, action)

    def spawn(
        self,
        name: str,
        action: Callable[[], object],
        *,
        on_resume: Callable[[], None] = lambda: None,
        on_end: Callable[[BaseException | None], None] = lambda error: None,
    ) -> Task:
        """Start a task at the present moment."""
        task = Task(name, action, hub=self._hub, on_resume=on_resume, on_end=on_end)
        self._living[task] = None
        self._wake_at(task, self.now)
        return task

    def sleep(self, seconds: float, /) -> None:
        """Let the running task give way for that many seconds."""
        assert seconds >= 0, f"slept {seconds}"
        self._wake_at(self._running(), self.now + seconds)
        self._hub.switch()

    def wait(self, signal: Signal, *, until: float) -> bool:
        """Let the running task give way until a signal is given; return False where the moment came first."""
        task = self._running()
        if not signal.given:
            turn = task.turn
            signal.then(lambda: self._wake_at(task, self.now, turn))
            self._wake_at(task, until)
            self._hub.switch()
        return signal.given

    def kill(self, task: Task) -> None:
        """End a task where it gave way, unless it is over; not from within a task: that one raises Killed itself."""
        assert self.current is None, "only a timer can kill"
        if not task.ended:
            self._resume(task, Killed())

    def run(self, *, until: float, steps: int) -> None:
        """Run until nothing is left to do.

        Raises:
            Stuck: It was not, by that moment or after that many timers.
        """
        while self._due:
            moment, _, action = heapq.heappop(self._due)
            if moment > until:
                raise Stuck(f"something is still due {moment - until:.0f} s after the end")
            self.steps += 1
            if self.steps > steps:
                raise Stuck(f"not over after {steps} steps")
            self.now = moment
            action()

    def close(self) -> list[str]:
        """End whatever is left; return the names of the tasks that were."""
        left = list(self._living)
        for task in left:
            self._resume(task, Killed())
        return [task.name for task in left]

    def _wake_at(self, task: Task, moment: float, turn: int | None = None) -> None:
        expected = task.turn if turn is None else turn

        def wake() -> None:
            # Not where something else has woken it since.
            if not task.ended and task.turn == expected:
                self._resume(task)

        self.at(moment, wake)

    def _resume(self, task: Task, error: BaseException | None = None) -> None:
        before, self.current = self.current, task
        task.resume(error)
        self.current = before
        if task.ended:
            self._living.pop(task, None)

    def _running(self) -> Task:
        assert self.current is not None, "only a task can wait"
        return self.current
