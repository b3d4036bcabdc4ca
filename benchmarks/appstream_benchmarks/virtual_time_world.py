"""Many requests side by side in one virtual time: the tests' world under the simulation's scheduler."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from simulation.runtime.event_loop import EventLoop
from simulation.runtime.execution_environment import isolated_logging
from support.fake_appstream import FakeAppStream
from support.virtual_time import VirtualClock

BEGIN = 1_800_000_000.0

LATENCY_SECONDS = 0.1
"""What each call to AppStream is taken to last."""

_MOST_STEPS = 10_000_000
_LONGEST = 3 * 3600.0


class SharedClock(VirtualClock):
    """The scheduler's time as the tests' world takes it: whoever sleeps lets the others go on."""

    def __init__(self, scheduler: EventLoop) -> None:
        """Follow a scheduler."""
        super().__init__(scheduler.now)
        self._scheduler = scheduler

    def time(self) -> float:
        """Return the moment."""
        return self._scheduler.now

    def sleep(self, seconds: float, /) -> None:
        """Let the running task give way."""
        self._scheduler.sleep(seconds)

    def pass_until(self, moment: float) -> None:
        """Let the running task give way until a moment."""
        self._scheduler.sleep(max(0.0, moment - self._scheduler.now))


@dataclass
class Usage:
    """What one request used, and how it ended.

    Attributes:
        ended_at: Seconds since the request, None where it has not ended.
        failure: What it failed with, "" for none.
        invocations: Lambda invocations.
        billed_gb_seconds: Lambda memory times duration.
        transitions: Step Functions state transitions.
    """

    ended_at: float | None = None
    failure: str = ""
    invocations: int = 0
    billed_gb_seconds: float = 0.0
    transitions: int = 0


@dataclass(frozen=True)
class Case:
    """One deploy: that many builders of a stack are asked for at once.

    Attributes:
        seconds: How long each start takes.
        builders: How many.
        per_second: AppStream's request limit, None for none.
        seed: The seed of all chance.
    """

    seconds: float
    builders: int = 1
    per_second: float | None = None
    seed: int = 0

    @property
    def names(self) -> list[str]:
        """The builders' names."""
        return [f"builder-{number}" for number in range(self.builders)]


@dataclass
class Played:
    """What came of a case.

    Attributes:
        usages: By request; a way that asks for all builders in one has one request.
        lags: Seconds from RUNNING to complete, by builder; of those that succeeded.
        calls: When each AppStream call arrived, in seconds since the beginning.
    """

    usages: list[Usage]
    lags: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)


Way = Callable[[FakeAppStream, EventLoop, Case, Random], dict[str, Usage]]
"""Starts what a way does for each builder, as tasks, and returns what they will fill in, by builder."""


def play(way: Way, case: Case) -> Played:
    """Play a case to its end."""
    # The functions set this process's logging up as if it were theirs.
    with isolated_logging():
        return _play(way, case)


def _play(way: Way, case: Case) -> Played:
    scheduler = EventLoop(BEGIN)
    world = FakeAppStream(SharedClock(scheduler))
    world.builders.latency = LATENCY_SECONDS
    world.durations(start=case.seconds)
    for name in case.names:
        world.put(name=name)
    if case.per_second is not None:
        world.region.faults.limit_rate(case.per_second)
    usages = way(world, scheduler, case, Random(case.seed))
    scheduler.run(until=BEGIN + _LONGEST, steps=_MOST_STEPS)
    started = {
        call.name: call.time + case.seconds - BEGIN
        for call in world.region.calls.all()
        if call.operation == "StartImageBuilder" and not call.error
    }
    played = Played(list({id(each): each for each in usages.values()}.values()))
    played.calls = [call.time - BEGIN for call in world.region.calls.all()]
    for name, usage in usages.items():
        if usage.ended_at is not None and not usage.failure:
            played.lags.append(usage.ended_at - started[name])
    return played
