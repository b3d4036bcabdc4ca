"""The specification of a Create or Update, part three: a start that AppStream refuses."""

import pytest

from running_image_builder_function.timing import CONSISTENCY_WINDOW
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event

BUSY = ["ConcurrentModificationException", "ResourceNotAvailableException", "OperationNotPermittedException"]
HOPELESS = {
    "InvalidAccountStatusException": "the account is suspended. Ask AWS Support, then try again.",
    "IncompatibleImageException": "its image forbids it. Update the image or the agent, then try again.",
    "ValidationException": "a value was refused. Correct it, then try again.",
    "InvalidParameterCombinationException": "a value was refused. Correct it, then try again.",
}


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
    """Bounded, whatever the request's timeout; each try is preceded by a look."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault("error", "Start", code=code, message="Somebody works on it.")

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert response["Reason"].startswith(f"Image builder {NAME} (STOPPED): ")
    assert response["Reason"].endswith(f" AWS: {code} on appstream:StartImageBuilder: Somebody works on it.")
    assert 300 <= harness.responded_at[0] <= 330
    assert harness.appstream.calls()[::2] == ["DescribeImageBuilders"] * (len(harness.appstream.calls()) // 2)


def test_two_separate_spells_of_being_busy_are_not_added_up(harness: LambdaHarness, appstream: FakeAppStream) -> None:
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
    """A lost answer and a builder that is being changed are two kinds, each with a patience of its own."""
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


def test_a_lasting_undocumented_refusal_fails_with_its_code(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The code and AWS's words are all that there is to tell."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="SomethingNewException", message="No such luck.")

    response = harness.run(event())

    assert (
        f"Image builder {NAME} (STOPPED): it was refused. "
        "Fix what AWS reports, or see the AppStream console. "
        "AWS: SomethingNewException on appstream:StartImageBuilder: No such luck." == response["Reason"]
    )
    assert CONSISTENCY_WINDOW <= harness.responded_at[0] <= CONSISTENCY_WINDOW + 15


def test_a_used_up_quota_is_named_with_its_remedy(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """AppStream documents quotas on running instances, but no such answer to a start: it is tried for a while."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="LimitExceededException", message="The limit is 1.")

    response = harness.run(event())

    assert (
        f"Image builder {NAME} (STOPPED): a quota is used up. Raise it in Service Quotas, or stop a builder. "
        "AWS: LimitExceededException on appstream:StartImageBuilder: The limit is 1." == response["Reason"]
    )


@pytest.mark.parametrize(("code", "told"), HOPELESS.items())
def test_a_start_refused_for_good_fails_at_once(harness: LambdaHarness, code: str, told: str) -> None:
    """No later try can succeed; the remedy is for this code."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault("error", "Start", code=code, message="No.")

    response = harness.run(event())

    assert (
        f"Image builder {NAME} (STOPPED): {told} AWS: {code} on appstream:StartImageBuilder: No." == response["Reason"]
    )
    assert ["StartImageBuilder"] == harness.appstream.calls("StartImageBuilder")
    assert [0] == harness.responded_at


def test_a_start_that_is_not_found_fails_with_aws_words(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The builder was there a moment before: its image, its agent or a subnet may be missing."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="ResourceNotFoundException", message="No such image.", status=404)

    response = harness.run(event())

    assert (
        f"Image builder {NAME} (STOPPED): No such image. Check whether its image, agent or a subnet is missing. AWS: "
        "ResourceNotFoundException on appstream:StartImageBuilder: No such image." == response["Reason"]
    )
    assert 10 <= harness.responded_at[0] <= 14


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
