"""The words for a failed call: what it means, and what to do, where a person sees it first."""

import re

import pytest

from running_image_builder_function.errors import CallFailed, Trouble, reason
from running_image_builder_function.remedies import _BY_CODE, cause, remedy

LONGEST = "n" * 101
WIDTH = 118
"""Characters of a reason that the CDK CLI prints on its first line: 120, two of them blank."""

CODES = ["any", *_BY_CODE]
FAILURES = [
    CallFailed(trouble, action=action, code=code, detail="any")
    for trouble in Trouble
    for code in CODES
    for action in ("appstream:StartImageBuilder", "appstream:DescribeImageBuilders", "sts:AssumeRole by the scheduler")
]
"""All that can go wrong with a call."""


@pytest.mark.parametrize("error", FAILURES, ids=str)
def test_the_remedy_of_a_failed_call_is_on_the_first_line(error: CallFailed) -> None:
    """With a name of eighteen characters; with the longest one nothing of it is cut either."""
    told = {"state": "STOPPED", "cause": cause(error), "remedy": remedy(error)}

    text = reason(name="n" * 18, details="AWS: " + "word " * 100, **told)
    longest = reason(name=LONGEST, details="AWS: " + "word " * 100, **told)

    assert remedy(error) in text[:WIDTH]
    assert f"Image builder {LONGEST} (STOPPED): {cause(error)}. {remedy(error)}" in longest


@pytest.mark.parametrize("error", FAILURES, ids=str)
def test_every_failed_call_has_a_cause_and_a_remedy(error: CallFailed) -> None:
    """A clause that says what is wrong, and a sentence that says what to do."""
    assert re.fullmatch(r"[a-zA-Z].*[a-z]", cause(error))
    assert re.fullmatch(r"[A-Z].*\.", remedy(error))


def test_a_code_may_have_words_of_its_own() -> None:
    """They are better than those of its kind; but nothing is better than the action that was denied."""
    denied = CallFailed(Trouble.DENIED, action="any:Action", code="LimitExceededException", detail="any")
    own = CallFailed(Trouble.REFUSED, action="any:Action", code="LimitExceededException", detail="any")
    kind = CallFailed(Trouble.REFUSED, action="any:Action", code="any", detail="any")

    assert ("access denied", "Allow the function's role any:Action.") == (cause(denied), remedy(denied))
    assert ("a quota is used up", "Raise it in Service Quotas, or stop a builder.") == (cause(own), remedy(own))
    assert ("it was refused", "Mend what AWS says here, or see the AppStream console.") == (
        cause(kind),
        remedy(kind),
    )


def test_what_the_scheduler_was_denied_is_not_the_functions_to_be_allowed() -> None:
    """The role's trust policy decides who may assume it."""
    error = CallFailed(Trouble.DENIED, action="sts:AssumeRole by the scheduler", code="any", detail="any")

    assert "Allow EventBridge Scheduler sts:AssumeRole." == remedy(error)
