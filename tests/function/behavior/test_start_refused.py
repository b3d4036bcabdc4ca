"""The specification of a Create or Update, part three: a start that AppStream refuses."""

import pytest

from running_image_builder_function.reconcile.desired_state import LAG
from support.lambda_side import LambdaSide, event
from support.world import ARN, NAME, World

BUSY = ["ConcurrentModificationException", "ResourceNotAvailableException", "OperationNotPermittedException"]
HOPELESS = {
    "InvalidAccountStatusException": "the account is suspended. Ask AWS Support, then try again.",
    "IncompatibleImageException": "its image forbids it. Update the image or the agent, then try again.",
    "ValidationException": "a value was refused. Correct it, then try again.",
    "InvalidParameterCombinationException": "a value was refused. Correct it, then try again.",
}


@pytest.mark.parametrize("code", BUSY)
def test_a_builder_that_is_being_changed_is_tried_again(side: LambdaSide, world: World, code: str) -> None:
    """AWS's own word is to wait a few minutes: two of them are waited here."""
    world.put("STOPPED")
    world.fault("error", "Start", code=code, seconds=120)

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert 1 == world.starts()
    assert 540 <= side.answered_at[0] <= 572


@pytest.mark.parametrize("code", BUSY)
def test_a_builder_that_stays_busy_fails_after_five_minutes(side: LambdaSide, world: World, code: str) -> None:
    """Bounded, whatever the request's timeout; each try is preceded by a look."""
    world.put("STOPPED")
    world.fault("error", "Start", code=code, message="Somebody works on it.")

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert answer["Reason"].startswith(f"Image builder {NAME} (STOPPED): ")
    assert answer["Reason"].endswith(f" AWS: {code} on appstream:StartImageBuilder: Somebody works on it.")
    assert 300 <= side.answered_at[0] <= 330
    assert world.calls()[::2] == ["DescribeImageBuilders"] * (len(world.calls()) // 2)


def test_two_separate_spells_of_being_busy_are_not_added_up(side: LambdaSide, world: World) -> None:
    """Between them somebody updated the builder for longer than a refusal is tried again."""
    world.put("STOPPED")
    world.fault("error", "Start", code="ConcurrentModificationException", seconds=60)
    world.clock.later(30, lambda: world.move("UPDATING", (400, "STOPPED")))
    world.clock.later(420, lambda: world.fault("error", "Start", code="ConcurrentModificationException", seconds=60))

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == world.starts()


def test_a_start_that_got_lost_and_was_then_refused_is_made_in_the_end(side: LambdaSide, world: World) -> None:
    """A lost answer and a builder that is being changed are two troubles, each with a patience of its own."""
    world.put("STOPPED")
    world.fault("error", "Start", code="ConcurrentModificationException", times=1)
    world.fault("drop", "Start", times=1)
    world.fault("error", "Start", code="ConcurrentModificationException", times=1)

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == world.starts()


def test_a_refusal_that_nobody_documented_is_tried_again_shortly(side: LambdaSide, world: World) -> None:
    """It may mean anything, also that the builder is shown as it was a minute ago."""
    world.put("STOPPED")
    world.fault("error", "Start", code="SomethingNewException", seconds=5)

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == world.starts()


def test_a_refusal_that_nobody_documented_and_that_lasts_fails_with_its_code(side: LambdaSide, world: World) -> None:
    """The code and AWS's words are all that there is to tell."""
    world.put("STOPPED")
    world.fault("error", "Start", code="SomethingNewException", message="No such luck.")

    answer = side.run(event())

    assert (
        f"Image builder {NAME} (STOPPED): it was refused. "
        "Mend what AWS says here, or see the AppStream console. "
        "AWS: SomethingNewException on appstream:StartImageBuilder: No such luck." == answer["Reason"]
    )
    assert LAG <= side.answered_at[0] <= LAG + 15


def test_a_quota_that_is_used_up_is_named_with_what_raises_it(side: LambdaSide, world: World) -> None:
    """AppStream documents quotas on running instances, but no such answer to a start: it is tried for a while."""
    world.put("STOPPED")
    world.fault("error", "Start", code="LimitExceededException", message="The limit is 1.")

    answer = side.run(event())

    assert (
        f"Image builder {NAME} (STOPPED): a quota is used up. Raise it in Service Quotas, or stop a builder. "
        "AWS: LimitExceededException on appstream:StartImageBuilder: The limit is 1." == answer["Reason"]
    )


@pytest.mark.parametrize(("code", "told"), HOPELESS.items())
def test_a_start_refused_for_good_fails_at_once(side: LambdaSide, world: World, code: str, told: str) -> None:
    """No later try can succeed; the remedy is for this code."""
    world.put("STOPPED")
    world.fault("error", "Start", code=code, message="No.")

    answer = side.run(event())

    assert f"Image builder {NAME} (STOPPED): {told} AWS: {code} on appstream:StartImageBuilder: No." == answer["Reason"]
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")
    assert [0] == side.answered_at


def test_a_start_that_finds_nothing_fails_soon_with_aws_words(side: LambdaSide, world: World) -> None:
    """The builder was there a moment before: its image, its agent or a subnet may be missing."""
    world.put("STOPPED")
    world.fault("error", "Start", code="ResourceNotFoundException", message="No such image.", status=404)

    answer = side.run(event())

    assert (
        f"Image builder {NAME} (STOPPED): No such image. See whether its image, agent or a subnet is missing. AWS: "
        "ResourceNotFoundException on appstream:StartImageBuilder: No such image." == answer["Reason"]
    )
    assert 10 <= side.answered_at[0] <= 14


@pytest.mark.parametrize(
    ("operation", "resource"), [("Describe", "*"), ("Start", ARN)], ids=["DescribeImageBuilders", "StartImageBuilder"]
)
def test_access_denied_heals_within_ninety_seconds(
    side: LambdaSide, world: World, operation: str, resource: str
) -> None:
    """A policy that was attached a moment ago is still spreading through IAM."""
    world.put("STOPPED")
    world.fault("access_denied", operation, seconds=60)

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == world.starts()


@pytest.mark.parametrize(
    ("operation", "action", "resource"),
    [("Describe", "appstream:DescribeImageBuilders", "*"), ("Start", "appstream:StartImageBuilder", ARN)],
    ids=["DescribeImageBuilders", "StartImageBuilder"],
)
def test_access_denied_that_lasts_fails_with_the_action_and_the_arn(
    side: LambdaSide, world: World, operation: str, action: str, resource: str
) -> None:
    """What is missing in the policy can be copied from the reason."""
    world.put("STOPPED")
    world.fault("access_denied", operation)

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert answer["Reason"].startswith(f"Image builder {NAME}")
    assert answer["Reason"].endswith(f": access denied. Allow the function's role {action}. Resource: {resource}")
    assert 90 <= side.answered_at[0] <= 120


def test_access_denied_later_in_a_request_is_given_the_same_time(side: LambdaSide, world: World) -> None:
    """It counts from the first refusal in a row."""
    world.put("STOPPED")
    world.clock.later(100, lambda: world.fault("access_denied", "Describe"))

    answer = side.run(event())

    assert "Allow the function's role appstream:DescribeImageBuilders. Resource: *" in answer["Reason"]
    assert 190 <= side.answered_at[0] <= 205


def test_the_arn_in_a_denial_is_of_the_functions_partition(side: LambdaSide, world: World) -> None:
    """China and GovCloud have partitions of their own."""
    side.function_arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:provider"
    world.put("STOPPED")
    world.fault("access_denied", "Start")

    assert f"arn:aws-cn:appstream:cn-north-1:123456789012:image-builder/{NAME}" in side.run(event())["Reason"]
