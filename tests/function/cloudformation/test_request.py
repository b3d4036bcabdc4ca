"""CloudFormation's event as a typed request: what is valid, and which builder a Delete is about."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from running_image_builder_function.cloudformation.physical_ids import START_NOT_SEEN
from running_image_builder_function.cloudformation.request import Request, parse
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.model.stop_schedule import StopSchedule
from running_image_builder_function.timing import STACK_CONSISTENCY_WINDOW
from support.fake_appstream import NAME
from support.fake_schedules import SCHEDULE
from support.lambda_harness import LOGICAL_ID, RESPONSE_URL, LambdaHarness, event, update_event

_INVALID: dict[str, tuple[str, list[object]]] = {
    "Name": (
        "Use 1 to 101 letters, digits, '_', '.' or '-', a letter or digit first.",
        ["-a", ".a", "_a", "a b", "a/b", "ä", "a\n", "x" * 102, " " + "x" * 57, " " + "x" * 58, 7, ["a"], {"a": "b"}],
    ),
    "TimeoutSeconds": (
        "Use a number of seconds from 60 to 3540.",
        ["soon", "59.9", "3540.1", "nan", "inf", "", "60 minutes", "2 fortnights", "minutes", ["60"]],
    ),
    "PollIntervalSeconds": ("Use a number of seconds from 1 to 60.", ["0", "61"]),
    "OnDelete": ("Use LEAVE_RUNNING or STOP.", ["DESTROY", "stop", ["STOP"]]),
    "RestartToUpdateAgent": ("Use true or false.", ["yes", ""]),
    "AppstreamAgentVersion": ("Use 1 to 100 characters or LATEST, or omit it.", ["", 7, "v" * 101]),
    "StopAfterSeconds": ("Use a number of seconds from 900 to 2592000.", ["899", "2592001", "soon"]),
    "ScheduleName": ("Use a schedule's name.", [None, "/", "a/b", "x" * 65]),
    "SchedulerRoleArn": ("Use a role's ARN.", [None, "/", "role"]),
}
INVALID = [(key, value, remedy) for key, (remedy, values) in _INVALID.items() for value in values]


def problem(**properties: Any) -> str:
    """Return how properties are refused."""
    with pytest.raises(RequestFailed) as refused:
        parse(event(**properties))
    return str(refused.value)


def test_a_scheduled_stop_is_read_whole() -> None:
    """Its name, when it comes after RUNNING, and the role that makes it."""
    expected = StopSchedule(name="stop-1", role_arn=SCHEDULE["SchedulerRoleArn"], after=900)

    assert expected == parse(event(**SCHEDULE)).schedule


def test_a_name_is_all_that_is_needed() -> None:
    """Everything else has a default."""
    expected = Request(
        name=NAME,
        agent_version=None,
        restart_to_update_agent=False,
        timeout=1800,
        poll_interval=2,
        stop_on_delete=False,
        started_here=True,
        abandoned=None,
        logical_id=LOGICAL_ID,
        request_id="request-1",
    )

    assert expected == parse(event())


def test_strings_become_what_they_stand_for() -> None:
    """CloudFormation sends numbers and booleans as strings."""
    expected = Request(
        name=NAME,
        agent_version="LATEST",
        restart_to_update_agent=True,
        timeout=90.5,
        poll_interval=10,
        stop_on_delete=True,
        logical_id=LOGICAL_ID,
        request_id="request-1",
    )
    sent = event(
        AppstreamAgentVersion="LATEST",
        RestartToUpdateAgent="true",
        TimeoutSeconds="90.5",
        PollIntervalSeconds="10",
        OnDelete="STOP",
    )

    assert expected == parse(sent)


@pytest.mark.parametrize(
    ("before", "now", "dropped"),
    [
        (SCHEDULE, {}, True),
        (SCHEDULE, {**SCHEDULE, "ScheduleName": "stop-2"}, True),
        (SCHEDULE, {**SCHEDULE, "StopAfterSeconds": "3600"}, False),
        ({}, SCHEDULE, False),
        ({}, {}, False),
        ({**SCHEDULE, "Name": "another"}, {}, False),
        ({**SCHEDULE, "ScheduleName": "/"}, {}, False),
    ],
)
def test_an_update_may_drop_the_schedule(before: dict[str, str], now: dict[str, str], dropped: bool) -> None:
    """Another builder's is for that builder's own Delete; an invalid one was never made."""
    expected = parse(event(**SCHEDULE)).schedule if dropped else None

    assert expected == parse(update_event(before, **now)).dropped


def test_an_update_deletes_what_only_a_failed_one_has_named() -> None:
    """As that builder's own Delete would, with the properties it had."""
    sent = {**update_event({"Name": "failed", "OnDelete": "STOP"}), "PhysicalResourceId": f"old{START_NOT_SEEN}"}

    assert parse(event("Delete", physical_id="failed", Name="failed", OnDelete="STOP")) == parse(sent).abandoned


