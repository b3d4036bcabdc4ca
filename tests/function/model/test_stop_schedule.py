"""What a schedule's description carries, and what is read of one that somebody has changed."""

import pytest

from running_image_builder_function.model.stop_schedule import describe_stop, parse_description
from support.fake_appstream import NAME

AT = 1_800_000_000.0
PLAIN = f"Stops the AppStream image builder {NAME}"


@pytest.mark.parametrize("request_id", ["", "12345678-90ab-cdef-1234-567890abcdef", "request-1", "r" * 128])
@pytest.mark.parametrize("earlier_stop_until", [0.0, AT, AT + 86400])
def test_what_is_written_is_read_again(request_id: str, earlier_stop_until: float) -> None:
    """Within what the scheduler takes: 512 characters."""
    text = describe_stop("b" * 101, request_id=request_id, earlier_stop_until=earlier_stop_until)

    assert len(text) <= 512
    assert (request_id, earlier_stop_until) == parse_description(text)


def test_a_part_of_a_second_counts_as_a_whole_one() -> None:
    """An earlier end would let a stop come unexpected."""
    assert ("", AT + 1) == parse_description(describe_stop(NAME, request_id="", earlier_stop_until=AT + 0.001))


@pytest.mark.parametrize("request_id", ["a b", "a)b", "a;b", "r" * 129, "\n"])
def test_an_id_of_another_kind_is_left_out(request_id: str) -> None:
    """The description must be taken, and be read again as it was meant."""
    assert PLAIN == describe_stop(NAME, request_id=request_id, earlier_stop_until=0.0)


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
    assert ("", 0.0) == parse_description(text)


def test_a_note_is_found_in_what_somebody_has_added_to() -> None:
    """The note still holds then."""
    text = describe_stop(NAME, request_id="request-1", earlier_stop_until=AT)

    assert ("request-1", AT) == parse_description(f"Team A: {text} (see the wiki)")
