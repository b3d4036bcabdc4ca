"""Wrong poll intervals and triggers fail when the construct is made, with the value and the remedy."""

import re
from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration

from synth.stacks import any_builder, any_stack, only, template, template_with

TYPE = "Custom::AppStreamRunningImageBuilder"
POLL_REMEDY = "specify whole seconds from 1 second to 1 minute"


def refused(message: str, **options: Any) -> None:
    """Expect that a builder with these options cannot be made, and why, in one line."""
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        any_builder(any_stack(), **options)
    assert 1 == len(message.splitlines())


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (Duration.seconds(0), "0 seconds"),
        (Duration.millis(999), "999 millis"),
        (Duration.millis(1500), "1 second 500 millis"),
        (Duration.seconds(61), "1 minute 1 second"),
        (Duration.hours(1), "1 hour"),
    ],
)
def test_a_poll_interval_out_of_range_is_refused(duration: Duration, shown: str) -> None:
    """Shorter ones would be throttled, longer ones would answer late."""
    refused(f"poll_interval is {shown}: {POLL_REMEDY}", poll_interval=duration)


@pytest.mark.parametrize("seconds", [1, 60])
def test_both_ends_of_the_range_belong_to_it(seconds: int) -> None:
    """A minute is allowed where the timeout is a minute as well."""
    found = template_with(poll_interval=Duration.seconds(seconds), timeout=Duration.minutes(1))
    assert seconds == only(found, TYPE)["Properties"]["PollIntervalSeconds"]


def test_a_number_is_no_poll_interval() -> None:
    """A number has no unit."""
    refused("poll_interval is 5: specify a Duration, such as Duration.seconds(1)", poll_interval=5)


@pytest.mark.parametrize(
    ("triggers", "message"),
    [
        ("v1", "triggers is 'v1': specify a mapping of strings to strings"),
        (["v1"], "triggers is ['v1']: specify a mapping of strings to strings"),
        ({"build": 7}, "triggers has 'build': 7: specify strings, such as 'build': '7'"),
        ({"build": None}, "triggers has 'build': None: specify strings, such as 'build': 'None'"),
        ({7: "build"}, "triggers has 7: 'build': specify strings, such as '7': 'build'"),
    ],
)
def test_triggers_are_strings(triggers: Any, message: str) -> None:
    """CloudFormation would make strings of anything else, in a way of its own."""
    refused(message, triggers=triggers)


def test_a_token_can_be_a_trigger() -> None:
    """A value of the stack, such as another resource's version, triggers by its change."""
    stack = any_stack()
    any_builder(stack, triggers={"version": CfnParameter(stack, "Version").value_as_string})
    assert {"version": {"Ref": "Version"}} == only(template(stack), TYPE)["Properties"]["Triggers"]


def test_empty_triggers_are_fine() -> None:
    """A program that collects triggers need not ask whether it found any."""
    assert {} == only(template_with(triggers={}), TYPE)["Properties"].get("Triggers", {})
