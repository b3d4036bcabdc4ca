"""The specification of a Create or Update, part six: a start that this request has not made, or does not remember."""

import pytest

from running_image_builder_function.reconcile.ensure_running import FALL_PAUSE
from support.lambda_side import LambdaSide, event, issued_event
from support.world import NAME, World


def start_moments(world: World) -> list[float]:
    """Return when each start was asked for, in seconds since the world began."""
    calls = [call for call in world.place.calls.all() if call.operation == "StartImageBuilder"]
    return [call.time - world.began_at for call in calls]


@pytest.mark.parametrize("way_up", ["PENDING", "UPDATING_AGENT"])
@pytest.mark.parametrize("way_down", ["STOPPED", "STOPPING"])
def test_somebody_elses_failed_start_is_followed_by_this_requests_own(
    side: LambdaSide, world: World, way_up: str, way_down: str
) -> None:
    """After a pause, in which a twin of this request would have answered."""
    world.put("STOPPED")
    world.move(way_up, (100, way_down), (5, "STOPPED"))

    answer = side.run(event(PollIntervalSeconds="5"))

    assert "SUCCESS" == answer["Status"]
    assert [220] == start_moments(world)


@pytest.mark.parametrize("way_down", ["STOPPED", "STOPPING"])
def test_a_request_that_was_delivered_before_does_not_repeat_what_may_be_its_own_start(
    side: LambdaSide, world: World, way_down: str
) -> None:
    """A killed invocation left no memory: a builder that was seen PENDING and falls back has failed to start."""
    world.put("STOPPED")
    world.move("PENDING", (100, way_down))

    answer = side.run(issued_event(world, seconds_ago=60))

    assert (
        f"Image builder {NAME} ({way_down}): the start failed. "
        "See the builder in the AppStream console, then deploy again. AWS: no reason given" == answer["Reason"]
    )
    assert [] == start_moments(world)
    assert 100 <= side.answered_at[0] <= 102


@pytest.mark.parametrize("state", ["STOPPING", "SNAPSHOTTING", "UPDATING"])
def test_a_request_that_was_delivered_before_does_start_what_was_not_starting(
    side: LambdaSide, world: World, state: str
) -> None:
    """Only PENDING tells of a start."""
    world.put("STOPPED")
    world.move(state, (100, "STOPPED"))

    assert "SUCCESS" == side.run(issued_event(world, seconds_ago=60))["Status"]
    assert 1 == world.starts()


def test_the_pause_after_somebody_elses_failed_start_survives_a_hand_over(side: LambdaSide, world: World) -> None:
    """The successor remembers when it fell."""
    side.limit = 156
    world.put("STOPPED")
    world.move("PENDING", (100, "STOPPED"))

    assert "SUCCESS" == side.run(event(PollIntervalSeconds="5"))["Status"]
    assert [221] == start_moments(world)


def test_this_requests_own_failed_start_is_told_at_once_however_late_it_is(side: LambdaSide, world: World) -> None:
    """It remembers that start."""
    world.put("STOPPED")
    world.starts_end("stopped")

    answer = side.run(issued_event(world, seconds_ago=60))

    assert (
        "the start failed. Mend what AWS names here, then deploy again. AWS: INTERNAL_SERVICE_ERROR" in answer["Reason"]
    )
    assert 420 <= side.answered_at[0] <= 422


def test_the_start_waits_until_another_delivery_of_the_same_event_has_answered(world: World, side: LambdaSide) -> None:
    """If the failed start was this request's own, the stack says so a little later, and nothing is started."""
    world.put("PENDING")
    world.place.builders.set_state(NAME, "PENDING", [(30.0, "STOPPED")])
    fell_at = world.clock.now + 30.0
    world.clock.later(30 + FALL_PAUSE - 5, lambda: side.stacks.tell("CREATE_FAILED"))

    answer = side.run(event(PollIntervalSeconds="5"))

    assert "no longer waits for this request (CREATE_FAILED)" in answer["Reason"]
    assert world.starts() == 0
    assert side.stacks.asked[-1].at == fell_at + FALL_PAUSE


@pytest.mark.parametrize(("age", "status", "starts"), [(29.0, "SUCCESS", 1), (30.0, "FAILED", 0)])
def test_an_event_that_was_delivered_before_repeats_no_start(
    world: World, side: LambdaSide, age: float, status: str, starts: int
) -> None:
    """A request that is not fresh may have made the failed start itself, in an invocation that was killed."""
    world.put("PENDING")
    world.place.builders.set_state(NAME, "PENDING", [(40.0, "STOPPED")])

    answer = side.run(issued_event(world, seconds_ago=age))

    assert (answer["Status"], world.starts()) == (status, starts)
    assert ("the start failed. " in answer["Reason"]) == (status == "FAILED")
