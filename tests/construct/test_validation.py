"""Wrong input fails when the construct is made: in one line, with the value and the remedy."""

from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration

from synth.stacks import Json, any_builder, any_stack, only, template, template_with

TYPE = "Custom::AppStreamRunningImageBuilder"
NAME_REMEDY = "specify 1 to 101 letters, digits, '_', '.' or '-', beginning with a letter or digit"
TIMEOUT_REMEDY = "specify whole seconds from 1 minute to 59 minutes"


def refusal(**options: Any) -> str:
    """Return why a builder with these options cannot be made."""
    with pytest.raises((TypeError, ValueError)) as refused:
        any_builder(any_stack(), **options)
    return str(refused.value)


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "a b", "a/b", "a" * 102, "ä", "a\n", 7])
def test_a_name_that_no_builder_can_have_is_refused(name: Any) -> None:
    """The API's own pattern is checked before anything is deployed."""
    assert f"image_builder_name is {name!r}: {NAME_REMEDY}" == refusal(image_builder_name=name)


@pytest.mark.parametrize("name", ["a", "9", "A_b.c-d", "a" * 101])
def test_a_name_that_a_builder_can_have_is_taken(name: str) -> None:
    """Everything that the API's pattern allows is allowed."""
    assert name == only(template_with(image_builder_name=name), TYPE)["Properties"]["Name"]


@pytest.mark.parametrize(
    ("version", "shown"), [("", "''"), ("1" * 101, "101 characters long"), (20260101, "20260101"), (0, "0")]
)
def test_a_version_that_the_api_cannot_take_is_refused(version: Any, shown: str) -> None:
    """A version has 1 to 100 characters; a long one is not printed in full."""
    assert f"appstream_agent_version is {shown}: specify 1 to 100 characters, 'LATEST', or omit it" == refusal(
        appstream_agent_version=version
    )


@pytest.mark.parametrize("version", ["1", "LATEST", "1" * 100])
def test_a_version_that_the_api_can_take_is_taken(version: str) -> None:
    """Which versions exist only AppStream knows."""
    found = template_with(appstream_agent_version=version)
    assert version == only(found, TYPE)["Properties"]["AppstreamAgentVersion"]


@pytest.mark.parametrize(
    ("timeout", "shown"),
    [
        ({"seconds": 0}, "0 seconds"),
        ({"seconds": 59}, "59 seconds"),
        ({"minutes": 60}, "1 hour"),
        ({"seconds": 3541}, "59 minutes 1 second"),
        ({"millis": 60_500}, "1 minute 500 millis"),
        ({"days": 1}, "1 day"),
    ],
)
def test_a_timeout_out_of_range_is_refused(timeout: dict[str, int], shown: str) -> None:
    """The range leaves CloudFormation's hour room for the function's own answer."""
    ((unit, amount),) = timeout.items()
    duration = getattr(Duration, unit)(amount)
    assert f"timeout is {shown}: {TIMEOUT_REMEDY}" == refusal(timeout=duration)


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 60), (59, 3540), (2.05, 123), (4.35, 261)])
def test_a_timeout_of_whole_seconds_is_taken(minutes: float, seconds: int) -> None:
    """Both ends belong to the range, and a fraction that only floating point makes is no fraction."""
    found = template_with(timeout=Duration.minutes(minutes))
    assert seconds == only(found, TYPE)["Properties"]["TimeoutSeconds"]


def test_a_number_is_no_timeout() -> None:
    """A number has no unit, so it is refused instead of being taken for seconds or minutes."""
    assert "timeout is 30: specify a Duration, such as Duration.seconds(60)" == refusal(timeout=30)


def test_a_word_is_no_choice_for_delete() -> None:
    """Only the enum's members say what deleting does."""
    assert "on_delete is 'STOP': specify OnDelete.LEAVE_RUNNING or OnDelete.STOP" == refusal(on_delete="STOP")


@pytest.mark.parametrize("option", ["image_builder_name", "appstream_agent_version"])
def test_tokens_are_left_to_the_function(option: str) -> None:
    """What has no value before the deploy is checked by the function, by the same rules."""
    stack = any_stack()
    any_builder(stack, **{option: CfnParameter(stack, "Later").value_as_string})
    key = {"image_builder_name": "Name", "appstream_agent_version": "AppstreamAgentVersion"}[option]
    assert {"Ref": "Later"} == only(template(stack), TYPE)["Properties"][key]


def test_a_name_within_a_token_is_left_to_the_function_too() -> None:
    """A text with a token in it is a token."""
    stack = any_stack()
    any_builder(stack, image_builder_name=f"team/{CfnParameter(stack, 'Later').value_as_string}")
    assert {"Fn::Join": ["", ["team/", {"Ref": "Later"}]]} == only(template(stack), TYPE)["Properties"]["Name"]


def test_every_refusal_is_one_line() -> None:
    """CDK prints the message as it is, so it must stay readable."""
    wrong: list[Json] = [{"image_builder_name": "a\nb"}, {"appstream_agent_version": "\n" * 200}, {"timeout": 3}]
    assert [1, 1, 1] == [len(refusal(**options).splitlines()) for options in wrong]
