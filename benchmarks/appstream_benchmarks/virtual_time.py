"""Runs the function's own code in virtual time: starts of 5 to 59 minutes, and of 1 to 100 builders at once.

The only module of the benchmarks that uses the tests' doubles.
"""

from dataclasses import dataclass
from random import Random
from statistics import mean, median
from typing import Any, Final

from appstream_benchmarks.usage import Usage
from running_image_builder_function.contract import MAX_TIMEOUT_SECONDS
from simulation.runtime.execution_environment import isolated_logging
from support.fake_appstream import FakeAppStream
from support.lambda_harness import LambdaHarness, event
from support.virtual_time import VirtualClock

MINUTES: Final = (5, 10, 15, 20, 25, 35, 45, 59)
"""Starts usually take 5 to 10 minutes, up to 25 were seen, and 59 are the longest timeout."""

BUILDERS: Final = (1, 2, 5, 10, 20, 50, 100)
MINUTES_OF_MANY: Final = 10
LIMIT_PER_SECOND: Final = 5.0
REPETITIONS: Final = 20
REPETITIONS_OF_MANY: Final = 5

LATENCY_SECONDS: Final = 0.1
"""How long each call to AppStream is assumed to take."""

MEMORY_GB: Final = 256 / 1024
"""The construct's default, on arm64."""

_BEGIN = 1_800_000_000.0
_LONGEST = 3 * 3600.0
_MOST_STEPS = 10_000_000


@dataclass(frozen=True)
class Case:
    """One deploy, which starts that many builders at once.

    Attributes:
        seconds: How long each start takes.
        builders: How many.
        per_second: AppStream's request limit, None for no limit.
        seed: The seed of the function's jitter.
    """

    seconds: float
    builders: int = 1
    per_second: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """The result of a case.

    Attributes:
        usage: What all requests used.
        lags: Seconds from RUNNING to the response, by builder; only of those that succeeded.
        failures: The reasons of those that failed.
        seconds: How long the whole deploy took.
    """

    usage: Usage
    lags: list[float]
    failures: list[str]
    seconds: float


def measure(
    *,
    minutes: tuple[float, ...] = MINUTES,
    builders: tuple[int, ...] = BUILDERS,
    repetitions: int = REPETITIONS,
    repetitions_of_many: int = REPETITIONS_OF_MANY,
) -> dict[str, Any]:
    """Return rows over the duration of one start, and over the number of builders without and with a request limit."""
    return {
        "assumed": {"seconds_per_call": LATENCY_SECONDS, "minutes_of_many": MINUTES_OF_MANY},
        "durations": [_row(each, 1, None, repetitions) for each in minutes],
        "builders": [
            _row(MINUTES_OF_MANY, each, per_second, repetitions_of_many)
            for per_second in (None, LIMIT_PER_SECOND)
            for each in builders
        ],
    }


def run(case: Case) -> Result:
    """Run a case to its end, with an execution environment for each builder."""
    # The functions configure this process's logging as if it were theirs.
    with isolated_logging():
        clock = VirtualClock(_BEGIN)
        appstream = FakeAppStream(clock)
        appstream.builders.latency = LATENCY_SECONDS
        appstream.durations(start=case.seconds)
        if case.per_second is not None:
            appstream.region.faults.limit_rate(case.per_second)
        chance = Random(case.seed)
        functions = {}
        for number in range(case.builders):
            name = f"builder-{number}"
            appstream.put(name=name)
            functions[name] = LambdaHarness(appstream, random=chance.random, log_level="ERROR")
            clock.spawn(name, lambda name=name: functions[name].run(_create(name)))  # type: ignore[misc]
        clock.run(until=_BEGIN + _LONGEST, steps=_MOST_STEPS)
    return _result(case, appstream, functions)


def _create(name: str) -> dict[str, Any]:
    return event(Name=name, TimeoutSeconds=str(MAX_TIMEOUT_SECONDS))


def _result(case: Case, appstream: FakeAppStream, functions: dict[str, LambdaHarness]) -> Result:
    calls = appstream.region.calls.all()
    started = {each.name: each.time for each in calls if each.operation == "StartImageBuilder" and not each.error}
    lags, failures, ended = [], [], []
    for name, function in functions.items():
        [response], [responded_at] = function.responses, function.responded_at
        ended.append(responded_at)
        if response["Status"] == "SUCCESS":
            lags.append(_BEGIN + responded_at - started[name] - case.seconds)
        else:
            failures.append(response["Reason"])
    usage = Usage(
        calls=len(calls),
        throttled=sum(each.error == "ThrottlingException" for each in calls),
        invocations=sum(1 + len(function.self_invoked) for function in functions.values()),
        # Each invocation begins where the one before ended.
        gb_seconds={"arm64": sum(ended) * MEMORY_GB},
    )
    return Result(usage, lags, failures, max(ended))


def _row(minutes: float, builders: int, per_second: float | None, repetitions: int) -> dict[str, Any]:
    """Run one case repeatedly, with durations spread over the last minute so that no interval fits by chance."""
    chance = Random(f"{minutes} {builders}")
    results = []
    for number in range(repetitions):
        seconds = minutes * 60 - 62 + 60 * (number + chance.random()) / repetitions
        results.append(run(Case(seconds, builders=builders, per_second=per_second, seed=number)))
    lags = [lag for each in results for lag in each.lags]
    usages = [each.usage.as_json() for each in results]
    return {
        "minutes": minutes,
        "builders": builders,
        "per_second": per_second,
        "lag_median": round(median(lags), 3),
        "lag_worst": round(max(lags), 3),
        "failed_builders": round(mean(len(each.failures) for each in results), 2),
        "calls_per_minute": round(mean(each.usage.calls / each.seconds * 60 / builders for each in results), 2),
        **{key: round(mean(each[key] for each in usages), 6) for key in ("calls", "invocations", "gb_seconds", "usd")},
    }