@pytest.mark.parametrize(
    ("request_type", "before"),
    [
        ("Create", {"Name": "failed"}),
        ("Update", {"Name": NAME}),
        ("Update", {"Name": "old"}),
        ("Update", {"Name": "no name"}),
        ("Update", {}),
    ],
)
def test_nothing_was_started_of_which_nobody_knows(request_type: str, before: dict[str, str]) -> None:
    """The old properties name this builder or the id's, or a builder that can't be started."""
    sent = {**event(request_type, physical_id="old"), "OldResourceProperties": before}

    assert parse(sent).abandoned is None


def test_extra_properties_are_ignored() -> None:
    """A template may say more than this version knows."""
    assert parse(event()) == parse(event(Comment="any", Tags=[{"Key": "any"}]))


@pytest.mark.parametrize("name", ["a", "0", "A.b_c-d", "x" * 101])
def test_a_name_of_the_apis_pattern_is_taken(name: str) -> None:
    """The pattern is AppStream's own."""
    assert name == parse(event(Name=name)).name


@pytest.mark.parametrize(("key", "value", "remedy"), INVALID)
def test_an_invalid_value_is_shown_with_the_remedy(key: str, value: object, remedy: str) -> None:
    """By its beginning where it is long. The builder is named as well, since a template may have several."""
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    name = "" if key == "Name" else f" {NAME}"
    stop = "" if shown.endswith(".") else "."

    assert f"Image builder{name}: property {key} is {shown}{stop} {remedy}" == problem(**{**SCHEDULE, key: value})


@pytest.mark.parametrize("name", [None, ""])
def test_a_missing_name_is_said_to_be_missing(name: str | None) -> None:
    """An empty string is what a template's empty parameter becomes."""
    assert problem(Name=name).startswith("Image builder: property Name is missing. Use 1 to 101 letters")


def test_an_event_without_properties_lacks_the_name() -> None:
    """A hand-written template can leave them out."""
    with pytest.raises(RequestFailed, match="property Name is missing"):
        parse({"RequestType": "Create"})


@pytest.mark.parametrize(
    ("key", "value", "attribute", "expected"),
    [
        ("TimeoutSeconds", "60", "timeout", 60),
        ("TimeoutSeconds", 3540, "timeout", 3540),
        ("TimeoutSeconds", "60000 millis", "timeout", 60),
        ("TimeoutSeconds", "60 seconds", "timeout", 60),
        ("TimeoutSeconds", "59 minutes", "timeout", 3540),
        ("TimeoutSeconds", "0.5 hours", "timeout", 1800),
        ("TimeoutSeconds", "0.01 days", "timeout", 864),
        ("PollIntervalSeconds", "1", "poll_interval", 1),
        ("PollIntervalSeconds", "60", "poll_interval", 60),
        ("RestartToUpdateAgent", "True", "restart_to_update_agent", True),
        ("RestartToUpdateAgent", "FALSE", "restart_to_update_agent", False),
        ("RestartToUpdateAgent", True, "restart_to_update_agent", True),
        ("OnDelete", "LEAVE_RUNNING", "stop_on_delete", False),
        ("AppstreamAgentVersion", "v" * 100, "agent_version", "v" * 100),
        ("AppstreamAgentVersion", "v", "agent_version", "v"),
    ],
)
def test_a_value_at_the_edge_is_taken(key: str, value: object, attribute: str, expected: object) -> None:
    """Limits include their ends."""
    sent: dict[str, Any] = {key: value}

    assert expected == getattr(parse(event(**sent)), attribute)


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_bad_properties_fail_the_request_at_once(harness: LambdaHarness, request_type: str) -> None:
    """No call is made; the id of an existing resource stays, a new one's says that nothing was started."""
    response = harness.run(event(request_type, Name="no name"))

    expected_id = NAME if request_type == "Update" else f"{LOGICAL_ID}/not-started"
    assert ("FAILED", expected_id) == (response["Status"], response["PhysicalResourceId"])
    assert [] == harness.appstream.calls()
    # An Update is the rollback's for as long as CloudFormation may show an old status: that must not fail.
    assert [0 if request_type == "Create" else STACK_CONSISTENCY_WINDOW] == harness.responded_at


@settings(deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "Name",
                "AppstreamAgentVersion",
                "RestartToUpdateAgent",
                "TimeoutSeconds",
                "PollIntervalSeconds",
                "OnDelete",
                "Other",
            ]
        ),
        st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.text()), st.floats()),
    )
)
def test_any_properties_are_a_request_or_a_readable_failure(properties: dict[str, Any]) -> None:
    """Nothing else ever comes out of it."""
    outcome: Request | RequestFailed
    try:
        outcome = parse({"RequestType": "Create", "ResponseURL": RESPONSE_URL, "ResourceProperties": properties})
    except RequestFailed as failure:
        outcome = failure

    assert isinstance(outcome, Request) or 0 < len(str(outcome)) <= 240
