"""How long to pause between two calls: steady, slower in trouble, recovering."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from running_image_builder_function.lifecycle import Pace


def pace(interval: float = 2.0, *, chance: float = 1.0) -> Pace:
    """Return a pace whose chance always gives the same number."""
    return Pace(interval, random=lambda: chance)


def test_all_is_well_at_the_steady_pace() -> None:
    """Without any jitter: nothing is to be spread."""
    steady = pace(chance=0.5)
    steady.well()

    assert [2, 2] == [steady.next(), steady.next()]


def test_trouble_makes_the_pause_half_as_long_again_up_to_20_seconds() -> None:
    """However long it lasts; the first answer ends it."""
    pauses = []
    for troubles in (1, 2, 3, 5, 6, 20):
        slower = pace()
        for _ in range(troubles):
            slower.troubled()
        slower.well()
        pauses.append(slower.next())

    assert [pytest.approx(0.95 * each) for each in (3, 4.5, 6.75, 15.1875, 20, 20)] == pauses


def test_what_was_not_answered_is_tried_again_in_a_quarter_of_the_pause() -> None:
    """Never sooner than at half more than the steady pace."""
    slower = pace()
    pauses = []
    for _ in range(7):
        slower.troubled()
        pauses.append(slower.next())

    assert [3, 3, 3, 3, 3.796875, 5, 5] == pauses


def test_answers_shorten_the_pause_by_a_twentieth_each_until_it_is_steady() -> None:
    """Many builders that share a rate settle near the pause that it allows to each."""
    recovering = pace()
    for _ in range(2):
        recovering.troubled()
    pauses = []
    for _ in range(17):
        recovering.well()
        pauses.append(recovering.next())

    assert [pytest.approx(max(2, 4.5 * 0.95**number)) for number in range(1, 18)] == pauses
    assert 2 == pauses[-1]


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 10), (0.5, 15), (1.0, 20)])
def test_jitter_spreads_a_longer_pause(chance: float, expected: float) -> None:
    """Between half and the whole of it: many builders must not come back all at once."""
    slower = pace(chance=chance)
    for _ in range(20):
        slower.troubled()
    slower.well()

    assert pytest.approx(0.95 * expected) == slower.next()


def test_a_pace_that_is_slower_than_the_longest_pause_stays_as_it_is() -> None:
    """Trouble never makes it faster."""
    slow = pace(60)
    slow.troubled()

    assert 60 == slow.next()


@settings(deadline=None, derandomize=True)
@given(
    interval=st.floats(min_value=1, max_value=60),
    chance=st.floats(min_value=0, max_value=1),
    events=st.lists(st.booleans(), max_size=30),
)
def test_a_pause_is_never_shorter_than_the_interval_nor_longer_than_allowed(
    interval: float, chance: float, events: list[bool]
) -> None:
    """Whatever happened before."""
    any_pace = pace(interval, chance=chance)
    for well in events:
        (any_pace.well if well else any_pace.troubled)()

    assert interval <= any_pace.next() <= max(20, interval)
