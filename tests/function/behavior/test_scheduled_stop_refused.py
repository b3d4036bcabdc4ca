"""Scheduled stops that cannot be made: a promise to stop is not dropped silently."""

from collections.abc import Callable
from typing import Any

import pytest

from running_image_builder_function.model.errors import Trouble
from support.lambda_side import LambdaSide, event, update_event
from support.schedules import SCHEDULE, refusal
from support.world import NAME, World


def test_a_denied_schedule_fails_the_request_before_a_start(side: LambdaSide, world: World) -> None:
    """After the time that a fresh policy may take; a promise to stop is not dropped silently."""
    world.put("STOPPED")
    side.schedules.errors = [refusal(Trouble.DENIED)] * 99

    answer = side.run(event(**SCHEDULE))

    assert (
        f"Image builder {NAME} (STOPPED): access denied. Allow the function's role scheduler:CreateSchedule. "
        "Resource: schedule/x"
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


def test_a_start_that_is_refused_for_a_while_is_made_again(side: LambdaSide, world: World) -> None:
    """What was scheduled before it does not count as such a refusal."""
    world.put("STOPPED")
    world.fault("error", "Start", code="ConcurrentModificationException", times=2)

    assert ("SUCCESS", 1) == (side.run(event(**SCHEDULE))["Status"], world.starts())


def test_a_stop_that_cannot_be_taken_away_fails_the_update_though_the_builder_runs(
    side: LambdaSide, world: World
) -> None:
    """It is not enough that only its address is missing: the schedule that nobody wants any more would stop it."""
    world.put("STOPPED")
    world.durations(eni_delay=10_000)
    side.deliver(event())
    side.schedules.errors = [refusal(Trouble.DENIED)] * 999

    side.deliver(update_event(SCHEDULE))

    assert ["SUCCESS", "FAILED"] == [each["Status"] for each in side.answers]


def test_an_outage_of_the_scheduler_fails_the_request_and_says_so(side: LambdaSide, world: World) -> None:
    """That the builder runs is no success without its end."""
    world.put("RUNNING")
    side.schedules.errors = [refusal(Trouble.UNAVAILABLE, "InternalServerException")] * 999

    reason = side.run(event(TimeoutSeconds="60", **SCHEDULE))["Reason"]

    assert "its stop is not scheduled within 1 minute; last error: InternalServerException" in reason


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

    assert f"Image builder {NAME}: property {name} is {value!r}"[:80] in answer["Reason"]
    assert [] == side.schedules.calls


@pytest.mark.parametrize(
    ("name", "remedy"), [("ScheduleName", "Give a schedule's name."), ("SchedulerRoleArn", "Give a role's ARN.")]
)
def test_a_refused_property_comes_with_its_remedy(side: LambdaSide, name: str, remedy: str) -> None:
    """Only a template that the construct has not made can have it."""
    properties: dict[str, Any] = {**SCHEDULE, name: "/"}

    assert f"Image builder {NAME}: property {name} is '/'. {remedy}" == side.run(event(**properties))["Reason"]


def deny_describing(side: LambdaSide) -> None:
    """Let the role not even describe image builders."""
    side.world.fault("access_denied", "Describe")


def deny_scheduling(side: LambdaSide) -> None:
    """Let the role not call the scheduler."""
    side.schedules.errors = [refusal(Trouble.DENIED)] * 999


@pytest.mark.parametrize("deny", [deny_describing, deny_scheduling])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_create_that_was_denied_what_it_needs_can_be_rolled_back(
    side: LambdaSide, world: World, deny: Callable[[LambdaSide], None], on_delete: str
) -> None:
    """The same is denied to its Delete, which has nothing to undo."""
    world.put("STOPPED")
    deny(side)
    side.deliver(event(OnDelete=on_delete, **SCHEDULE))
    failed = str(side.answers[0]["PhysicalResourceId"])

    side.deliver(event("Delete", physical_id=failed, OnDelete=on_delete, **SCHEDULE))

    assert ["FAILED", "SUCCESS"] == [each["Status"] for each in side.answers]
    assert [failed] * 2 == [each["PhysicalResourceId"] for each in side.answers]


TROUBLES = [Trouble.DENIED, Trouble.THROTTLED, Trouble.UNAVAILABLE, Trouble.REFUSED, Trouble.INVALID, Trouble.BUSY]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("state", ["STOPPED", None])
def test_a_delete_with_nothing_to_stop_succeeds_whatever_the_scheduler_answers(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture, trouble: Trouble, state: str | None
) -> None:
    """Within a minute; a warning names the schedule that stays."""
    if state is not None:
        world.put(state)
    side.schedules.errors = [refusal(trouble)] * 999

    answer = side.run(event("Delete", **SCHEDULE))

    assert ("SUCCESS", True) == (answer["Status"], side.answered_at[0] < 60)
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("Delete schedule stop-1" in each or "Resource: schedule/x" in each or "Code" in each for each in warned)


@pytest.mark.parametrize("kind", ["access_denied", "throttle", "server_error", "drop"])
@pytest.mark.parametrize("physical_id", [NAME, f"{NAME}/not-started"])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_delete_with_nothing_to_stop_succeeds_whatever_appstream_answers(
    side: LambdaSide, world: World, kind: str, physical_id: str, on_delete: str
) -> None:
    """A stop that was asked for, of what the resource may have started, is another matter."""
    world.put("RUNNING")
    world.fault(kind, "Describe")
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    answer = side.run(event("Delete", physical_id=physical_id, OnDelete=on_delete, TimeoutSeconds="120", **SCHEDULE))

    stops = on_delete == "STOP" and physical_id == NAME
    assert ("FAILED" if stops else "SUCCESS") == answer["Status"]
    assert stops or side.answered_at[0] < 60


def test_a_stopped_builder_is_deleted_though_its_schedule_stays(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The stop that was asked for was made; the schedule has nothing left to stop, and no role any more."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 5000
    side.schedules.errors = [refusal(Trouble.UNAVAILABLE)] * 999

    answer = side.run(event("Delete", OnDelete="STOP", **SCHEDULE))

    assert ("SUCCESS", "STOPPED") == (answer["Status"], world.state())
    assert any("its schedule stop-1 stays" in each for each in caplog.messages)


def test_a_create_that_started_nothing_loses_its_schedule_without_a_look_at_the_builder(
    side: LambdaSide, world: World
) -> None:
    """With STOP the scheduler's role goes with the stack, whatever the builder does."""
    world.put("RUNNING")
    world.fault("access_denied", "Describe")
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    side.run(event("Delete", physical_id=f"{NAME}/not-started", OnDelete="STOP", **SCHEDULE))

    assert ({}, 0) == (side.schedules.due_at, world.stops())
