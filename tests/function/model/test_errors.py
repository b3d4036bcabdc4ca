"""The Reason in the events pane: builder, state, cause and remedy, in 240 characters of whole words."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from running_image_builder_function.model.error_messages import remedy
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, plain, reason, shorten
from running_image_builder_function.reconcile.states import STATES

NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}", fullmatch=True)
LONGEST = "n" * 101

REMEDIES = st.builds(
    lambda kind, code: remedy(AwsCallError(kind, action="any:Action", code=code, detail="any")),
    st.sampled_from(ErrorKind),
    st.sampled_from(["any", "InvalidAccountStatusException", "IncompatibleImageException"]),
)
WORDS = st.lists(st.text("abcdefgäé", min_size=1, max_size=12), min_size=1, max_size=80).map(" ".join)


def words(text: str) -> set[str]:
    """Return the words of a text, without what ends a sentence."""
    return {word.rstrip(".,;:") for word in text.split()}


def test_a_reason_says_builder_state_cause_and_remedy() -> None:
    """In this order; a full stop ends the cause."""
    assert "Image builder b-1 (STOPPED): it broke. Mend it." == reason(
        name="b-1", state="STOPPED", cause="it broke", remedy="Mend it."
    )


def test_a_reason_without_a_state_or_a_name_leaves_them_out() -> None:
    """Before the first description, and where the name itself is wrong."""
    assert "Image builder b-1: it broke. Mend it." == reason(name="b-1", state="", cause="it broke", remedy="Mend it.")
    assert "Image builder: it broke. Mend it." == reason(name="", state="", cause="it broke", remedy="Mend it.")


@pytest.mark.parametrize("cause", ["It broke.", "It broke!", "Did it break?"])
def test_a_cause_with_a_full_stop_gets_no_second_one(cause: str) -> None:
    """AWS's own messages end in one more often than not."""
    assert f"Image builder b-1: {cause} Mend it." == reason(name="b-1", state="", cause=cause, remedy="Mend it.")


def test_a_reason_without_a_cause_is_still_one() -> None:
    """An empty message of AWS's."""
    assert "Image builder b-1: Mend it." == reason(name="b-1", state="", cause="", remedy="Mend it.")


def test_a_name_in_the_cause_does_not_replace_the_builders() -> None:
    """A builder may be called like a word of the text."""
    assert "Image builder it (FAILED): it broke. Mend it." == reason(
        name="it", state="FAILED", cause="it broke", remedy="Mend it."
    )


def test_awss_own_words_come_after_the_remedy() -> None:
    """They can be long, and the CDK CLI breaks its lines: the remedy is to be on the first."""
    assert "Image builder b-1: it broke. Mend it. AWS: It is broken." == reason(
        name="b-1", state="", cause="it broke", remedy="Mend it.", details="AWS:  It is\nbroken."
    )


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (40, "AWS: some-words-that tell what it was..."),
        (39, "AWS: some-words-that tell what it..."),
        (30, "AWS: some-words-that tell..."),
        (29, ""),
    ],
)
def test_awss_own_words_are_cut_to_what_there_is_room_for(room: int, expected: str) -> None:
    """A part of them that is too short to say anything is left out."""
    head = "Image builder b-1: it broke."
    advice = "x" * (240 - room - 1 - len(f"{head} "))
    details = "AWS: some-words-that tell what it was about, at length"

    assert f"{head} {advice} {expected}".rstrip() == reason(
        name="b-1", state="", cause="it broke", remedy=advice, details=details
    )


def test_short_details_are_kept_in_little_room() -> None:
    """Where they are whole they say something."""
    advice = "x" * (240 - len("Image builder b-1: it broke.  AWS: No."))

    assert reason(name="b-1", state="", cause="it broke", remedy=advice, details="AWS: No.").endswith("x AWS: No.")


@settings(deadline=None, derandomize=True, max_examples=500)
@given(name=NAMES, state=st.sampled_from(["", *STATES]), cause=WORDS, advice=REMEDIES)
@example(name=LONGEST, state="PENDING_SYNCING_APPS", cause="x " * 200, advice="Mend it.")
def test_a_reason_has_all_its_parts_in_240_characters(name: str, state: str, cause: str, advice: str) -> None:
    """Only the cause is ever cut, between words, and marked."""
    text = reason(name=name, state=state, cause=cause, remedy=advice)

    head = f"Image builder {name} ({state}): " if state else f"Image builder {name}: "
    assert len(text) <= 240
    assert text.startswith(head)
    assert text.endswith(f" {advice}")
    said = text.removeprefix(head).removesuffix(f" {advice}")
    assert words(said) <= words(cause) | {""}
    assert (said == f"{plain(cause)}.") == (len(f"{head}{plain(cause)}. {advice}") <= 240)
    assert said.endswith(".")
    assert not said.endswith("....")


@settings(deadline=None, derandomize=True, max_examples=500)
@given(name=st.text(), state=st.text(), cause=st.text(), advice=st.text(), details=st.text())
def test_a_reason_is_always_one_line_of_240_characters(
    name: str, state: str, cause: str, advice: str, details: str
) -> None:
    """Control characters and line breaks of AWS's messages become blanks."""
    text = reason(name=name, state=state, cause=cause, remedy=advice, details=details)

    assert len(text) <= 240
    assert text.isprintable()


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("one two", 7, "one two"),
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two..."),
        ("one two three", 10, "one two..."),
        ("one two three", 9, "one..."),
        ("one, two", 7, "one..."),
        ("one.;: two", 9, "one..."),
        ("XoneX two", 8, "XoneX..."),
        ("onetwothree", 6, "one..."),
        ("onetwothree", 4, "o..."),
        ("onetwothree", 3, ""),
        ("one", 3, "one"),
        ("one two", 0, ""),
        (" one \n two ", 7, "one two"),
    ],
)
def test_a_text_is_cut_between_words_and_marked(text: str, limit: int, expected: str) -> None:
    """A single word that is too long is cut within; where not even a mark fits, nothing is left."""
    assert expected == shorten(text, limit)


@settings(deadline=None, derandomize=True)
@given(text=st.text(), limit=st.integers(min_value=0, max_value=50))
def test_a_shortened_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    """Whatever it is made of."""
    assert len(shorten(text, limit)) <= limit


@pytest.mark.parametrize(
    ("text", "expected"), [("a\tb\r\nc", "a b c"), ("  a  b ", "a b"), ("a\x00b\u200bc", "a b c"), ("ä 日本", "ä 日本")]
)
def test_plain_text_is_on_one_line(text: str, expected: str) -> None:
    """What cannot be seen becomes a blank; what can stays."""
    assert expected == plain(text)


def test_an_error_keeps_its_parts_and_reads_well_in_a_log() -> None:
    """Action, code, AWS's words."""
    error = AwsCallError(ErrorKind.BUSY, action="appstream:StartImageBuilder", code="Conflict", detail="Not now.")

    assert "appstream:StartImageBuilder: Conflict: Not now." == str(error)
    assert (ErrorKind.BUSY, "appstream:StartImageBuilder", "Conflict", "Not now.") == (
        error.kind,
        error.action,
        error.code,
        error.detail,
    )
