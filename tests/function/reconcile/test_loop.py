"""One invocation's loop by itself: how it ends."""

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.observability.logs import Journal
from running_image_builder_function.reconcile.callback_context import Journey
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.loop import Outcome, Pace, Verdict, pursue
from running_image_builder_function.reconcile.ports import Calls
from running_image_builder_function.reconcile.stack_checks import Standing
from support.lambda_side import event
from support.schedules import FakeSchedules
from support.stack import FakeStacks
from support.world import ARN, NAME, World

EVENT = event()


def pursued(world: World, *, seconds: float = 840) -> Outcome:
    """Return how an invocation ends that has that many seconds until its hand-over."""
    return pursue(
        EnsureRunning(Request(name=NAME), Journey(began_at=world.began_at), arn=ARN),
        calls=Calls(world.builders, FakeSchedules(world)),
        standing=Standing(FakeStacks(world.clock), EVENT, Journey(began_at=world.began_at), clock=world.clock),
        clock=world.clock,
        ends_at=world.began_at + seconds,
        pace=Pace(2, random=lambda: 0.5),
        journal=Journal(None),
    )


def test_a_goal_that_is_reached_is_done_with_the_builder(world: World) -> None:
    """As it was described last."""
    world.put("STOPPED")

    outcome = pursued(world)

    assert Outcome(Verdict.DONE, world.builders.describe(NAME)) == outcome


def test_a_goal_that_a_failed_look_cannot_take_back_is_done(world: World) -> None:
    """The builder ran; only its address was still to come."""
    world.put("STOPPED")
    world.durations(eni_delay=1000)
    world.clock.later(430, lambda: world.fault("access_denied", "Describe"))

    outcome = pursued(world)

    assert Verdict.DONE is outcome.verdict
    assert outcome.builder is not None
    assert "RUNNING" == outcome.builder.state


def test_a_goal_that_needs_longer_is_handed_over_at_that_moment(world: World) -> None:
    """The last sleep ends exactly there."""
    world.put("STOPPED")

    assert Outcome(Verdict.HAND_OVER) == pursued(world, seconds=99.5)
    assert 99.5 == world.elapsed()


def test_a_goal_that_is_lost_raises_its_reason(world: World) -> None:
    """There is nothing else to return."""
    world.put("FAILED")

    with pytest.raises(RequestFailed, match=f"Image builder {NAME} "):
        pursued(world)
