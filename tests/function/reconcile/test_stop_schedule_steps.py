"""The steps that change a schedule: what is logged, and until when an earlier stop may still arrive."""

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule, moment
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.stop_schedule_steps import change_schedule
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.fake_schedules import FakeSchedules

AT = 1_800_000_000.0
OWNER = "Builder/request-1"
WANTED = StopSchedule(name="stop-1", role_arn="arn:aws:iam::123456789012:role/scheduler", after=900)
DROPPED = StopSchedule(name="old", role_arn=WANTED.role_arn, after=900)
POSTPONED = "the scheduled stop is postponed to 2027-01-15T08:45:00Z"


@pytest.fixture
def desired() -> DesiredState:
    """Return any desired state of a builder with a scheduled stop."""
    return desired_with()


def desired_with(*, dropped: StopSchedule | None = None) -> DesiredState:
    """Return the desired state of a request that may drop another schedule."""
    request = Request(name=NAME, schedule=WANTED, dropped=dropped, logical_id="Builder", request_id="request-1")
    return EnsureRunning(request, CallbackContext(began_at=AT), arn=ARN)


@pytest.fixture
def schedules(appstream: FakeAppStream) -> FakeSchedules:
    """Return the scheduler, without schedules."""
    return FakeSchedules(appstream)


@pytest.mark.parametrize(
    ("step", "builder", "expected"),
    [
        (Step.CANCEL_STOP, None, "no stop is scheduled"),
        (Step.CANCEL_STOP, NAME, "the scheduled stop is deleted"),
        (Step.CANCEL_STOP, "other", "the schedule of that name stops other"),
        (Step.POSTPONE_STOP, None, "no stop is scheduled yet"),
        (Step.POSTPONE_STOP, NAME, "the scheduled stop is postponed to 2027-01-15T09:23:20Z"),
        (Step.POSTPONE_STOP, "other", "the schedule of that name stops other"),
        (Step.SET_FALLBACK_STOP, None, "the stop is scheduled for 2027-01-15T08:45:00Z"),
        (Step.SCHEDULE_STOP, None, "the stop is scheduled for 2027-01-15T08:15:00Z"),
    ],
)
def test_the_log_says_what_became_of_the_schedule(
    desired: DesiredState,
    schedules: FakeSchedules,
    appstream: FakeAppStream,
    step: Step,
    builder: str | None,
    expected: str,
) -> None:
    """Of the one that is there, and of the builder that it stops."""
    if builder is not None:
        schedules.changed["stop-1"] = ScheduledStop(at=appstream.began_at + 5000, builder=builder)

    assert expected == change_schedule(desired, step, schedules=schedules, now=appstream.clock.now)


@pytest.mark.parametrize("step", [Step.CANCEL_STOP, Step.POSTPONE_STOP, Step.SET_FALLBACK_STOP])
@pytest.mark.parametrize("builder", [None, NAME, "other"])
def test_where_no_stop_may_arrive_none_is_waited_for(
    desired: DesiredState, schedules: FakeSchedules, appstream: FakeAppStream, step: Step, builder: str | None
) -> None:
    """There is no schedule, or it has not fired."""
    if builder is not None:
        schedules.changed["stop-1"] = ScheduledStop(at=appstream.began_at + 5000, builder=builder)

    change_schedule(desired, step, schedules=schedules, now=appstream.clock.now)

    assert 0.0 == desired.context.schedule.earlier_stop_until


@pytest.mark.parametrize(("due_in", "quiet_for"), [(-100, 520), (0, 620), (19, 639), (20, None)])
def test_a_stop_that_is_almost_due_may_arrive_as_well(
    desired: DesiredState, schedules: FakeSchedules, appstream: FakeAppStream, due_in: int, quiet_for: int | None
) -> None:
    """The clocks of two services may differ by twenty seconds."""
    schedules.changed["stop-1"] = ScheduledStop(at=appstream.began_at + due_in, builder=NAME)

    change_schedule(desired, Step.POSTPONE_STOP, schedules=schedules, now=appstream.began_at)

    expected = 0.0 if quiet_for is None else appstream.began_at + quiet_for
    assert expected == desired.context.schedule.earlier_stop_until


