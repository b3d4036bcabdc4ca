"""A start that somebody else has made and that fails: then this request makes its own, once."""

import pytest

from running_image_builder_function.ensure_running import FALL_PAUSE
from support.lambda_side import LambdaSide, event, issued_event
from support.world import NAME, World


@pytest.mark.parametrize("states", [["STOPPED"], ["STOPPING", "STOPPED"]])
def test_a_builder_that_falls_back_from_somebody_elses_start_is_started(
    world: World, side: LambdaSide, states: list[str]
) -> None:
    """PENDING leads to RUNNING or, where that start fails without a word, to STOPPED: then the builder is started."""
    world.put("PENDING")
    world.place.builders.set_state(NAME, "PENDING", [(30.0, state) for state in states])

    assert side.run(event())["Status"] == "SUCCESS"
    assert world.starts() == 1


def test_the_start_waits_until_another_delivery_of_the_same_event_has_answered(world: World, side: LambdaSide) -> None:
    """If the failed start was this request's own, the stack says so a little later, and nothing is started."""
    world.put("PENDING")
    world.place.builders.set_state(NAME, "PENDING", [(30.0, "STOPPED")])
    fell_at = world.clock.now + 30.0
    side.ended = "CREATE_FAILED"

    answer = side.run(event(PollIntervalSeconds="5"))

    assert "no longer waits for this request (CREATE_FAILED)" in answer["Reason"]
    assert world.starts() == 0
    assert side.asked[0].at == fell_at + FALL_PAUSE


@pytest.mark.parametrize(("age", "status", "starts"), [(29.0, "SUCCESS", 1), (30.0, "FAILED", 0)])
def test_an_event_that_was_delivered_before_repeats_no_start(
    world: World, side: LambdaSide, age: float, status: str, starts: int
) -> None:
    """A request that is not fresh may have made the failed start itself, in an invocation that was killed."""
    world.put("PENDING")
    world.place.builders.set_state(NAME, "PENDING", [(40.0, "STOPPED")])

    answer = side.run(issued_event(world, seconds_ago=age))

    assert (answer["Status"], world.starts()) == (status, starts)
    assert ("the start failed: AppStream gives no reason" in answer["Reason"]) == (status == "FAILED")
