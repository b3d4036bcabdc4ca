"""The specification of a scheduled stop: when it is set, moved and deleted, and what of before must not meet it."""

from typing import Any

import pytest

from running_image_builder_function.errors import CallFailed, Trouble
from support.lambda_side import LambdaSide, event
from support.world import NAME, World

SCHEDULE = {
    "StopAfterSeconds": "900",
    "ScheduleName": "stop-1",
    "SchedulerRoleArn": "arn:aws:iam::123456789012:role/scheduler",
}


def update(before: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return an Update of a resource that had other properties before."""
    return {**event("Update", **properties), "OldResourceProperties": {"Name": NAME, **before}}


def refusal(trouble: Trouble, code: str = "Code") -> CallFailed:
    """Return how a call about a schedule fails."""
    return CallFailed(trouble, action="scheduler:CreateSchedule", code=code, detail="no", resource="schedule/x")


def test_a_stopped_builder_has_an_end_before_it_is_started_and_its_real_one_when_it_runs(
    side: LambdaSide, world: World
) -> None:
    """The first is for the case that nobody comes back: after the deadline; the second counts from RUNNING."""
    world.put("STOPPED")

    answer = side.run(event(**SCHEDULE))

    assert [1800 + 900, side.answered_at[0] + 900] == [pytest.approx(each, abs=2) for each in side.schedules.moments]
    assert [("due", "stop-1"), ("put", "stop-1"), ("put", "stop-1")] == side.schedules.calls
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

    side.run(update(SCHEDULE, **{**SCHEDULE, "StopAfterSeconds": "3600"}))

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
    """The scheduler begins within a minute, tries for five, and nobody documents that a moved schedule ends that."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at - 100

    answer = side.run(update(before, **SCHEDULE))

    assert "SUCCESS" == answer["Status"]
    assert 270 <= side.answered_at[0] <= 274
    assert side.schedules.due_at["stop-1"] == pytest.approx(world.began_at + side.answered_at[0] + 900, abs=4)


def test_a_late_stop_is_waited_for_no_longer_than_the_deadline_allows(side: LambdaSide, world: World) -> None:
    """There must be time to schedule the next one."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at

    answer = side.run(event(TimeoutSeconds="60", **SCHEDULE))

    assert "SUCCESS" == answer["Status"]
    assert 50 <= side.answered_at[0] <= 60


def test_an_update_without_the_option_deletes_the_schedule(side: LambdaSide, world: World) -> None:
    """The function learns of it from the properties before."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 500

    assert "" == side.run(update(SCHEDULE))["Data"]["ScheduledStopTime"]
    assert {} == side.schedules.due_at
    assert [("due", "stop-1"), ("remove", "stop-1")] == side.schedules.calls


def test_another_builders_schedule_is_left_to_the_delete_of_that_builder(side: LambdaSide, world: World) -> None:
    """A rename is followed by one."""
    world.put("RUNNING", name="other")
    side.schedules.due_at["stop-1"] = world.began_at + 500

    side.run(update({**SCHEDULE, "Name": NAME}, Name="other"))

    assert {"stop-1"} == set(side.schedules.due_at)


@pytest.mark.parametrize("state", ["RUNNING", "PENDING", "STOPPED"])
def test_a_delete_that_stops_the_builder_deletes_its_schedule(side: LambdaSide, world: World, state: str) -> None:
    """After the stop: one that fails leaves the builder its end."""
    world.put(state)
    if state == "PENDING":
        world.move("PENDING", (30, "RUNNING"))
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    answer = side.run(event("Delete", OnDelete="STOP", **SCHEDULE))

    assert ("SUCCESS", "STOPPED", {}) == (answer["Status"], world.state(), side.schedules.due_at)


@pytest.mark.parametrize(
    ("state", "kept"),
    [("RUNNING", True), ("PENDING", True), ("STOPPED", False), ("STOPPING", False), ("FAILED", False)],
)
def test_a_delete_that_leaves_the_builder_keeps_its_end_for_as_long_as_it_has_one(
    side: LambdaSide, world: World, state: str, kept: bool
) -> None:
    """A builder that is left running still ends; for one that does not run there is nothing to stop."""
    world.put(state)
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    assert "SUCCESS" == side.run(event("Delete", **SCHEDULE))["Status"]
    assert (kept, 0) == ("stop-1" in side.schedules.due_at, world.stops())


def test_a_create_that_started_nothing_leaves_no_schedule(side: LambdaSide, world: World) -> None:
    """Its end was set before the start, which was refused."""
    world.put("STOPPED")
    world.fault("error", "Start", code="InvalidAccountStatusException")
    failed = side.run(event(OnDelete="STOP", **SCHEDULE))
    assert {"stop-1"} == set(side.schedules.due_at)

    side.deliver(event("Delete", OnDelete="STOP", physical_id=failed["PhysicalResourceId"], **SCHEDULE))

    assert ["FAILED", "SUCCESS"] == [each["Status"] for each in side.answers]
    assert {} == side.schedules.due_at


def test_a_denied_schedule_fails_the_request_before_a_start(side: LambdaSide, world: World) -> None:
    """After the time that a fresh policy may take; a promise to stop is not dropped silently."""
    world.put("STOPPED")
    side.schedules.errors = [refusal(Trouble.DENIED)] * 99

    answer = side.run(event(**SCHEDULE))

    assert (
        f"Image builder {NAME} (STOPPED): scheduler:CreateSchedule is denied on schedule/x. "
        "Allow it for the function's role."
    ) == answer["Reason"]
    assert 90 <= side.answered_at[0] <= 120
    assert 0 == world.starts()


@pytest.mark.parametrize("trouble", [Trouble.DENIED, Trouble.THROTTLED, Trouble.UNAVAILABLE, Trouble.BUSY])
@pytest.mark.parametrize("state", ["STOPPED", "RUNNING"])
def test_trouble_that_passes_is_outlived(side: LambdaSide, world: World, trouble: Trouble, state: str) -> None:
    """Each step is made again."""
    world.put(state)
    side.schedules.errors = [refusal(trouble)] * 3

    assert "SUCCESS" == side.run(event(**SCHEDULE))["Status"]
    assert {"stop-1"} == set(side.schedules.due_at)


def test_an_outage_of_the_scheduler_fails_the_request_and_says_so(side: LambdaSide, world: World) -> None:
    """That the builder runs is no success without its end."""
    world.put("RUNNING")
    side.schedules.errors = [refusal(Trouble.UNAVAILABLE, "InternalServerException")] * 999

    reason = side.run(event(TimeoutSeconds="60", **SCHEDULE))["Reason"]

    assert "its stop is not scheduled within 1 minute; last error: InternalServerException" in reason


def test_the_steps_are_not_repeated_by_a_hand_over(side: LambdaSide, world: World) -> None:
    """The event carries what was scheduled."""
    world.put("STOPPED")
    side.limit = 60

    side.run(event(**SCHEDULE))

    assert len(side.handed_over) > 5
    assert [("due", "stop-1"), ("put", "stop-1"), ("put", "stop-1")] == side.schedules.calls


def test_nothing_is_scheduled_for_a_request_that_is_over(side: LambdaSide, world: World) -> None:
    """A late duplicate must not touch what a later deploy has set."""
    world.put("RUNNING")
    side.ended = "UPDATE_COMPLETE"

    assert "no longer waits" in side.run(update(SCHEDULE, **SCHEDULE))["Reason"]
    assert [] == side.schedules.calls


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("StopAfterSeconds", "899"),
        ("StopAfterSeconds", "2592001"),
        ("StopAfterSeconds", "soon"),
        ("ScheduleName", None),
        ("ScheduleName", "a/b"),
        ("ScheduleName", "x" * 65),
        ("SchedulerRoleArn", None),
        ("SchedulerRoleArn", "role"),
    ],
)
def test_a_malformed_property_is_refused(side: LambdaSide, world: World, name: str, value: str | None) -> None:
    """With its name and value."""
    world.put("RUNNING")

    properties: dict[str, Any] = {**SCHEDULE, name: value}

    answer = side.run(event(**properties))

    assert f"property {name} is {value!r}"[:60] in answer["Reason"]
    assert [] == side.schedules.calls
