"""What a request remembers: when it begins, and that a self-invocation keeps all of it."""

import json
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from running_image_builder_function.reconcile.callback_context import (
    KEY,
    CallbackContext,
    LastCall,
    Observation,
    StackFindings,
    Starts,
    StopScheduleProgress,
)
from support.lambda_harness import RESPONSE_URL, event

NOW = 1_800_000_000.0
MOMENTS = st.floats(min_value=0, max_value=2**33)


def signed(seconds_ago: float) -> dict[str, object]:
    """Return an event whose ResponseURL was signed that long ago."""
    stamp = datetime.fromtimestamp(NOW - seconds_ago, tz=timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return {**event(), "ResponseURL": f"{RESPONSE_URL}&X-Amz-Date={stamp}"}


def test_a_context_begins_empty() -> None:
    """Nothing was seen and nothing done."""
    expected = CallbackContext(
        began_at=NOW,
        invocation=1,
        builder=Observation(state="", running_since=None, other_start_failed_at=None),
        last_call=LastCall(step="", at=0.0, confirmed=False, took_effect=False),
        starts=Starts(made=False, restarted=False),
        dated=False,
        delivered_at=NOW,
        redelivered=False,
    )

    assert expected == CallbackContext.resume(event(), now=NOW)


@pytest.mark.parametrize(("seconds_ago", "late"), [(0, False), (29, False), (30, True), (7200, True), (-60, False)])
def test_a_request_is_late_half_a_minute_after_it_was_issued(seconds_ago: float, late: bool) -> None:
    """Then Lambda has delivered it before: a first delivery takes a few seconds at most."""
    assert late is CallbackContext.resume(signed(seconds_ago), now=NOW).redelivered


def test_a_request_of_unknown_age_is_taken_for_a_fresh_one() -> None:
    """Its URL has no date."""
    assert CallbackContext.resume(event(), now=NOW).redelivered is False


@pytest.mark.parametrize("url", [None, "", 7, []])
def test_a_request_without_a_url_has_no_date(url: object) -> None:
    """It begins now."""
    assert not CallbackContext.resume({**event(), "ResponseURL": url}, now=NOW).dated
    assert not CallbackContext.resume({}, now=NOW).dated


@pytest.mark.parametrize(("seconds_ago", "began"), [(0, 0), (1, 1), (86_400, 86_400), (-1, -1), (-60, -60), (-61, 0)])
def test_a_context_begins_at_the_requests_date(seconds_ago: float, began: float) -> None:
    """However long ago, or a little ahead of this clock. One that is far ahead cannot be: then it begins now."""
    assert NOW - began == CallbackContext.resume(signed(seconds_ago), now=NOW).began_at


def test_a_self_invoked_context_goes_on_as_it_was() -> None:
    """Whatever the URL's date says."""
    context = CallbackContext(began_at=NOW - 100, last_call=LastCall(step="start"))

    again = CallbackContext.resume(context.next_event(signed(600), now=NOW), now=NOW)

    assert (
        CallbackContext(began_at=NOW - 100, last_call=LastCall(step="start"), self_invoked_at=NOW, invocation=2)
        == again
    )


@pytest.mark.parametrize(("seconds_ago", "late"), [(0, False), (29, False), (30, True)])
def test_an_event_that_is_self_invoked_again_is_late(seconds_ago: float, late: bool) -> None:
    """The invocation that carried it on has died, with what it had done."""
    invoked = CallbackContext(began_at=NOW - 500).next_event(event(), now=NOW - seconds_ago)

    assert late is CallbackContext.resume(invoked, now=NOW).redelivered


def test_what_another_version_remembered_is_ignored() -> None:
    """A deploy may replace the function's code between two invocations."""
    invoked = CallbackContext(began_at=NOW).next_event(event(), now=NOW)
    invoked[KEY]["new"] = 1
    invoked[KEY]["builder"]["new"] = 1

    assert CallbackContext(began_at=NOW, self_invoked_at=NOW, invocation=2) == CallbackContext.resume(invoked, now=NOW)


def test_what_is_no_callback_context_is_ignored() -> None:
    """Only the function itself writes one."""
    assert NOW == CallbackContext.resume({**event(), KEY: "any"}, now=NOW).began_at


@settings(deadline=None, derandomize=True)
@given(
    st.builds(
        CallbackContext,
        began_at=MOMENTS,
        invocation=st.integers(min_value=1, max_value=1000),
        builder=st.builds(
            Observation, state=st.text(), running_since=st.none() | MOMENTS, other_start_failed_at=st.none() | MOMENTS
        ),
        last_call=st.builds(
            LastCall,
            step=st.sampled_from(["", "start", "stop"]),
            at=MOMENTS,
            confirmed=st.booleans(),
            took_effect=st.booleans(),
        ),
        starts=st.builds(Starts, made=st.booleans(), restarted=st.booleans(), has_other_delivery=st.booleans()),
        schedule=st.builds(StopScheduleProgress, postponed=st.booleans(), stops_at=st.none() | MOMENTS),
        stack=st.builds(StackFindings, another_owner=st.none() | st.text(), request_shown_at=st.none() | MOMENTS),
        refused_since=st.dictionaries(st.text(), MOMENTS),
        warnings=st.lists(st.text()),
        redelivered=st.booleans(),
    )
)
def test_a_self_invocation_keeps_everything_and_counts(context: CallbackContext) -> None:
    """The event itself is kept as well."""
    invoked = context.next_event(event(), now=NOW)

    expected = CallbackContext(**{**vars(context), "self_invoked_at": NOW, "invocation": context.invocation + 1})
    assert expected == CallbackContext.resume(invoked, now=NOW)
    assert json.loads(json.dumps(invoked)) == invoked
    assert event() == {key: value for key, value in invoked.items() if key != KEY}
