"""Scheduled stops that cannot be made: a promise to stop is not dropped silently."""

from collections.abc import Callable
from typing import Any

import pytest

from running_image_builder_function.errors import Trouble
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
    side: LambdaSide,
    world: World,
    caplog: pytest.LogCaptureFixture,
    deny: Callable[[LambdaSide], None],
    on_delete: str,
) -> None:
    """The same is denied to its Delete, which has nothing to undo."""
    world.put("STOPPED")
    deny(side)
    side.deliver(event(OnDelete=on_delete, **SCHEDULE))
    failed = str(side.answers[0]["PhysicalResourceId"])

    side.deliver(event("Delete", physical_id=failed, OnDelete=on_delete, **SCHEDULE))

    assert ["FAILED", "SUCCESS"] == [each["Status"] for each in side.answers]
    assert [failed] * 2 == [each["PhysicalResourceId"] for each in side.answers]
    assert f"deleted, with the builder left alone: {side.answers[0]['Reason']}" == caplog.messages[-1]


@pytest.mark.parametrize(("state", "seen"), [("STOPPED", " (STOPPED)"), (None, "")])
def test_a_delete_that_is_denied_what_it_needs_says_so(
    side: LambdaSide, world: World, state: str | None, seen: str
) -> None:
    """A schedule that has lost its purpose is not left silently, whether the builder is there or not."""
    if state is not None:
        world.put(state)
    deny_scheduling(side)

    answer = side.run(event("Delete", **SCHEDULE))

    assert "FAILED" == answer["Status"]
    assert (
        f"Image builder {NAME}{seen}: access denied. Allow the function's role scheduler:CreateSchedule. "
        "Resource: schedule/x"
    ) == answer["Reason"]


def test_an_outage_fails_the_delete_of_a_create_that_started_nothing(side: LambdaSide, world: World) -> None:
    """That passes: the stack can be deleted later, with its schedule."""
    world.put("STOPPED")
    side.schedules.errors = [refusal(Trouble.UNAVAILABLE)] * 999

    answer = side.run(event("Delete", physical_id=f"{NAME}/not-started", TimeoutSeconds="60", **SCHEDULE))

    assert ("FAILED", True) == (answer["Status"], "not rid of its scheduled stop within 1 minute" in answer["Reason"])
