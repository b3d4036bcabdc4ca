"""What a schedule's description carries, and what is read of one that somebody has changed."""

from dataclasses import replace

import pytest

from running_image_builder_function.model.stop_schedule import ScheduledStop
from support.fake_appstream import NAME

AT = 1_800_000_000.0
PLAIN = f"Stops the AppStream image builder {NAME}"
STOP = ScheduledStop(at=AT, builder=NAME)


def read(description: str) -> ScheduledStop:
    """Return that stop with what a description says of it."""
    return ScheduledStop.described(description, at=AT, builder=NAME)


@pytest.mark.parametrize("request_id", ["", "12345678-90ab-cdef-1234-567890abcdef", "request-1", "r" * 128])
@pytest.mark.parametrize("earlier_stop_until", [0.0, AT, AT + 86400])
@pytest.mark.parametrize("is_fallback", [False, True])
def test_what_is_written_is_read_again(request_id: str, earlier_stop_until: float, is_fallback: bool) -> None:
    """Within what the scheduler takes: 512 characters."""
    stop = ScheduledStop(
        at=AT,
        builder="b" * 101,
        request_id=request_id,
        is_fallback=is_fallback,
        earlier_stop_until=earlier_stop_until,
    )

    assert len(stop.description) <= 512
    assert stop == ScheduledStop.described(stop.description, at=AT, builder="b" * 101)


def test_a_part_of_a_second_counts_as_a_whole_one() -> None:
    """An earlier end would let a stop come unexpected."""
    written = replace(STOP, earlier_stop_until=AT + 0.001).description

    assert replace(STOP, earlier_stop_until=AT + 1) == read(written)


@pytest.mark.parametrize("request_id", ["a b", "a)b", "a;b", "r" * 129, "\n"])
def test_an_id_of_another_kind_is_left_out(request_id: str) -> None:
    """The description must be taken, and be read again as it was meant."""
    assert PLAIN == replace(STOP, request_id=request_id).description


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Do not touch",
        PLAIN,
        f"{PLAIN} (request )",
        f"{PLAIN} (request a b)",
        f"{PLAIN} (an earlier stop may come until tomorrow)",
        f"{PLAIN} (an earlier stop may come until 2027-13-15T08:00:00Z)",
        f"{PLAIN} (an earlier stop may come until 2027-01-15T08:00:00)",
    ],
)
def test_what_somebody_else_has_written_tells_nothing(text: str) -> None:
    """It is no error either."""
    assert STOP == read(text)


def test_a_note_is_found_in_what_somebody_has_added_to() -> None:
    """The note still holds then."""
    stop = replace(STOP, request_id="request-1", is_fallback=True, earlier_stop_until=AT)

    assert stop == read(f"Team A: {stop.description} (see the wiki)")
