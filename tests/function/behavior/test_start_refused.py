"""The specification of a Create or Update, part three: a start that AppStream refuses."""

import pytest

from running_image_builder_function.timing import CONSISTENCY_WINDOW
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event

BUSY = ["ConcurrentModificationException", "ResourceNotAvailableException", "OperationNotPermittedException"]
REFUSED = [
    ("InvalidAccountStatusException", "the account is suspended. Ask AWS Support, then try again.", 0, 0),
    ("IncompatibleImageException", "its image forbids it. Update the image or the agent, then try again.", 0, 0),
    ("ValidationException", "a value was refused. Correct it, then try again.", 0, 0),
    ("InvalidParameterCombinationException", "a value was refused. Correct it, then try again.", 0, 0),
    # The builder was there a moment before: what is missing is in AWS's own words.
    ("ResourceNotFoundException", "No. Check whether its image, agent or a subnet is missing.", 10, 14),
    # It may mean anything, also that the builder is shown as it was a minute ago.
    (
        "SomethingNewException",
        "it was refused. Fix what AWS reports, or see the AppStream console.",
        CONSISTENCY_WINDOW,
        CONSISTENCY_WINDOW + 15,
    ),
    # AppStream documents quotas on running instances, but no such response to a start.
    (
        "LimitExceededException",
        "a quota is used up. Raise it in Service Quotas, or stop a builder.",
        CONSISTENCY_WINDOW,
        CONSISTENCY_WINDOW + 15,
    ),
]
"""AWS's error code, cause and remedy, and when the response comes."""


@pytest.mark.parametrize("code", BUSY)
def test_a_builder_that_is_being_changed_is_tried_again(harness: LambdaHarness, code: str) -> None:
    """AWS's own word is to wait a few minutes: two of them are waited here."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault("error", "Start", code=code, seconds=120)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == harness.appstream.starts()
    assert 540 <= harness.responded_at[0] <= 572


@pytest.mark.parametrize("code", BUSY)
def test_a_builder_that_stays_busy_fails_after_five_minutes(harness: LambdaHarness, code: str) -> None:
    """Bounded, whatever the request's timeout; each try is preceded by a description."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault("error", "Start", code=code, message="Somebody works on it.")

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert response["Reason"].startswith(f"Image builder {NAME} (STOPPED): ")
    assert response["Reason"].endswith(f" AWS: {code} on appstream:StartImageBuilder: Somebody works on it.")
    assert 300 <= harness.responded_at[0] <= 330
    assert harness.appstream.calls()[::2] == ["DescribeImageBuilders"] * (len(harness.appstream.calls()) // 2)


def test_two_separate_times_of_being_busy_are_not_added_up(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Between them somebody updated the builder for longer than a refusal is tried again."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="ConcurrentModificationException", seconds=60)
    appstream.clock.later(30, lambda: appstream.move("UPDATING", (400, "STOPPED")))
    appstream.clock.later(
        420, lambda: appstream.fault("error", "Start", code="ConcurrentModificationException", seconds=60)
    )

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == appstream.starts()


def test_a_lost_and_then_refused_start_is_made_in_the_end(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A lost response and a builder that is being changed are two kinds, each retried for its own time."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="ConcurrentModificationException", times=1)
    appstream.fault("drop", "Start", times=1)
    appstream.fault("error", "Start", code="ConcurrentModificationException", times=1)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == appstream.starts()


def test_an_undocumented_refusal_is_tried_again_soon(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It may mean anything, also that the builder is shown as it was a minute ago."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="SomethingNewException", seconds=5)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == appstream.starts()


@pytest.mark.parametrize(("code", "said", "earliest", "latest"), REFUSED)
def test_a_refused_start_fails_with_cause_and_remedy(
    harness: LambdaHarness, code: str, said: str, earliest: float, latest: float
) -> None:
    """At once where no later try can succeed; AWS's own words follow."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault("error", "Start", code=code, message="No.")

    response = harness.run(event())

    expected = f"Image builder {NAME} (STOPPED): {said} AWS: {code} on appstream:StartImageBuilder: No."
    assert expected == response["Reason"]
    assert earliest <= harness.responded_at[0] <= latest


@pytest.mark.parametrize(
    ("operation", "resource"), [("Describe", "*"), ("Start", ARN)], ids=["DescribeImageBuilders", "StartImageBuilder"]
)
def test_access_denied_heals_within_ninety_seconds(harness: LambdaHarness, operation: str, resource: str) -> None:
    """A policy that was attached a moment ago is still spreading through IAM."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault("access_denied", operation, seconds=60)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == harness.appstream.starts()


@pytest.mark.parametrize(
    ("operation", "action", "resource"),
    [("Describe", "appstream:DescribeImageBuilders", "*"), ("Start", "appstream:StartImageBuilder", ARN)],
    ids=["DescribeImageBuilders", "StartImageBuilder"],
)
def test_lasting_access_denied_names_action_and_arn(
    harness: LambdaHarness, appstream: FakeAppStream, operation: str, action: str, resource: str
) -> None:
    """What is missing in the policy can be copied from the reason."""
    appstream.put("STOPPED")
    appstream.fault("access_denied", operation)

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert response["Reason"].startswith(f"Image builder {NAME}")
    assert response["Reason"].endswith(f": access denied. Allow the function's role {action}. Resource: {resource}")
    assert 90 <= harness.responded_at[0] <= 120


def test_access_denied_later_is_given_the_same_time(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It counts from the first refusal in a row."""
    appstream.put("STOPPED")
    appstream.clock.later(100, lambda: appstream.fault("access_denied", "Describe"))

    assert "Allow the function's role appstream:DescribeImageBuilders. Resource: *" in harness.run(event())["Reason"]
    assert 190 <= harness.responded_at[0] <= 205


def test_the_arn_in_a_denial_is_of_the_functions_partition(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """China and GovCloud have partitions of their own."""
    harness.function_arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:provider"
    appstream.put("STOPPED")
    appstream.fault("access_denied", "Start")

    assert f"arn:aws-cn:appstream:cn-north-1:123456789012:image-builder/{NAME}" in harness.run(event())["Reason"]
