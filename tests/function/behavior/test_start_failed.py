"""The specification of a Create or Update, part two: what lag is believed, and when a start counts as failed."""

import pytest

from running_image_builder_function.reconcile.desired_state import LAG
from support.lambda_side import LambdaSide, event
from support.together import SharedClock
from support.world import NAME, World


@pytest.mark.parametrize("lag", [1, 20, 50])
def test_stopped_after_an_accepted_start_is_believed_to_be_lag(side: LambdaSide, world: World, lag: float) -> None:
    """AppStream is eventually consistent: the old state may be shown for a while."""
    world.put("STOPPED")
    world.durations(describe_lag=lag)

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")


def test_stopped_for_longer_than_any_lag_is_a_failed_start(side: LambdaSide, world: World) -> None:
    """It fails then, without a second start."""
    world.put("STOPPED")
    world.durations(describe_lag=10_000)

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert (
        f"Image builder {NAME} (STOPPED): the start failed. "
        "See the builder in the AppStream console, then deploy again. AWS: no reason given" == answer["Reason"]
    )
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")
    assert LAG <= side.answered_at[0] <= LAG + 2


@pytest.mark.parametrize(("kind", "state"), [("stopped", "STOPPED"), ("stopping", "STOPPING")])
def test_a_start_that_falls_back_fails_with_the_builders_own_errors(
    side: LambdaSide, world: World, kind: str, state: str
) -> None:
    """The person at the events pane reads what AppStream recorded."""
    world.put("STOPPED")
    world.starts_end(kind, error_code="SUBNET_NOT_FOUND", error_message="The subnet is gone.")

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert answer["Reason"].startswith(f"Image builder {NAME} ({state}): the start failed")
    told = "Mend what AWS names here, then deploy again. AWS: SUBNET_NOT_FOUND: The subnet is gone."
    assert (told in answer["Reason"]) == (state == "STOPPED")
    assert 1 == world.starts()
    assert 420 <= side.answered_at[0] <= 422


def test_a_failed_builder_is_told_with_its_reason_and_its_newest_error_first(side: LambdaSide, world: World) -> None:
    """StateChangeReason comes first, then the errors by their time."""
    world.put(
        "FAILED",
        StateChangeReason={"Code": "INTERNAL_ERROR", "Message": "It broke."},
        ImageBuilderErrors=[
            {"ErrorCode": "OLD", "ErrorMessage": "Before.", "ErrorTimestamp": world.clock.now - 900},
            {"ErrorCode": "NEW", "ErrorMessage": "Just now.", "ErrorTimestamp": world.clock.now - 10},
        ],
    )

    answer = side.run(event())

    assert (
        f"Image builder {NAME} (FAILED): it cannot be started. Delete it and create it anew, then deploy again. "
        "AWS: INTERNAL_ERROR: It broke.; NEW: Just now.; OLD: Before." == answer["Reason"]
    )


def test_a_failed_builder_without_a_word_is_told_as_such(side: LambdaSide, world: World) -> None:
    """Every field but the name may be absent."""
    world.put("FAILED")

    assert side.run(event())["Reason"].endswith("Delete it and create it anew, then deploy again. AWS: no reason given")


def test_a_builder_being_deleted_is_told_as_such(side: LambdaSide, world: World) -> None:
    """What it complained about before does not matter any more."""
    world.put("DELETING", StateChangeReason={"Code": "INTERNAL_ERROR", "Message": "It broke."})

    assert (
        f"Image builder {NAME} (DELETING): it is being deleted. Give the name of a builder that stays."
        == side.run(event())["Reason"]
    )


def test_old_errors_of_a_stopped_builder_do_not_prevent_its_start(side: LambdaSide, world: World) -> None:
    """They are an earlier start's; this request has made none yet."""
    old = [{"ErrorCode": "OLD", "ErrorMessage": "Before.", "ErrorTimestamp": world.clock.now - 1}]
    world.put("STOPPED", ImageBuilderErrors=old)

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == world.starts()


def test_a_start_that_somebody_else_made_meanwhile_is_a_success() -> None:
    """Two requests see STOPPED at the same moment; AppStream takes one start and both are answered RUNNING."""
    world = World(SharedClock())
    world.put("STOPPED")
    sides = [LambdaSide(world), LambdaSide(world)]

    assert isinstance(world.clock, SharedClock)
    world.clock.run_together(*(lambda side=side: side.run(event()) for side in sides))

    assert ["SUCCESS", "SUCCESS"] == [side.answers[0]["Status"] for side in sides]
    assert 1 == world.starts()


@pytest.mark.parametrize("code", ["ResourceNotAvailableException", "OperationNotPermittedException", "NobodyToldUs"])
def test_a_start_refused_because_it_runs_already_is_a_success(side: LambdaSide, world: World, code: str) -> None:
    """Somebody started it after the last look: whatever AppStream calls that, the next look shows it."""
    world.put("STOPPED")
    world.durations(start=5)
    world.behave(start_refusal_code=code)
    world.builders.before_change = lambda: world.move("PENDING", (200, "RUNNING"))

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")
    assert 0 == world.starts()


def test_a_start_of_a_running_builder_that_is_silently_accepted_is_a_success(side: LambdaSide, world: World) -> None:
    """What a start answers on RUNNING is documented nowhere."""
    world.put("STOPPED")
    world.behave(start_refusal_code="")
    world.builders.before_change = lambda: world.move("RUNNING")

    assert "SUCCESS" == side.run(event())["Status"]
