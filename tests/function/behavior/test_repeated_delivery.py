"""The specification of repetition: killed invocations, duplicate deliveries, requests that are over."""

from functools import partial
from itertools import pairwise

import pytest

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from running_image_builder_function.model.errors import CallFailed, Trouble
from running_image_builder_function.reconcile.ports import ResourceStatus
from support.lambda_side import LOGICAL_ID, STACK_ID, LambdaSide, event, issued_event
from support.together import SharedClock
from support.world import NAME, World


@pytest.mark.parametrize("after", [0.5, 2, 30, 419])
def test_a_killed_invocation_is_picked_up_without_a_second_start(side: LambdaSide, world: World, after: float) -> None:
    """Lambda delivers the event again; what the first invocation did shows in the builder's state."""
    world.put("STOPPED")
    world.clock.later(after, side.kill)

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == side.deaths
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")


def test_an_invocation_killed_in_the_middle_of_the_start_is_picked_up(side: LambdaSide, world: World) -> None:
    """The start had not arrived: the retry makes it."""
    world.put("STOPPED")
    world.builders.before_change = side.kill

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == world.starts()


def test_a_killed_invocations_failed_start_is_not_repeated(side: LambdaSide, world: World) -> None:
    """Its memory died with it, but AppStream dates its errors: this one is younger than the request."""
    world.put("STOPPED")
    world.durations(start=30)
    world.starts_end("stopped", error_code="SUBNET_NOT_FOUND", error_message="The subnet is gone.")
    world.clock.later(10, side.kill)

    answer = side.run(issued_event(world))

    assert (
        "the start failed. Mend what AWS names here, then deploy again. AWS: SUBNET_NOT_FOUND: The subnet is gone."
        in answer["Reason"]
    )
    assert 1 == world.starts()


def test_a_killed_successor_is_picked_up_with_its_memory(side: LambdaSide, world: World) -> None:
    """Lambda's retry of a handed-over event brings the journey again."""
    side.limit = 100
    world.put("STOPPED")
    world.starts_end("never")
    world.clock.later(150, side.kill)

    side.run(event(TimeoutSeconds="600"))

    assert [600] == side.answered_at
    assert 1 == world.starts()


def test_a_function_that_is_killed_each_time_never_answers(side: LambdaSide, world: World) -> None:
    """Three times is all that Lambda tries; then CloudFormation's ServiceTimeout ends the wait."""
    world.put("STOPPED")
    for seconds in (10, 80, 210):
        world.clock.later(seconds, side.kill)

    side.deliver(event())

    assert [] == side.answers
    assert 3 == side.deaths
    assert 1 == world.starts()


def test_an_event_delivered_twice_at_once_starts_once() -> None:
    """Both invocations see STOPPED; AppStream takes one start, and the answers are the same."""
    clock = SharedClock()
    world = World(clock)
    world.put("STOPPED")
    sides = [LambdaSide(world), LambdaSide(world)]

    clock.run_together(*(partial(side.run, event()) for side in sides))

    assert 1 == world.starts()
    assert sides[0].answers == sides[1].answers
    assert "SUCCESS" == sides[0].answers[0]["Status"]


@pytest.mark.parametrize("later", [1, 100, 419])
def test_an_event_delivered_again_while_it_is_worked_on_starts_once(later: float) -> None:
    """The second invocation sees what the first one did."""
    clock = SharedClock()
    world = World(clock)
    world.put("STOPPED")
    first, second = LambdaSide(world), LambdaSide(world)

    def again() -> None:
        clock.sleep(later)
        second.run(event())

    clock.run_together(partial(first.run, event()), again)

    assert 1 == world.starts()
    assert first.answers == second.answers


