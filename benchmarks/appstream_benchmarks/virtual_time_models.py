"""The other ways as models: their documented intervals and retries against the same AppStream; not their code."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from appstream_benchmarks.virtual_time_world import LATENCY_SECONDS, Case, Usage
from simulation.runtime.event_loop import EventLoop
from support.fake_appstream import ACCOUNT, REGION, FakeAppStream

MEMORY_GB = 128 / 1024
"""Lambda's and CDK's default, which neither documentation changes."""

OVERHEAD_SECONDS = 0.05
"""What an invocation is taken to last beside its calls."""

RULE_SECONDS = 60.0
"""crhelper's shortest polling interval: an EventBridge rule of one minute, counted from when it is made."""

RULE_CALLS = 3
"""The calls with which crhelper makes its rule, and with which it removes it."""

QUERY_SECONDS = 5.0
"""The Provider framework's default query interval: the pause between two tries of its state machine's task."""

SCRIPT_SECONDS = 5.0

_ATTEMPTS_OF_BOTO3 = 5
_ATTEMPTS_OF_CLI = 3
_LONGEST_RETRY = 20.0


class _Refused(Exception):
    """A call that stayed refused after its retries."""


class _Caller:
    """Calls AppStream with the retries of the SDK: pauses that double, with jitter."""

    def __init__(self, world: FakeAppStream, scheduler: EventLoop, chance: Random, *, attempts: int) -> None:
        self._world = world
        self._scheduler = scheduler
        self._chance = chance
        self._attempts = attempts

    def call(self, operation: str, **request: Any) -> Any:
        """Return the answer, or raise _Refused."""
        for attempt in range(self._attempts):
            if attempt:
                self._scheduler.sleep(min(_LONGEST_RETRY, self._chance.random() * 2 ** (attempt - 1)))
            self._scheduler.sleep(LATENCY_SECONDS)
            answer = self._world.service.handle(
                target=f"PhotonAdminProxyService.{operation}",
                body=json.dumps(request).encode(),
                account=ACCOUNT,
                region=REGION,
            )
            if answer.status == 200:
                return json.loads(answer.body)
        raise _Refused(json.loads(answer.body)["__type"])

    def states(self, *names: str) -> list[str]:
        """Return the builders' states."""
        return [each["State"] for each in self.call("DescribeImageBuilders", Names=names)["ImageBuilders"]]

    def start(self, name: str) -> None:
        """Start the builder if it is stopped."""
        if self.states(name) == ["STOPPED"]:
            self.call("StartImageBuilder", Name=name)


Work = Callable[[str, Usage, _Caller, EventLoop], None]


def _each(work: Work) -> Callable[[FakeAppStream, EventLoop, Case, Random], dict[str, Usage]]:
    def way(world: FakeAppStream, scheduler: EventLoop, case: Case, chance: Random) -> dict[str, Usage]:
        usages = {name: Usage() for name in case.names}
        for name, usage in usages.items():
            caller = _Caller(world, scheduler, chance, attempts=_ATTEMPTS_OF_BOTO3)
            _spawn(world, scheduler, usage, lambda n=name, u=usage, c=caller: work(n, u, c, scheduler))  # type: ignore[misc]
        return usages

    return way


def _spawn(world: FakeAppStream, scheduler: EventLoop, usage: Usage, action: Callable[[], None]) -> None:
    def run() -> None:
        try:
            action()
        except _Refused as refused:
            usage.failure = str(refused)
        usage.ended_at = world.elapsed()

    scheduler.spawn("request", run)


def _invoked(usage: Usage, scheduler: EventLoop, work: Callable[[], Any], *, functions: int = 1) -> Any:
    """Run one invocation; with two functions, one waits for the other and both are billed."""
    began_at = scheduler.now
    usage.invocations += functions
    try:
        return work()
    finally:
        scheduler.sleep(OVERHEAD_SECONDS)
        usage.billed_gb_seconds += (scheduler.now - began_at) * MEMORY_GB * functions


def _plain_crhelper(name: str, usage: Usage, caller: _Caller, scheduler: EventLoop) -> None:
    def begin() -> None:
        caller.start(name)
        scheduler.sleep(RULE_CALLS * LATENCY_SECONDS)

    def poll() -> bool:
        running = caller.states(name) == ["RUNNING"]
        if running:
            scheduler.sleep(RULE_CALLS * LATENCY_SECONDS)
        return running

    _invoked(usage, scheduler, begin)
    fires_at = scheduler.now + RULE_SECONDS
    while True:
        scheduler.sleep(max(0.0, fires_at - scheduler.now))
        if _invoked(usage, scheduler, poll):
            return
        fires_at += RULE_SECONDS


def _provider_framework(name: str, usage: Usage, caller: _Caller, scheduler: EventLoop) -> None:
    _invoked(usage, scheduler, lambda: caller.start(name), functions=2)
    while True:
        # One for each try, as Step Functions counts retries.
        usage.transitions += 1
        if _invoked(usage, scheduler, lambda: caller.states(name) == ["RUNNING"], functions=2):
            # The transition into the execution's first state.
            usage.transitions += 1
            return
        scheduler.sleep(QUERY_SECONDS)


def shell_script(world: FakeAppStream, scheduler: EventLoop, case: Case, chance: Random) -> dict[str, Usage]:
    """One process starts all builders, one after the other, and then looks at all of them in one call."""
    usage = Usage()
    caller = _Caller(world, scheduler, chance, attempts=_ATTEMPTS_OF_CLI)

    def run() -> None:
        for name in case.names:
            caller.start(name)
        while {*caller.states(*case.names)} != {"RUNNING"}:
            scheduler.sleep(SCRIPT_SECONDS)

    _spawn(world, scheduler, usage, run)
    return dict.fromkeys(case.names, usage)


plain_crhelper = _each(_plain_crhelper)
"""crhelper with poll functions: a rule for each request, and one look a minute."""

provider_framework = _each(_provider_framework)
"""CDK's Provider framework: a state machine for each request that looks every 5 s, through two functions each time."""
