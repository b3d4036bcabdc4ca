"""Making the steps that change a schedule, and telling when a stop of before may still arrive; no boto3."""

from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.ports import Schedules
from running_image_builder_function.schedules import PRECISION, RETRIED_FOR
from running_image_builder_function.stop_schedule import ScheduledStop, moment

_SLACK = 10.0
"""Seconds by which the clocks of two services may differ, and a stop be on its way."""


def change_schedule(goal: Goal, step: Step, *, schedules: Schedules, now: float) -> str:
    """Make a step of ``SCHEDULING``; return what the log says of it.

    Raises:
        CallFailed: A call failed; the step may be made again.
    """
    request = goal.request
    wanted = request.schedule
    if step is Step.UNSCHEDULE:
        name = request.dropped_schedule or (wanted.name if wanted else "")
        found = schedules.find(name)
        if found is not None and found.builder in ("", request.name):
            schedules.remove(name)
            goal.scheduled(step, at=0.0, quiet_until=_quiet_until(found, now=now))
            return "the scheduled stop is deleted"
        goal.scheduled(step, at=0.0, quiet_until=0.0)
        return "no stop is scheduled" if found is None else _serves(found)
    assert wanted is not None  # no other step is asked for without one
    if step is Step.HOLD:
        found = schedules.find(wanted.name)
        if found is None or found.builder not in ("", request.name):
            goal.scheduled(step, at=0.0, quiet_until=0.0)
            return "no stop is scheduled yet" if found is None else _serves(found)
        # Later than anything that this request may take, and still an end, should nobody come back to it.
        at = goal.deadline + wanted.after
        schedules.put(wanted, request.name, at=at)
        goal.scheduled(step, at=at, quiet_until=_quiet_until(found, now=now))
        return f"the scheduled stop is put off to {moment(at)}Z"
    # Whole seconds are all that the scheduler takes.
    at = float(int((now if step is Step.SCHEDULE else goal.deadline) + wanted.after))
    schedules.put(wanted, request.name, at=at)
    goal.scheduled(step, at=at, quiet_until=0.0)
    return f"the stop is scheduled for {moment(at)}Z"


def _serves(found: ScheduledStop) -> str:
    """Return what the log says of a schedule that is another builder's.

    A name that is a token may get another value, and the schedule, whose name was made before that, another builder.
    """
    return f"the schedule of that name stops {found.builder}"


def _quiet_until(found: ScheduledStop, *, now: float) -> float:
    """Return until when the stop of a schedule may arrive that was just moved or deleted; 0 where it had not fired."""
    due = now if found.at is None else found.at
    return due + PRECISION + RETRIED_FOR + _SLACK if due < now + _SLACK else 0.0
