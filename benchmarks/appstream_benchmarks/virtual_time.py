"""Plays starts of 5 to 59 minutes and 1 to 100 builders in virtual time, and sums up what each way needs for them."""

from itertools import product
from random import Random
from statistics import mean, median
from typing import Any

from appstream_benchmarks import virtual_time_models as models
from appstream_benchmarks.virtual_time_prices import PRICES, price
from appstream_benchmarks.virtual_time_project import this_project
from appstream_benchmarks.virtual_time_world import LATENCY_SECONDS, Case, Played, Way, play

MINUTES = (5, 10, 15, 20, 25, 35, 45, 59)
"""Starts usually take 5 to 10 minutes, up to 25 were seen, and 59 are the longest timeout."""

BUILDERS = (1, 2, 5, 10, 20, 50, 100)
LIMIT_PER_SECOND = 5.0
MINUTES_OF_MANY = 10
REPETITIONS = 60
REPETITIONS_OF_MANY = 5

WAYS: dict[str, tuple[Way, str]] = {
    "this project": (this_project, "run: the function's code"),
    "plain crhelper": (models.plain_crhelper, "computed: a model of its polling"),
    "Provider framework": (models.provider_framework, "computed: a model of its polling"),
    "CLI script": (models.shell_script, "computed: a model of its polling"),
}


def measure(*, smoke: bool) -> dict[str, Any]:
    """Play everything; a smoke run plays two small cases.

    Returns:
        Rows by series: "minutes" over the duration of one start, "builders" without and "limited" with a limit of
        requests over the number of builders.
    """
    minutes = MINUTES[:1] if smoke else MINUTES
    many = BUILDERS[:2] if smoke else BUILDERS
    repetitions = 2 if smoke else REPETITIONS
    repetitions_of_many = 1 if smoke else REPETITIONS_OF_MANY
    return {
        "assumed": {
            "seconds_a_call": LATENCY_SECONDS,
            "seconds_an_invocation_beside_calls_in_models": models.OVERHEAD_SECONDS,
            "minutes_of_many": MINUTES_OF_MANY,
            "limit_per_second": LIMIT_PER_SECOND,
            "prices": PRICES,
        },
        "ways": {name: how for name, (_, how) in WAYS.items()},
        "minutes": [_row(name, m, 1, None, repetitions) for name, m in product(WAYS, minutes)],
        "builders": [_row(name, MINUTES_OF_MANY, n, None, repetitions_of_many) for name, n in product(WAYS, many)],
        "limited": [
            _row(name, MINUTES_OF_MANY, n, LIMIT_PER_SECOND, repetitions_of_many) for name, n in product(WAYS, many)
        ],
    }


def _row(name: str, minutes: float, builders: int, per_second: float | None, repetitions: int) -> dict[str, Any]:
    """Play one case often, with durations spread over the last minute so that no interval fits by chance."""
    way, _ = WAYS[name]
    chance = Random(f"{minutes} {builders}")
    played = []
    for number in range(repetitions):
        seconds = minutes * 60 - 62 + 60 * (number + chance.random()) / repetitions
        played.append(play(way, Case(seconds, builders=builders, per_second=per_second, seed=number)))
    lags = [lag for each in played for lag in each.lags]
    return {
        "way": name,
        "minutes": minutes,
        "builders": builders,
        "lag_median": median(lags) if lags else None,
        "lag_worst": max(lags) if lags else None,
        "failures": sum(bool(usage.failure) for each in played for usage in each.usages) / repetitions,
        "calls": mean(len(each.calls) for each in played),
        "calls_a_minute": mean(_calls_a_minute(each) for each in played) / builders,
        "calls_busiest_minute": max(_busiest_minute(each.calls) for each in played) / builders,
        **{
            key: mean(_total(each, key) for each in played)
            for key in ("invocations", "billed_gb_seconds", "transitions")
        },
        "usd": mean(price(name, each.usages) for each in played),
    }


def _total(played: Played, key: str) -> float:
    return float(sum(getattr(usage, key) for usage in played.usages))


def _calls_a_minute(played: Played) -> float:
    return len(played.calls) / max(usage.ended_at or 0.0 for usage in played.usages) * 60


def _busiest_minute(calls: list[float]) -> int:
    """Return how many calls the fullest 60 seconds hold."""
    most, first = 0, 0
    for last, at in enumerate(calls):
        while calls[first] <= at - 60:
            first += 1
        most = max(most, last - first + 1)
    return most
