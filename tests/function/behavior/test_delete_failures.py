"""The specification of a Delete that stops: refused and lost stops, and people who start the builder again."""

import pytest

from running_image_builder_function.reconcile.desired_state import LAG
from support.lambda_side import LambdaSide, event
from support.world import NAME, World

STOP = event("Delete", OnDelete="STOP")


@pytest.mark.parametrize("kind", ["throttle", "server_error", "unavailable", "drop"])
@pytest.mark.parametrize("operation", ["Describe", "Stop", "*"])
def test_trouble_that_passes_is_survived(side: LambdaSide, world: World, kind: str, operation: str) -> None:
    """Ten minutes of it, anywhere: one stop and one success."""
    world.put("RUNNING")
    world.fault(kind, operation, seconds=600)

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert (1, "STOPPED") == (world.stops(), world.state())


@pytest.mark.parametrize("code", ["ConcurrentModificationException", "OperationNotPermittedException"])
def test_a_builder_that_is_being_changed_is_tried_again(side: LambdaSide, world: World, code: str) -> None:
    """For a few minutes."""
    world.put("RUNNING")
    world.fault("error", "Stop", code=code, seconds=200)

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert 1 == world.stops()


def test_a_builder_that_stays_busy_fails_after_five_minutes(side: LambdaSide, world: World) -> None:
    """Bounded, with AppStream's words."""
    world.put("RUNNING")
    world.fault("error", "Stop", code="ConcurrentModificationException", message="Busy.")

    answer = side.run(STOP)

    assert (
        f"Image builder {NAME} (RUNNING): somebody is changing it. Wait a few minutes, then try again. "
        "AWS: ConcurrentModificationException on appstream:StopImageBuilder: Busy." == answer["Reason"]
    )
    assert 300 <= side.answered_at[0] <= 330


def test_two_separate_spells_of_being_busy_are_not_added_up(side: LambdaSide, world: World) -> None:
    """Between them the builder rebooted for longer than a refusal is tried again."""
    world.put("RUNNING")
    world.fault("error", "Stop", code="ConcurrentModificationException", seconds=60)
    world.clock.later(30, lambda: world.move("REBOOTING", (400, "RUNNING")))
    world.clock.later(420, lambda: world.fault("error", "Stop", code="ConcurrentModificationException", seconds=60))

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert 1 == world.stops()


def test_a_builder_that_is_gone_at_the_stop_needs_none(side: LambdaSide, world: World) -> None:
    """Somebody deleted it between the look and the stop."""
    world.put("RUNNING")
    world.builders.before_change = lambda: world.move("")

    assert "SUCCESS" == side.run(STOP)["Status"]


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_stop_whose_answer_was_lost_is_made_again_only_where_it_had_not_arrived(
    side: LambdaSide, world: World, after_effect: bool
) -> None:
    """What the builder does tells which of the two it was."""
    world.put("RUNNING")
    world.fault("drop", "Stop", after_effect=after_effect, times=1)

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert (1, "STOPPED") == (world.stops(), world.state())
    assert (1 if after_effect else 2) == len(world.calls("StopImageBuilder"))


def test_a_lost_stop_that_had_not_arrived_is_made_again_after_a_reboot(side: LambdaSide, world: World) -> None:
    """A state that no stop leads to does not show that the stop was taken: success would not be true."""
    world.put("RUNNING")
    world.fault("drop", "Stop", times=1)
    world.clock.later(1, lambda: world.move("REBOOTING", (60, "RUNNING")))

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert (1, "STOPPED") == (world.stops(), world.state())


@pytest.mark.parametrize("lag", [1, 50])
def test_running_after_an_accepted_stop_is_believed_to_be_lag(side: LambdaSide, world: World, lag: float) -> None:
    """AppStream is eventually consistent: the old state may be shown for a while."""
    world.put("RUNNING")
    world.durations(describe_lag=lag)

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert ["StopImageBuilder"] == world.calls("StopImageBuilder")


def test_running_for_longer_than_any_lag_fails(side: LambdaSide, world: World) -> None:
    """With the remedy."""
    world.put("RUNNING")
    world.durations(describe_lag=10_000)

    answer = side.run(STOP)

    assert (
        f"Image builder {NAME} (RUNNING): the stop was accepted, but it still runs. "
        "Stop it in the AppStream console, then delete again." == answer["Reason"]
    )
    assert LAG <= side.answered_at[0] <= LAG + 2


def test_a_builder_that_somebody_starts_after_the_stop_is_left_to_them(side: LambdaSide, world: World) -> None:
    """The stop was carried out; that start is not this request's to undo."""
    world.put("RUNNING")
    world.clock.later(30, lambda: world.move("PENDING", (90, "RUNNING")))

    answer = side.run(STOP)

    assert "SUCCESS" == answer["Status"]
    assert (1, "RUNNING") == (world.stops(), world.state())
    assert 120 <= side.answered_at[0] <= 122


def test_a_start_after_an_accepted_stop_is_recognized_between_two_looks(side: LambdaSide, world: World) -> None:
    """STOPPING was not seen, but the stop was accepted: a state on the way to RUNNING comes after it."""
    world.put("RUNNING")
    world.durations(stop=10)
    world.clock.later(30, lambda: world.move("PENDING", (90, "RUNNING")))

    answer = side.run(event("Delete", OnDelete="STOP", PollIntervalSeconds="60"))

    assert "SUCCESS" == answer["Status"]
    assert (1, "RUNNING") == (world.stops(), world.state())


def test_a_start_after_a_stop_whose_answer_was_lost_is_left_alone_as_well(side: LambdaSide, world: World) -> None:
    """STOPPING was seen: so the stop had been taken."""
    world.put("RUNNING")
    world.fault("drop", "Stop", after_effect=True, times=1)
    world.clock.later(30, lambda: world.move("PENDING", (90, "RUNNING")))

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert (1, "RUNNING") == (world.stops(), world.state())


def test_a_killed_invocation_is_picked_up_without_a_second_stop(side: LambdaSide, world: World) -> None:
    """The retry sees STOPPING, and waits."""
    world.put("RUNNING")
    world.durations(stop=300)
    world.clock.later(30, side.kill)

    assert "SUCCESS" == side.run(STOP)["Status"]
    assert 1 == world.stops()
