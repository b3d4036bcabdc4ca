"""Making the steps that change a schedule, and telling when a stop of before may still arrive; no boto3."""

from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.ports import Schedules
from running_image_builder_function.schedules import PRECISION, RETRIED_FOR
from running_image_builder_function.stop_schedule import moment

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
        due = schedules.due(name)
        if due is not None:
            schedules.remove(name)
        goal.scheduled(step, at=0.0, quiet_until=_quiet_until(due, now=now))
        return "the scheduled stop is deleted" if due is not None else "no stop is scheduled"
    assert wanted is not None  # no other step is asked for without one
    if step is Step.HOLD:
        due = schedules.due(wanted.name)
        if due is None:
            goal.scheduled(step, at=0.0, quiet_until=0.0)
            return "no stop is scheduled yet"
        # Later than anything that this request may take, and still an end, should nobody come back to it.
        at = goal.deadline + wanted.after
        schedules.put(wanted, request.name, at=at)
        goal.scheduled(step, at=at, quiet_until=_quiet_until(due, now=now))
        return f"the scheduled stop is put off to {moment(at)}Z"
    # Whole seconds are all that the scheduler takes.
    at = float(int((now if step is Step.SCHEDULE else goal.deadline) + wanted.after))
    schedules.put(wanted, request.name, at=at)
    goal.scheduled(step, at=at, quiet_until=0.0)
    return f"the stop is scheduled for {moment(at)}Z"


def _quiet_until(due: float | None, *, now: float) -> float:
    """Return until when the stop of a schedule may arrive that was just moved or deleted; 0 where it had not fired."""
    return due + PRECISION + RETRIED_FOR + _SLACK if due is not None and due < now + _SLACK else 0.0
