"""When a scheduled stop is deleted, when it stays, and whose it is."""

import pytest

from running_image_builder_function.cloudformation.request import parse
from running_image_builder_function.model.stop_schedule import ScheduledStop
from running_image_builder_function.reconcile.callback_context import Journey
from running_image_builder_function.reconcile.desired_state import Goal
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.on_delete import deleted_goal
from support.lambda_side import LambdaSide, event, update_event
from support.schedules import SCHEDULE
from support.world import ARN, NAME, REGION, World


def test_an_update_without_the_option_deletes_the_schedule(side: LambdaSide, world: World) -> None:
    """The function learns of it from the properties before; until the end it stays, put off, as the builder's end."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 500

    assert "" == side.run(update_event(SCHEDULE))["Data"]["ScheduledStopTime"]
    assert {} == side.schedules.due_at
    assert ["find", "put", "find", "remove"] == [what for what, _ in side.schedules.calls]
    assert [1800 + 900] == side.schedules.moments


def test_a_stop_that_has_fired_is_waited_out_where_it_is_not_wanted_any_more(side: LambdaSide, world: World) -> None:
    """Nobody documents that deleting a schedule ends its tries."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at - 100

    assert "SUCCESS" == side.run(update_event(SCHEDULE))["Status"]
    assert 520 <= side.answered_at[0] <= 524


def test_another_builders_schedule_is_left_to_the_delete_of_that_builder(side: LambdaSide, world: World) -> None:
    """A rename is followed by one."""
    world.put("RUNNING", name="other")
    side.schedules.due_at["stop-1"] = world.began_at + 500

    side.run(update_event({**SCHEDULE, "Name": NAME}, Name="other"))

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


@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_rename_by_a_token_leaves_the_new_builder_its_end(side: LambdaSide, world: World, on_delete: str) -> None:
    """The schedule's name does not change with a token's value: the old builder's Delete finds the new one's."""
    world.put("STOPPED")
    world.put("STOPPED", name="other")
    options = {"OnDelete": on_delete, **SCHEDULE}
    side.deliver(event(**options))
    side.deliver(update_event(options, Name="other", **options))
    world.move("STOPPED")

    side.deliver(event("Delete", **options))

    assert ["SUCCESS"] * 3 == [each["Status"] for each in side.answers]
    assert {"stop-1": "other"} == side.schedules.builders
    assert ["stop-1"] == list(side.schedules.due_at)
    world.clock.sleep(901)
    assert "STOPPING" == world.state("other")


def test_an_update_from_a_builder_of_the_same_schedule_is_not_kept_waiting_by_its_stop(
    side: LambdaSide, world: World
) -> None:
    """That one has just fired, for another builder; until the new one is started, it stays that builder's."""
    world.put("RUNNING", name="other")
    side.schedules.due_at["stop-1"] = world.began_at - 5

    answer = side.run(update_event(SCHEDULE, Name="other", **SCHEDULE))

    assert "SUCCESS" == answer["Status"]
    assert side.answered_at[0] < 2
    assert [("find", "stop-1"), ("put", "stop-1")] == side.schedules.calls


def test_a_schedule_that_somebody_has_changed_is_taken_for_one_that_fires_now(side: LambdaSide, world: World) -> None:
    """It is put right, and what may come of it is waited out."""
    world.put("RUNNING")
    side.schedules.changed["stop-1"] = ScheduledStop(at=None, builder="")

    assert "SUCCESS" == side.run(event(**SCHEDULE))["Status"]
    assert 620 <= side.answered_at[0] <= 624


def test_a_schedule_that_somebody_has_changed_is_deleted_with_its_purpose(side: LambdaSide, world: World) -> None:
    """Its name is the resource's own."""
    world.put("STOPPED")
    side.schedules.changed["stop-1"] = ScheduledStop(at=None, builder="")

    assert "SUCCESS" == side.run(event("Delete", **SCHEDULE))["Status"]
    assert [("find", "stop-1"), ("remove", "stop-1")] == side.schedules.calls


def test_a_create_that_started_nothing_leaves_no_schedule_that_its_role_does_not_outlive(
    side: LambdaSide, world: World
) -> None:
    """With STOP the scheduler's role goes with the stack; who has started the builder before may keep it running."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    side.run(event("Delete", physical_id=f"{NAME}/not-started", OnDelete="STOP", **SCHEDULE))

    assert ({}, 0, "RUNNING") == (side.schedules.due_at, world.stops(), world.state())


def test_a_create_that_started_nothing_keeps_an_end_that_was_promised_before(side: LambdaSide, world: World) -> None:
    """With LEAVE_RUNNING it may be the one of the stack before."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    side.run(event("Delete", physical_id=f"{NAME}/not-started", **SCHEDULE))

    assert ["stop-1"] == list(side.schedules.due_at)


def test_a_schedule_of_another_name_is_looked_for_when_the_old_one_is_deleted(side: LambdaSide, world: World) -> None:
    """It may be of an earlier resource, and due already."""
    world.put("RUNNING")
    side.schedules.due_at.update({"old": world.began_at + 500, "stop-1": world.began_at - 100})

    side.run(update_event({**SCHEDULE, "ScheduleName": "old"}, **SCHEDULE))

    assert ["stop-1"] == list(side.schedules.due_at)
    assert 520 <= side.answered_at[0] <= 524


@pytest.mark.parametrize(
    ("builder", "said"),
    [
        (NAME, "the scheduled stop is deleted"),
        ("other", "the schedule of that name stops other"),
        (None, "no stop is scheduled"),
    ],
)
def test_the_log_tells_of_the_end(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture, builder: str | None, said: str
) -> None:
    """What was there, and in which state the builder was left."""
    caplog.set_level("INFO")
    world.put("STOPPED")
    if builder is not None:
        side.schedules.changed["stop-1"] = ScheduledStop(at=None, builder=builder)

    side.run(event("Delete", **SCHEDULE))

    assert [f"{NAME}: {each}" for each in ("state STOPPED", said, "SUCCESS: STOPPED")] == caplog.messages


def test_an_update_tells_whom_the_schedule_still_serves(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It serves the new builder at the end."""
    caplog.set_level("INFO")
    world.put("RUNNING")
    side.schedules.changed["stop-1"] = ScheduledStop(at=None, builder="other")

    side.run(event(**SCHEDULE))

    assert f"{NAME}: the schedule of that name stops other" in caplog.messages
    assert {"stop-1": NAME} == side.schedules.builders


def test_the_schedule_of_a_builder_that_is_gone_goes_too(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to stop."""
    caplog.set_level("INFO")
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    assert "SUCCESS" == side.run(event("Delete", **SCHEDULE))["Status"]
    assert ({}, f"{NAME}: SUCCESS: gone") == (side.schedules.due_at, caplog.messages[-1])


@pytest.mark.parametrize("request_type", ["Create", "Delete"])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_each_goal_knows_its_region(request_type: str, on_delete: str) -> None:
    """For messages about what is not found there, or not allowed."""
    request = parse(event(request_type, OnDelete=on_delete, **SCHEDULE))
    goal: Goal | None = EnsureRunning(request, Journey(began_at=0), arn=ARN)
    if request_type == "Delete":
        goal = deleted_goal(request, Journey(began_at=0), arn=ARN, is_anothers=False)

    assert goal is not None
    assert REGION == goal.region
