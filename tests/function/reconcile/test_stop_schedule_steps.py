"""A single step that changes a schedule: what the log says of it, and until when a stop of before may still arrive."""

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule, moment
from running_image_builder_function.reconcile.callback_context import Journey
from running_image_builder_function.reconcile.desired_state import Goal, Step
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.stop_schedule_steps import change_schedule
from support.schedules import FakeSchedules
from support.world import ARN, NAME, World

WANTED = StopSchedule(name="stop-1", role_arn="arn:aws:iam::123456789012:role/scheduler", after=900)


@pytest.fixture
def goal(world: World) -> Goal:
    """Return a goal of a builder that is to be stopped by itself; which goal it is does not matter."""
    return EnsureRunning(Request(name=NAME, schedule=WANTED), Journey(began_at=world.began_at), arn=ARN)


@pytest.fixture
def schedules(world: World) -> FakeSchedules:
    """Return the scheduler, without schedules."""
    return FakeSchedules(world)


@pytest.mark.parametrize(
    ("step", "builder", "expected"),
    [
        (Step.UNSCHEDULE, None, "no stop is scheduled"),
        (Step.UNSCHEDULE, NAME, "the scheduled stop is deleted"),
        (Step.UNSCHEDULE, "other", "the schedule of that name stops other"),
        (Step.HOLD, None, "no stop is scheduled yet"),
        (Step.HOLD, NAME, "the scheduled stop is put off to 2027-01-15T09:23:20Z"),
        (Step.HOLD, "other", "the schedule of that name stops other"),
        (Step.PROVIDE, None, "the stop is scheduled for 2027-01-15T08:45:00Z"),
        (Step.SCHEDULE, None, "the stop is scheduled for 2027-01-15T08:15:00Z"),
    ],
)
def test_the_log_says_what_became_of_the_schedule(
    goal: Goal, schedules: FakeSchedules, world: World, step: Step, builder: str | None, expected: str
) -> None:
    """Of the one that is there, and of the builder that it stops."""
    if builder is not None:
        schedules.changed["stop-1"] = ScheduledStop(at=world.began_at + 5000, builder=builder)

    assert expected == change_schedule(goal, step, schedules=schedules, now=world.clock.now)


@pytest.mark.parametrize("step", [Step.UNSCHEDULE, Step.HOLD, Step.PROVIDE])
@pytest.mark.parametrize("builder", [None, NAME, "other"])
def test_where_no_stop_may_arrive_none_is_waited_for(
    goal: Goal, schedules: FakeSchedules, world: World, step: Step, builder: str | None
) -> None:
    """There is no schedule, or it has not fired."""
    if builder is not None:
        schedules.changed["stop-1"] = ScheduledStop(at=world.began_at + 5000, builder=builder)

    change_schedule(goal, step, schedules=schedules, now=world.clock.now)

    assert 0.0 == goal.journey.quiet_until


@pytest.mark.parametrize(("due_in", "quiet_for"), [(-100, 520), (0, 620), (19, 639), (20, None)])
def test_a_stop_that_is_almost_due_may_arrive_as_well(
    goal: Goal, schedules: FakeSchedules, world: World, due_in: int, quiet_for: int | None
) -> None:
    """The clocks of two services may differ by twenty seconds."""
    schedules.changed["stop-1"] = ScheduledStop(at=world.began_at + due_in, builder=NAME)

    change_schedule(goal, Step.HOLD, schedules=schedules, now=world.began_at)

    expected = 0.0 if quiet_for is None else world.began_at + quiet_for
    assert expected == goal.journey.quiet_until


def test_a_stop_that_is_put_off_is_still_the_builders(goal: Goal, schedules: FakeSchedules, world: World) -> None:
    """Should nobody come back, this one ends it."""
    schedules.changed["stop-1"] = ScheduledStop(at=world.began_at, builder=NAME)

    change_schedule(goal, Step.HOLD, schedules=schedules, now=world.began_at)

    assert {"stop-1": NAME} == schedules.builders


@pytest.mark.usefixtures("in_tokyo")
def test_the_scheduler_is_told_the_time_in_utc() -> None:
    """Whatever the machine's time zone."""
    assert "2027-01-15T08:00:00" == moment(1_800_000_000.0)
