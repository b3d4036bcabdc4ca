"""What the function's own code does in virtual time; nothing is drawn and no real time measured."""

import pytest

from appstream_benchmarks import virtual_time
from appstream_benchmarks.virtual_time import Case, run

EIGHT_MINUTES = 487.0


def test_the_function_responds_within_an_interval_and_a_call() -> None:
    """It polls every two seconds, in one invocation of 256 MiB."""
    result = run(Case(EIGHT_MINUTES))

    [lag] = result.lags
    assert 0 <= lag <= 2.1
    assert ([], 1) == (result.failures, result.usage.invocations)
    assert pytest.approx((EIGHT_MINUTES + lag) / 4, abs=0.2) == result.usage.gb_seconds["arm64"]


def test_a_start_of_59_minutes_takes_five_invocations() -> None:
    """Each hands over half a minute before its fifteen are over."""
    result = run(Case(58.9 * 60))

    assert ([], 5) == (result.failures, result.usage.invocations)


def test_fifty_builders_at_five_requests_a_second_all_succeed() -> None:
    """No poll that is due at a builder fails to come within two rounds of polls."""
    result = run(Case(EIGHT_MINUTES, builders=50, per_second=5.0))

    assert 50 == len(result.lags)
    assert max(result.lags) <= 20
    assert result.usage.throttled > 0


def test_rows_grow_with_duration_and_number() -> None:
    """About twice the time costs about twice as much, and about twice as many builders make twice the calls."""
    measured = virtual_time.measure(minutes=(5, 10), builders=(1, 2), repetitions=1, repetitions_of_many=1)

    short, long = measured["durations"]
    assert 1.5 < long["usd"] / short["usd"] < 2.5
    assert [(1, None), (2, None), (1, 5.0), (2, 5.0)] == [
        (row["builders"], row["per_second"]) for row in measured["builders"]
    ]
    one, two, *_ = measured["builders"]
    assert 1.5 < two["calls"] / one["calls"] < 2.5
    assert {0} == {row["failed_builders"] for row in [*measured["durations"], *measured["builders"]]}
