"""Makes the steps that change a schedule, and tells until when an earlier stop may still arrive."""

from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule, moment
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.ports import Schedules
from running_image_builder_function.reconcile.states import RUNNING
from running_image_builder_function.timing import (
    CONSISTENCY_WINDOW,
    SCHEDULE_COLLISION_WINDOW,
    SCHEDULER_CLOCK_SKEW,
    SCHEDULER_PRECISION,
    SCHEDULER_RETRIES_FOR,
)


def change_schedule(desired: DesiredState, step: Step, *, schedules: Schedules, now: float) -> str:
    """Make a step of ``SCHEDULE_STEPS``; return what to log.

    Raises:
        AwsCallError: A call failed; the step can be repeated.
    """
    if step is Step.CANCEL_STOP:
        return _cancel(desired, schedules=schedules)
    if step is Step.POSTPONE_STOP:
        return _postpone(desired, schedules=schedules, now=now)
    wanted = _wanted(desired)
    # The scheduler takes whole seconds only.
    at = float(int((now if step is Step.SCHEDULE_STOP else desired.deadline) + wanted.after))
    # An earlier stop that can no longer arrive needs no note.
    earlier_stop_until = desired.context.schedule.earlier_stop_until
    earlier_stop_until = earlier_stop_until if earlier_stop_until > now else 0.0
    stop = ScheduledStop(
        at=at,
        builder=desired.request.name,
        request_id=desired.owner,
        is_fallback=step is Step.SET_FALLBACK_STOP,
        earlier_stop_until=earlier_stop_until,
    )
    schedules.put(wanted, stop)
    desired.schedule_changed(step, at=at)
    return f"the stop is scheduled for {moment(at)}Z"


def _cancel(desired: DesiredState, *, schedules: Schedules) -> str:
    """Delete the schedule that isn't wanted any more, unless it serves another builder or resource by now."""
    name = (desired.request.dropped or _wanted(desired)).name
    found = schedules.find(name)
    if found is None or _is_of_another_builder(found, desired) or _is_of_another_resource(found, desired):
        desired.schedule_changed(Step.CANCEL_STOP)
        return "no stop is scheduled" if found is None else _serves(found, desired)
    if desired.was_recreated and not found.is_fallback:
        desired.schedule_changed(Step.CANCEL_STOP)
        return "the schedule is that of the resource's next Create"
    schedules.remove(name)
    desired.schedule_changed(Step.CANCEL_STOP)
    return "the scheduled stop is deleted"


def _postpone(desired: DesiredState, *, schedules: Schedules, now: float) -> str:
    """Postpone the schedules that this request may meet: the one it will set, and the one it will delete."""
    said: list[str] = []
    for schedule in (desired.request.dropped, desired.request.schedule):
        found = None if schedule is None else schedules.find(schedule.name)
        if schedule is None:
            continue
        if found is None:
            desired.context.schedule.stops_at = None
            had_it = schedule is desired.request.dropped or desired.request.keeps_schedule
            if had_it and desired.context.builder.state == RUNNING:
                # It may have fired a moment ago, which no description shows yet.
                desired.stop_may_come(until=now + CONSISTENCY_WINDOW)
            continue
        if _is_of_another_builder(found, desired):
            said.append(_serves(found, desired))
            continue
        is_fallback = schedule is desired.request.schedule
        if found.request_id == desired.owner and (found.at or 0.0) >= now + SCHEDULE_COLLISION_WINDOW:
            # Another delivery of this request has set it: perhaps for good, and said so in its response.
            desired.stop_postponed(
                found, at=found.at, is_fallback=is_fallback, earlier_stop_until=found.earlier_stop_until
            )
            said.append("the scheduled stop is this request's own")
            continue
        # Another delivery of this request has noted what it found; this one finds the postponed schedule only.
        earlier_stop_until = max(
            found.earlier_stop_until, may_arrive_until(now if found.at is None else found.at, now=now)
        )
        # It can't fire during the request, but still stops the builder if the function never runs again. A later one
        # stays: if this request is cancelled, that moment still counts.
        at = max(found.at or 0.0, float(int(desired.deadline + schedule.after)))
        stop = ScheduledStop(
            at=at,
            builder=desired.request.name,
            request_id=desired.owner,
            is_fallback=True,
            earlier_stop_until=earlier_stop_until,
        )
        schedules.put(schedule, stop)
        desired.stop_postponed(found, at=at, is_fallback=is_fallback, earlier_stop_until=earlier_stop_until)
        said.append(f"the scheduled stop is postponed to {moment(at)}Z")
    desired.schedule_changed(Step.POSTPONE_STOP)
    return "; ".join(said) or "no stop is scheduled yet"


def _wanted(desired: DesiredState) -> StopSchedule:
    assert desired.request.schedule is not None  # only a dropped schedule has steps without it
    return desired.request.schedule


def _is_of_another_builder(found: ScheduledStop, desired: DesiredState) -> bool:
    return found.builder not in ("", desired.request.name)


def _is_of_another_resource(found: ScheduledStop, desired: DesiredState) -> bool:
    """Return whether a resource with another logical id, and the same path, has set it since."""
    return found.request_id.partition("/")[0] not in ("", desired.request.logical_id)


def _serves(found: ScheduledStop, desired: DesiredState) -> str:
    """Return what to log of a schedule that is another builder's or resource's.

    A builder's name that is a token can change; the schedule, whose name was made before that, gets another builder.
    """
    if _is_of_another_builder(found, desired):
        return f"the schedule of that name stops {found.builder}"
    return "another resource has set the schedule of that name"


def may_arrive_until(due: float, *, now: float) -> float:
    """Return until when a scheduled stop may arrive; 0 where it isn't due yet.

    Args:
        due: When it is due, in seconds since the epoch.
        now: The time.
    """
    if due >= now + SCHEDULER_CLOCK_SKEW:
        return 0.0
    return due + SCHEDULER_PRECISION + SCHEDULER_RETRIES_FOR + SCHEDULER_CLOCK_SKEW
