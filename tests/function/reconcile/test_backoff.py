"""How long to pause between two calls: steady, slower in kind, recovering."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from running_image_builder_function.reconcile.backoff import Backoff


def backoff(interval: float = 2.0, *, chance: float = 1.0) -> Backoff:
    """Return a backoff whose random number is always the same."""
    return Backoff(interval, random=lambda: chance)


def test_all_is_well_at_the_steady_pace() -> None:
    """Without any jitter: nothing is to be spread."""
    steady = backoff(chance=0.5)
    steady.on_success()

    assert [2, 2] == [steady.delay(), steady.delay()]


def after_success(backoff: Backoff) -> float:
    """Return the pause after one successful call."""
    backoff.on_success()
    return backoff.delay()


def test_each_failure_doubles_the_delay_up_to_15_seconds() -> None:
    """However long it lasts, a refused call is repeated after three tenths of that, since it has waited already."""
    slower = backoff()
    pauses = []
    for _ in range(5):
        slower.on_failure()
        pauses.append(slower.delay())

    assert pytest.approx([2, 2.4, 4.5, 4.5, 4.5]) == pauses


def test_each_success_shortens_the_delay_by_a_tenth() -> None:
    """AWS is not asked at full speed the moment that it responds again: those who share its limit need it as well."""
    recovering = backoff()
    recovering.on_failure()
    recovering.on_failure()

    assert pytest.approx([8 * 0.9, 8 * 0.9**2, 8 * 0.9**3]) == [after_success(recovering) for _ in range(3)]
    assert [2, 2] == [after_success(recovering) for _ in range(20)][-2:]


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_jitter_spreads_a_longer_pause(chance: float, expected: float) -> None:
    """Between half of the pause and all of it: many builders must not come back all at once."""
    slower = backoff(chance=chance)
    for _ in range(3):
        slower.on_failure()

    assert pytest.approx(15 * 0.3 * expected) == slower.delay()
    assert pytest.approx(15 * 0.9 * expected) == after_success(slower)


def test_an_interval_above_the_maximum_delay_stays() -> None:
    """ErrorKind never makes it faster."""
    slow = backoff(60)
    slow.on_failure()

    assert 60 == slow.delay()


@settings(deadline=None, derandomize=True)
@given(
    interval=st.floats(min_value=1, max_value=60),
    chance=st.floats(min_value=0, max_value=1),
    events=st.lists(st.booleans(), max_size=30),
)
def test_a_delay_is_between_the_interval_and_the_maximum(interval: float, chance: float, events: list[bool]) -> None:
    """Whatever happened before."""
    any_backoff = backoff(interval, chance=chance)
    for on_success in events:
        (any_backoff.on_success if on_success else any_backoff.on_failure)()

    assert interval <= any_backoff.delay() <= max(15, interval)
