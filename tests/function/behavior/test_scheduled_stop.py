"""The specification of a scheduled stop: when it is set and moved, and what of before must not meet it."""

from typing import Any

import pytest

from support.lambda_side import LambdaSide, event, issued, update_event
from support.schedules import SCHEDULE
from support.world import NAME, World


def test_a_stopped_builder_has_an_end_before_it_is_started_and_its_real_one_when_it_runs(
    side: LambdaSide, world: World
) -> None:
    """The first is for the case that nobody comes back: after the deadline; the second counts from RUNNING."""
    world.put("STOPPED")

    answer = side.run(event(**SCHEDULE))

    assert [1800 + 900, side.answered_at[0] + 900] == [pytest.approx(each, abs=2) for each in side.schedules.moments]
    assert [("find", "stop-1"), ("put", "stop-1"), ("put", "stop-1")] == side.schedules.calls
    assert "2027-01-15T08:22:00Z" == answer["Data"]["ScheduledStopTime"]
    assert {"stop-1": NAME} == side.schedules.builders


def test_the_builder_stops_by_itself(side: LambdaSide, world: World) -> None:
    """At the moment that the answer told."""
    world.put("RUNNING")
    side.run(event(**SCHEDULE))

    world.clock.sleep(899)
    assert "RUNNING" == world.state()
    world.clock.sleep(2)

    assert "STOPPING" == world.state()
    assert {} == side.schedules.due_at


def test_without_the_option_no_call_is_made_and_no_time_is_told(side: LambdaSide, world: World) -> None:
    """The attribute is there all the same."""
    world.put("RUNNING")

    assert "" == side.run(event())["Data"]["ScheduledStopTime"]
    assert [] == side.schedules.calls


def test_an_update_moves_the_stop(side: LambdaSide, world: World) -> None:
    """First out of the way, then to its new time."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 500

    side.run(update_event(SCHEDULE, **{**SCHEDULE, "StopAfterSeconds": "3600"}))

    assert [1800 + 3600, 3600] == [pytest.approx(each, abs=2) for each in side.schedules.moments]
    assert [2] == [round(each) for each in side.answered_at] or side.answered_at[0] < 2


def test_running_is_seen_again_after_the_stop_was_set(side: LambdaSide, world: World) -> None:
    """What stops it between the two looks does not become a success: it is started again."""
    world.put("RUNNING")
    put = side.schedules.put

    def stop_just_then(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        if not world.stops():
            world.builders.stop(NAME)

    side.schedules.put = stop_just_then  # type: ignore[method-assign]

    assert "SUCCESS" == side.run(event(**SCHEDULE))["Status"]
    assert (1, 1, "RUNNING") == (world.stops(), world.starts(), world.state())


@pytest.mark.parametrize("before", [SCHEDULE, {}])
def test_a_stop_that_has_fired_and_may_be_tried_again_is_waited_out(
    side: LambdaSide, world: World, before: dict[str, str]
) -> None:
    """The scheduler begins within five minutes and tries for five; that moving it ends that is not documented."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at - 100

    answer = side.run(update_event(before, **SCHEDULE))

    assert "SUCCESS" == answer["Status"]
    assert 520 <= side.answered_at[0] <= 524
    assert side.schedules.due_at["stop-1"] == pytest.approx(world.began_at + side.answered_at[0] + 900, abs=4)


def test_a_late_stop_is_waited_for_no_longer_than_the_deadline_allows(side: LambdaSide, world: World) -> None:
    """There must be time to schedule the next one."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at

    answer = side.run(event(TimeoutSeconds="60", **SCHEDULE))

    assert "SUCCESS" == answer["Status"]
    assert 50 <= side.answered_at[0] <= 60


def test_the_steps_are_not_repeated_by_a_hand_over(side: LambdaSide, world: World) -> None:
    """The event carries what was scheduled."""
    world.put("STOPPED")
    side.limit = 60

    side.run(event(**SCHEDULE))

    assert len(side.handed_over) > 5
    assert [("find", "stop-1"), ("put", "stop-1"), ("put", "stop-1")] == side.schedules.calls


def test_nothing_is_scheduled_for_a_request_that_is_over(side: LambdaSide, world: World) -> None:
    """A late duplicate must not touch what a later deploy has set."""
    world.put("RUNNING")
    side.stacks.tell("UPDATE_COMPLETE")

    assert "no longer waits" in side.run(issued(update_event(SCHEDULE, **SCHEDULE), world, seconds_ago=40))["Reason"]
    assert [] == side.schedules.calls


def test_a_stop_that_is_put_off_is_still_this_builders(side: LambdaSide, world: World) -> None:
    """While the request waits for RUNNING."""
    world.put("PENDING")
    world.move("PENDING", (60, "RUNNING"))
    side.schedules.due_at["stop-1"] = world.began_at + 500
    seen: list[dict[str, str]] = []
    world.clock.later(30, lambda: seen.append(dict(side.schedules.builders)))

    side.run(event(**SCHEDULE))

    assert [{"stop-1": NAME}] == seen


def test_a_stop_that_cannot_have_fired_is_not_waited_out(side: LambdaSide, world: World) -> None:
    """Two clocks differ by less than that."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 20

    side.run(event(**SCHEDULE))

    assert side.answered_at[0] < 2


@pytest.mark.parametrize(
    ("due_in", "put_off"),
    [(None, "no stop is scheduled yet"), (500, "the scheduled stop is put off to 2027-01-15T08:45:00Z")],
)
def test_the_log_tells_what_became_of_the_stop(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture, due_in: float | None, put_off: str
) -> None:
    """Each step has a line."""
    caplog.set_level("INFO")
    world.put("RUNNING")
    if due_in is not None:
        side.schedules.due_at["stop-1"] = world.began_at + due_in

    side.run(event(**SCHEDULE))

    said = [message for message in caplog.messages if "stop" in message]
    assert [f"{NAME}: {put_off}", f"{NAME}: the stop is scheduled for 2027-01-15T08:15:00Z"] == said
