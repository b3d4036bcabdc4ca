"""The messages of failed calls: the cause and the remedy."""

import re

import pytest

from running_image_builder_function.model.error_messages import (
    _BY_CODE,
    _BY_KIND,
    _CREDENTIALS,
    _NAMES,
    cause,
    lacks_permission,
    remedy,
)
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, reason

LONGEST = "n" * 101
WIDTH = 118
"""Characters of a reason that the CDK CLI prints on its first line: 120, two of them blank."""

ACTIONS = {
    "appstream": ("appstream:StartImageBuilder", "appstream:DescribeImageBuilders", "appstream:StopImageBuilder"),
    "scheduler": ("scheduler:UpdateSchedule", "scheduler:GetSchedule", "scheduler:DeleteSchedule"),
    "lambda": ("lambda:InvokeFunction",),
    "cloudformation": ("cloudformation:DescribeStacks",),
}
CODES = sorted({"any", *_CREDENTIALS, *(code for codes in _BY_CODE.values() for code in codes)})
FAILURES = [
    AwsCallError(kind, action=action, code=code, detail="any", has_no_endpoint=has_no_endpoint)
    for kind in ErrorKind
    for code in CODES
    for action in (*(each for actions in ACTIONS.values() for each in actions), "sts:AssumeRole by the scheduler")
    for has_no_endpoint in ((False, True) if kind is ErrorKind.UNAVAILABLE else (False,))
]
"""All that can go wrong with a call."""

FOREIGN = {
    "appstream": r"schedule|Lambda|concurrency|function was|CloudFormation|stack",
    "scheduler": r"builder|image|AppStream|agent|subnet|Lambda|concurrency|function was|CloudFormation|stack",
    "lambda": r"builder|image|AppStream|agent|subnet|schedule|CloudFormation|stack",
    "cloudformation": r"builder|image|AppStream|agent|subnet|schedule|Lambda|concurrency|function was",
}
"""What the words for one service's failure must not speak of."""


@pytest.mark.parametrize("error", FAILURES, ids=str)
def test_the_remedy_of_a_failed_call_is_on_the_first_line(error: AwsCallError) -> None:
    """With a name of eighteen characters; with the longest one nothing of it is cut either."""
    parts = {"state": "STOPPED", "cause": cause(error), "remedy": remedy(error)}

    text = reason(name="n" * 18, details="AWS: " + "word " * 100, **parts)
    longest = reason(name=LONGEST, details="AWS: " + "word " * 100, **parts)

    assert remedy(error) in text[:WIDTH]
    assert f"Image builder {LONGEST} (STOPPED): {cause(error)}. {remedy(error)}" in longest


@pytest.mark.parametrize("error", FAILURES, ids=str)
def test_every_failed_call_has_a_cause_and_a_remedy(error: AwsCallError) -> None:
    """A clause that says what is wrong, and a sentence that says what to do."""
    assert re.fullmatch(r"[a-zA-Z].*[a-z]", cause(error))
    assert re.fullmatch(r"[A-Z].*\.", remedy(error))


@pytest.mark.parametrize("kind", ErrorKind)
@pytest.mark.parametrize(("service", "action"), [(each, action) for each in ACTIONS for action in ACTIONS[each]])
def test_no_remedy_speaks_of_another_service(kind: ErrorKind, service: str, action: str) -> None:
    """Nobody is sent to the AppStream console for what the scheduler refused."""
    assert set(ACTIONS) == set(_BY_CODE) == set(_BY_KIND) == set(_NAMES)
    for code in ("any", *_BY_CODE[service], *(code for codes in _BY_CODE.values() for code in codes)):
        error = AwsCallError(kind, action=action, code=code, detail="any")
        assert not re.search(FOREIGN[service], f"{cause(error)}. {remedy(error)}")


@pytest.mark.parametrize("service", ACTIONS)
def test_a_region_without_the_service_is_named(service: str) -> None:
    """Whatever the error is called that botocore makes of it."""
    error = AwsCallError(
        ErrorKind.UNAVAILABLE,
        action=ACTIONS[service][0],
        code="EndpointConnectionError",
        detail="any",
        has_no_endpoint=True,
    )

    assert (f"this Region may lack {_NAMES[service]}", "Use another Region, or fix the DNS.") == (
        cause(error),
        remedy(error),
    )


def test_a_code_may_have_words_of_its_own() -> None:
    """They are better than those of its kind; but nothing is better than the action that was denied."""
    action = "appstream:StopImageBuilder"
    denied = AwsCallError(ErrorKind.DENIED, action=action, code="LimitExceededException", detail="any")
    own = AwsCallError(ErrorKind.REFUSED, action=action, code="LimitExceededException", detail="any")
    kind = AwsCallError(ErrorKind.REFUSED, action=action, code="any", detail="any")

    assert ("access denied", f"Allow the function's role {action}.") == (cause(denied), remedy(denied))
    assert ("a quota is used up", "Raise it in Service Quotas, or stop a builder.") == (cause(own), remedy(own))
    assert ("it was refused", "Fix what AWS reports, or see the AppStream console.") == (
        cause(kind),
        remedy(kind),
    )


@pytest.mark.parametrize("action", ["any:Action", "", "ec2:DescribeSubnets"])
def test_a_service_that_nobody_knows_has_words_too(action: str) -> None:
    """Those for AppStream, which all of this is about."""
    assert "not found" == cause(AwsCallError(ErrorKind.NOT_FOUND, action=action, code="any", detail="any"))


@pytest.mark.parametrize("code", _CREDENTIALS)
@pytest.mark.parametrize("action", ["appstream:StartImageBuilder", "scheduler:GetSchedule", "lambda:InvokeFunction"])
def test_refused_credentials_are_no_missing_permission(code: str, action: str) -> None:
    """Allowing the action would not help."""
    error = AwsCallError(ErrorKind.DENIED, action=action, code=code, detail="any")

    assert not lacks_permission(error)
    assert lacks_permission(AwsCallError(ErrorKind.DENIED, action=action, code="AccessDenied", detail="any"))
    assert "Allow" not in remedy(error)
    assert "denied" not in cause(error)


def test_a_start_that_finds_nothing_tells_aws_words_first() -> None:
    """The builder itself was there a moment ago: what is missing is something that it needs."""
    words = "Image base-2024 not found"
    error = AwsCallError(
        ErrorKind.NOT_FOUND, action="appstream:StartImageBuilder", code="ResourceNotFoundException", detail=words
    )
    other = AwsCallError(ErrorKind.NOT_FOUND, action="appstream:StopImageBuilder", code="any", detail=words)

    assert (words, "Check whether its image, agent or a subnet is missing.") == (cause(error), remedy(error))
    assert "not found" == cause(other)


def test_aws_words_however_long_leave_room_for_the_remedy() -> None:
    """They are cut, the remedy is not."""
    action = "appstream:StartImageBuilder"
    error = AwsCallError(ErrorKind.NOT_FOUND, action=action, code="ResourceNotFoundException", detail="word " * 100)

    text = reason(name=LONGEST, state="STOPPED", cause=cause(error), remedy=remedy(error))

    assert text.endswith(f" word... {remedy(error)}")
    assert len(text) <= 240


def test_the_schedulers_denial_asks_for_its_own_permission() -> None:
    """The role's trust policy decides who may assume it."""
    error = AwsCallError(ErrorKind.DENIED, action="sts:AssumeRole by the scheduler", code="any", detail="any")

    assert "Allow EventBridge Scheduler sts:AssumeRole." == remedy(error)