def test_a_postponed_stop_is_still_the_builders(
    desired: DesiredState, schedules: FakeSchedules, appstream: FakeAppStream
) -> None:
    """It stops the builder if the function never runs again."""
    schedules.changed["stop-1"] = ScheduledStop(at=appstream.began_at, builder=NAME)

    change_schedule(desired, Step.POSTPONE_STOP, schedules=schedules, now=appstream.began_at)

    assert {"stop-1": NAME} == schedules.builders


def test_another_resources_schedule_is_left_to_it(desired: DesiredState, schedules: FakeSchedules) -> None:
    """Its path is the same: the schedule's name says nothing of the logical id."""
    schedules.changed["stop-1"] = ScheduledStop(at=AT, builder=NAME, request_id="Other/request-1")

    said = change_schedule(desired, Step.CANCEL_STOP, schedules=schedules, now=AT)

    assert "another resource has set the schedule of that name" == said


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (ScheduledStop(at=None, builder="other"), "the schedule of that name stops other"),
        (ScheduledStop(at=AT + 600, builder=NAME, request_id=OWNER), "the scheduled stop is this request's own"),
        (ScheduledStop(at=AT + 599, builder=NAME, request_id=OWNER), POSTPONED),
        (ScheduledStop(at=AT + 600, builder=NAME, request_id="Builder/request-0"), POSTPONED),
    ],
)
def test_a_replaced_schedule_and_the_new_one_are_postponed(
    schedules: FakeSchedules, old: ScheduledStop, expected: str
) -> None:
    """Each for itself: another delivery of this request may have done so with one of them."""
    desired = desired_with(dropped=DROPPED)
    schedules.changed.update({"old": old, "stop-1": ScheduledStop(at=AT, builder=NAME)})

    said = change_schedule(desired, Step.POSTPONE_STOP, schedules=schedules, now=AT)

    assert f"{expected}; {POSTPONED}" == said


@pytest.mark.parametrize("request_id", [OWNER, ""])
@pytest.mark.parametrize(("name", "has_fallback"), [("stop-1", True), ("old", False)])
def test_only_the_requests_own_schedule_is_a_fallback(
    schedules: FakeSchedules, request_id: str, name: str, has_fallback: bool
) -> None:
    """The one that is dropped will be deleted."""
    desired = desired_with(dropped=DROPPED)
    schedules.changed[name] = ScheduledStop(at=AT + 5000, builder=NAME, request_id=request_id)

    change_schedule(desired, Step.POSTPONE_STOP, schedules=schedules, now=AT)

    assert has_fallback is desired.context.schedule.has_fallback


@pytest.mark.parametrize(("until", "noted"), [(AT - 1, 0.0), (AT, 0.0), (AT + 1, AT + 1)])
@pytest.mark.parametrize("step", [Step.SET_FALLBACK_STOP, Step.SCHEDULE_STOP])
def test_a_new_schedule_notes_an_earlier_stop_to_come(
    desired: DesiredState, schedules: FakeSchedules, step: Step, until: float, noted: float
) -> None:
    """And whose it is, for another delivery of the request."""
    desired.context.schedule.earlier_stop_until = until

    change_schedule(desired, step, schedules=schedules, now=AT)

    found = schedules.find("stop-1")
    assert found is not None
    assert (OWNER, noted) == (found.request_id, found.earlier_stop_until)


def test_a_postponed_schedule_notes_the_stop_of_before(desired: DesiredState, schedules: FakeSchedules) -> None:
    """Only this shows it to another delivery."""
    schedules.changed["stop-1"] = ScheduledStop(at=AT, builder=NAME)

    change_schedule(desired, Step.POSTPONE_STOP, schedules=schedules, now=AT)

    found = schedules.find("stop-1")
    assert found is not None
    assert (OWNER, AT + 620) == (found.request_id, found.earlier_stop_until)


@pytest.mark.usefixtures("in_tokyo")
def test_a_moment_is_in_utc() -> None:
    """Whatever the machine's time zone."""
    assert "2027-01-15T08:00:00" == moment(1_800_000_000.0)
