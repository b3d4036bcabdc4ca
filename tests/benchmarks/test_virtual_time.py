"""What the benchmark in virtual time computes; nothing is drawn and no real time measured."""

import pytest

from appstream_benchmarks import virtual_time_models as models
from appstream_benchmarks.virtual_time_prices import price
from appstream_benchmarks.virtual_time_project import this_project
from appstream_benchmarks.virtual_time_world import Case, Usage, play

EIGHT_MINUTES = 487.0


def test_the_function_is_done_within_an_interval_and_a_call_of_running() -> None:
    """It looks every two seconds, in one invocation of 256 MiB."""
    played = play(this_project, Case(EIGHT_MINUTES))

    (usage,), (lag,) = played.usages, played.lags
    assert 0 <= lag <= 2.1
    assert ("", 1) == (usage.failure, usage.invocations)
    assert pytest.approx((EIGHT_MINUTES + lag) / 4, abs=0.2) == usage.billed_gb_seconds


def test_a_start_of_59_minutes_takes_five_invocations() -> None:
    """Each hands over half a minute before its fifteen are over."""
    (usage,) = play(this_project, Case(58.9 * 60)).usages

    assert ("", 5) == (usage.failure, usage.invocations)


def test_fifty_builders_at_five_requests_a_second_all_succeed() -> None:
    """No look that is due at a builder fails to come within two rounds of looks."""
    played = play(this_project, Case(EIGHT_MINUTES, builders=50, per_second=5.0))

    assert 50 == len(played.lags)
    assert max(played.lags) <= 20


def test_plain_crhelper_looks_once_a_minute() -> None:
    """One invocation to start, then one at each minute until the builder runs."""
    played = play(models.plain_crhelper, Case(EIGHT_MINUTES))

    assert ([10], 2 + 9) == ([usage.invocations for usage in played.usages], len(played.calls))
    assert 0 <= played.lags[0] <= 61


def test_the_provider_framework_pays_two_functions_and_a_transition_for_each_look() -> None:
    """And one pair and one transition more for the beginning."""
    played = play(models.provider_framework, Case(60.0))

    (usage,) = played.usages
    looks = len(played.calls) - 2
    assert (2 + 2 * looks, looks + 1) == (usage.invocations, usage.transitions)


def test_the_script_looks_at_all_builders_in_one_call() -> None:
    """A look at fifty costs what a look at one does."""
    one, many = (play(models.shell_script, Case(60.0, builders=number)) for number in (1, 50))

    assert len(one.calls) - 2 == pytest.approx(len(many.calls) - 100, abs=2)


def test_refused_calls_fail_ways_that_have_no_more_retries_than_the_sdk() -> None:
    """What throttling then costs is counted as failures, with no lag."""
    played = play(models.provider_framework, Case(120.0, builders=100, per_second=5.0))

    failed = [usage for usage in played.usages if usage.failure]
    assert {"ThrottlingException"} == {usage.failure for usage in failed}
    assert 100 == len(played.lags) + len(failed)


def test_a_price_is_that_of_memory_invocations_and_transitions() -> None:
    """The function of this project is on arm64, which is cheaper."""
    usage = Usage(invocations=1_000_000, billed_gb_seconds=1000.0, transitions=1000)

    assert pytest.approx(0.20 + 0.0166667 + 0.025) == price("Provider framework", [usage])
    assert pytest.approx(0.20 + 0.0133334 + 0.025) == price("this project", [usage])