def test_an_event_delivered_again_later_is_answered_the_same(world: World) -> None:
    """The builder runs by then."""
    world.put("STOPPED")
    first, second = LambdaSide(world), LambdaSide(world)

    first.run(event())
    second.run(event())

    assert first.answers == second.answers
    assert 1 == world.starts()


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"])
def test_a_request_that_is_over_in_cloudformation_starts_nothing(side: LambdaSide, world: World, status: str) -> None:
    """Delivered again hours later, it must not start a builder that nobody waits for."""
    world.put("STOPPED")
    side.stacks.tell(status)

    answer = side.run(issued_event(world, seconds_ago=40))

    assert (
        f"Image builder {NAME} (STOPPED): CloudFormation no longer waits for this request ({status}). "
        "No action is needed." == answer["Reason"]
    )
    assert [] == world.calls("StartImageBuilder")
    assert [0] == side.answered_at


def test_a_request_that_ends_while_it_is_waited_for_ends_within_a_minute(side: LambdaSide, world: World) -> None:
    """A cancelled deploy, or a Delete that came meanwhile."""
    world.put("STOPPED")
    world.clock.later(100, lambda: side.stacks.tell("DELETE_IN_PROGRESS"))

    answer = side.run(event())

    assert "CloudFormation no longer waits for this request (DELETE_IN_PROGRESS)." in answer["Reason"]
    assert 100 <= side.answered_at[0] <= 162


@pytest.mark.parametrize("trouble", Trouble)
def test_not_knowing_means_going_on(
    side: LambdaSide, world: World, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    """A missing permission must not fail a deploy; the log says that nobody looked."""
    world.put("STOPPED")
    action = "cloudformation:DescribeStackResource"
    side.stacks.errors = [CallFailed(trouble, action=action, code="Code", detail="no") for _ in range(99)]

    assert "SUCCESS" == side.run(event())["Status"]
    assert "no look at the stack: Code" in [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_FAILED"])
@pytest.mark.parametrize("seconds_later", [-1, 0, None])
def test_an_end_from_before_the_request_is_another_requests(
    side: LambdaSide, world: World, status: str, seconds_later: float | None
) -> None:
    """CloudFormation's own status may lag behind, and a local engine tell no time."""
    world.put("STOPPED")
    changed_at = None if seconds_later is None else world.began_at + seconds_later
    side.stacks.told = ResourceStatus(status, changed_at)

    assert "SUCCESS" == side.run(issued_event(world))["Status"]


def test_a_successor_asks_at_once(side: LambdaSide, world: World) -> None:
    """Where a function's limit is below a minute, nobody would otherwise."""
    side.limit = 8
    world.put("PENDING")
    world.clock.later(100, lambda: side.stacks.tell("DELETE_IN_PROGRESS"))

    assert "CloudFormation no longer waits" in side.run(event())["Reason"]
    assert 100 <= side.answered_at[0] <= 106


def test_a_request_that_is_over_is_answered_truthfully_where_the_builder_runs(side: LambdaSide, world: World) -> None:
    """A duplicate of an answered request gives the answer that it had."""
    world.put("RUNNING")
    side.stacks.tell("CREATE_COMPLETE")

    answer = side.run(event())

    assert ("SUCCESS", {*ATTRIBUTES, SCHEDULED_STOP_TIME}) == (answer["Status"], set(answer["Data"]))


def test_cloudformation_is_asked_at_the_full_minute(side: LambdaSide, world: World) -> None:
    """Where a look falls on it."""
    world.put("PENDING")

    side.run(event(PollIntervalSeconds="30", TimeoutSeconds="200"))

    assert [60, 120, 180] == [asked.at - world.began_at for asked in side.stacks.asked]


def test_cloudformation_is_asked_before_each_start_and_once_a_minute(side: LambdaSide, world: World) -> None:
    """It is asked about this resource in this stack."""
    world.put("STOPPED")
    world.fault("throttle", "Start", seconds=10)

    side.run(event())

    moments = [asked.at - world.began_at for asked in side.stacks.asked]
    assert 3 <= len([moment for moment in moments if moment <= 20])
    assert {(STACK_ID, LOGICAL_ID)} == {(asked.stack_id, asked.logical_id) for asked in side.stacks.asked}
    # The last one is asked before the answer, of a builder that this request has started.
    gaps = [later - earlier for earlier, later in pairwise(moments[:-1]) if earlier > 20]
    assert 5 <= len(gaps)
    assert all(60 <= gap <= 75 for gap in gaps)
