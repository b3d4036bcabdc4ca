"""Wrong input fails when the construct is made: in one line, with the value and the remedy."""

from typing import Any

import pytest
from aws_cdk import Duration

from synth.stacks import TYPE, any_builder, any_stack, only, template_with

NAME_REMEDY = "specify 1 to 101 letters, digits, '_', '.' or '-', beginning with a letter or digit"
VERSION_REMEDY = "specify 1 to 100 characters, 'LATEST', or omit it"
TIMEOUT_REMEDY = "specify whole seconds from 1 minute to 59 minutes"
POLL_REMEDY = "specify whole seconds from 1 second to 1 minute"
STOP_REMEDY = "specify whole seconds from 15 minutes to 30 days"
MAPPING = "specify a mapping of strings to strings"

REFUSED: list[tuple[str, Any, str]] = [
    # The API's own pattern, before anything is deployed.
    *[
        ("image_builder_name", name, f"is {name!r}: {NAME_REMEDY}")
        for name in ("", "-a", ".a", "_a", "a b", "a/b", "a" * 102, "ä", "a\n", "a\nb", 7)
    ],
    ("appstream_agent_version", "", f"is '': {VERSION_REMEDY}"),
    # What is long is not printed in full.
    ("appstream_agent_version", "1" * 101, f"is 101 characters long: {VERSION_REMEDY}"),
    ("appstream_agent_version", "\n" * 200, f"is 200 characters long: {VERSION_REMEDY}"),
    ("appstream_agent_version", 20260101, f"is 20260101: {VERSION_REMEDY}"),
    ("appstream_agent_version", 0, f"is 0: {VERSION_REMEDY}"),
    # The range leaves CloudFormation's hour room for the function's own response.
    ("timeout", Duration.seconds(0), f"is 0 seconds: {TIMEOUT_REMEDY}"),
    ("timeout", Duration.seconds(59), f"is 59 seconds: {TIMEOUT_REMEDY}"),
    ("timeout", Duration.minutes(60), f"is 1 hour: {TIMEOUT_REMEDY}"),
    ("timeout", Duration.seconds(3541), f"is 59 minutes 1 second: {TIMEOUT_REMEDY}"),
    ("timeout", Duration.millis(60_500), f"is 1 minute 500 millis: {TIMEOUT_REMEDY}"),
    ("timeout", Duration.days(1), f"is 1 day: {TIMEOUT_REMEDY}"),
    # A number has no unit, so it is taken for neither seconds nor minutes.
    ("timeout", 30, "is 30: specify a Duration, such as Duration.seconds(60)"),
    # Shorter ones would be throttled, longer ones would answer late.
    ("poll_interval", Duration.seconds(0), f"is 0 seconds: {POLL_REMEDY}"),
    ("poll_interval", Duration.millis(999), f"is 999 millis: {POLL_REMEDY}"),
    ("poll_interval", Duration.millis(1500), f"is 1 second 500 millis: {POLL_REMEDY}"),
    ("poll_interval", Duration.seconds(61), f"is 1 minute 1 second: {POLL_REMEDY}"),
    ("poll_interval", Duration.hours(1), f"is 1 hour: {POLL_REMEDY}"),
    ("poll_interval", 5, "is 5: specify a Duration, such as Duration.seconds(1)"),
    ("stop_after", Duration.minutes(14), f"is 14 minutes: {STOP_REMEDY}"),
    ("stop_after", Duration.days(31), f"is 31 days: {STOP_REMEDY}"),
    ("stop_after", 3600, "is 3600: specify a Duration, such as Duration.seconds(900)"),
    ("on_delete", "STOP", "is 'STOP': specify OnDelete.LEAVE_RUNNING or OnDelete.STOP"),
    # The text "false" would be true.
    ("start_on_every_deploy", "false", "is 'false': specify True or False"),
    # CloudFormation would make strings of anything else, in a way of its own.
    ("triggers", "v1", f"is 'v1': {MAPPING}"),
    ("triggers", ["v1"], f"is ['v1']: {MAPPING}"),
    ("triggers", {"build": 7}, "has 'build': 7: specify strings, such as 'build': '7'"),
    ("triggers", {"build": None}, "has 'build': None: specify strings, such as 'build': 'None'"),
    ("triggers", {7: "build"}, "has 7: 'build': specify strings, such as '7': 'build'"),
]


@pytest.mark.parametrize(("option", "value", "message"), REFUSED)
def test_a_wrong_value_is_refused(option: str, value: Any, message: str) -> None:
    """CDK prints the message as it is, so it is one line."""
    with pytest.raises((TypeError, ValueError)) as refused:
        any_builder(any_stack(), **{option: value})
    assert f"{option} {message}" == str(refused.value)
    assert 1 == len(str(refused.value).splitlines())


@pytest.mark.parametrize(
    ("option", "value", "key", "written"),
    [
        *[("image_builder_name", name, "Name", name) for name in ("a", "9", "A_b.c-d", "a" * 101)],
        # Which versions exist only AppStream knows.
        *[("appstream_agent_version", each, "AppstreamAgentVersion", each) for each in ("1", "LATEST", "1" * 100)],
        # Both ends belong to the range, and a fraction that only floating point makes is no fraction.
        *[
            ("timeout", Duration.minutes(minutes), "TimeoutSeconds", seconds)
            for minutes, seconds in ((1, 60), (59, 3540), (2.05, 123), (4.35, 261))
        ],
        ("poll_interval", Duration.seconds(1), "PollIntervalSeconds", 1),
        ("poll_interval", Duration.minutes(1), "PollIntervalSeconds", 60),
        # A program that collects triggers need not ask whether it found any.
        ("triggers", {}, "Triggers", None),
    ],
)
def test_a_right_value_is_taken(option: str, value: Any, key: str, written: Any) -> None:
    """Everything that the API allows is allowed."""
    assert written == (only(template_with(**{option: value}), TYPE)["Properties"].get(key) or None)


def test_a_poll_interval_may_be_as_long_as_the_timeout() -> None:
    """A minute."""
    found = template_with(poll_interval=Duration.seconds(60), timeout=Duration.minutes(1))
    assert 60 == only(found, TYPE)["Properties"]["PollIntervalSeconds"]
