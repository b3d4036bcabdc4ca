"""Virtual time: a clock that moves only when somebody sleeps, and tasks that take turns while they sleep."""

import heapq
from collections.abc import Callable

import greenlet


class Killed(BaseException):
    """Raised in a task that is ended from outside: none of its code may continue."""


class Stuck(Exception):
    """Something is still due after the last moment or step allowed."""


class Signal:
    """Something that tasks can wait for; once given it stays given."""

    def __init__(self) -> None:
        self.given = False
        self._waiting: list[Callable[[], None]] = []

    def give(self) -> None:
        """Let all who wait continue."""
        self.given = True
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    def then(self, wake: Callable[[], None]) -> None:
        """Call something when it is given."""
        self._waiting.append(wake)


class Task:
    """Code in a greenlet of its own that runs until it sleeps.

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
        self.name = name
        self.ended = False
        self.error: BaseException | None = None
        self.turn = 0
        self._action = action
        self._on_resume = on_resume
        self._on_end = on_end
        self._greenlet = greenlet.greenlet(self._run, parent=hub)

    def resume(self, error: BaseException | None = None) -> None:
        """Continue where it slept; with an error, raise it there."""
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
        assert self.ended, f"{self.name} continued after it was killed"

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


class VirtualClock:
    """Epoch seconds that pass without waiting; timers and tasks run in the order of their moments.

    Code outside of any task sleeps by letting everything run that is due until then.

    Attributes:
        now: The moment; tests may move it.
        slept: Every sleep, in order.
        current: The task that runs; None between two.
        steps: How many timers have fired.
    """

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []
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

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Call something that many seconds from now."""
        self.at(self.now + seconds, action)

    def sleep(self, seconds: float, /) -> None:
        """Let the seconds pass, and others take their turns."""
        assert seconds >= 0, f"slept {seconds}"
        self.slept.append(seconds)
        self.pass_until(self.now + seconds)

    def pass_until(self, moment: float) -> None:
        """Let time pass until a moment, and others take their turns."""
        if self.current is not None:
            self._wake_at(self.current, moment)
            self._hub.switch()
            return
        while self._due and self._due[0][0] <= moment:
            self._step()
        self.now = max(self.now, moment)

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

    def wait(self, signal: Signal, *, until: float) -> bool:
        """Let the running task sleep until a signal is given; return False where the moment came first."""
        task = self.current
        assert task is not None, "only a task can wait"
        if not signal.given:
            turn = task.turn
            signal.then(lambda: self._wake_at(task, self.now, turn))
            self._wake_at(task, until)
            self._hub.switch()
        return signal.given

    def kill(self, task: Task) -> None:
        """End a task where it sleeps, unless it is over; not from within a task, which can raise Killed itself."""
        assert self.current is None, "only a timer can kill"
        if not task.ended:
            self._resume(task, Killed())

    def run(self, *, until: float = float("inf"), steps: float = float("inf")) -> None:
        """Run until nothing is due any more.

        Raises:
            Stuck: Something is, after that moment or that many timers.
        """
        while self._due:
            if self._due[0][0] > until:
                raise Stuck(f"something is still due {self._due[0][0] - until:.0f} s after the end")
            if self.steps >= steps:
                raise Stuck(f"not over after {steps} steps")
            self._step()

    def run_together(self, *actions: Callable[[], object]) -> None:
        """Run each action as if in a process of its own, until all have ended; raise the first error again."""
        tasks = [self.spawn(f"action {number}", action) for number, action in enumerate(actions)]
        while self._living:
            self._step()
        for task in tasks:
            if task.error is not None:
                raise task.error

    def close(self) -> list[str]:
        """End all tasks that have not ended; return their names."""
        left = list(self._living)
        for task in left:
            self._resume(task, Killed())
        return [task.name for task in left]

    def _step(self) -> None:
        moment, _, action = heapq.heappop(self._due)
        self.steps += 1
        self.now = max(self.now, moment)
        action()

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
