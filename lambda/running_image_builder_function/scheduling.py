"""Making the steps that change a schedule, and telling when a stop of before may still arrive; no boto3."""

from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.ports import Schedules
from running_image_builder_function.schedules import PRECISION, RETRIED_FOR
from running_image_builder_function.stop_schedule import ScheduledStop, StopSchedule, moment

_SLACK = 10.0
"""Seconds by which the clocks of two services may differ, and a stop be on its way."""


def change_schedule(goal: Goal, step: Step, *, schedules: Schedules, now: float) -> str:
    """Make a step of ``SCHEDULING``; return what the log says of it.

    Raises:
        CallFailed: A call failed; the step may be made again.
    """
    if step is Step.UNSCHEDULE:
        return _unschedule(goal, schedules=schedules, now=now)
    if step is Step.HOLD:
        return _hold(goal, schedules=schedules, now=now)
    wanted = _wanted(goal)
    # Whole seconds are all that the scheduler takes.
    at = float(int((now if step is Step.SCHEDULE else goal.deadline) + wanted.after))
    schedules.put(wanted, goal.request.name, at=at)
    goal.scheduled(step, at=at)
    return f"the stop is scheduled for {moment(at)}Z"


def _unschedule(goal: Goal, *, schedules: Schedules, now: float) -> str:
    name = goal.request.dropped_schedule or _wanted(goal).name
    found = schedules.find(name)
    if found is None or _is_anothers(found, goal):
        goal.scheduled(Step.UNSCHEDULE)
        return "no stop is scheduled" if found is None else _serves(found)
    schedules.remove(name)
    goal.scheduled(Step.UNSCHEDULE, quiet_until=_quiet_until(found, now=now))
    return "the scheduled stop is deleted"


def _hold(goal: Goal, *, schedules: Schedules, now: float) -> str:
    wanted = _wanted(goal)
    found = schedules.find(wanted.name)
    if found is None or _is_anothers(found, goal):
        goal.scheduled(Step.HOLD)
        return "no stop is scheduled yet" if found is None else _serves(found)
    # Later than anything that this request may take, and still an end, should nobody come back to it.
    at = goal.deadline + wanted.after
    schedules.put(wanted, goal.request.name, at=at)
    goal.scheduled(Step.HOLD, quiet_until=_quiet_until(found, now=now))
    return f"the scheduled stop is put off to {moment(at)}Z"


def _wanted(goal: Goal) -> StopSchedule:
    assert goal.request.schedule is not None  # no step but that for a dropped one is asked for without it
    return goal.request.schedule


def _is_anothers(found: ScheduledStop, goal: Goal) -> bool:
    return found.builder not in ("", goal.request.name)


def _serves(found: ScheduledStop) -> str:
    """Return what the log says of a schedule that is another builder's.

    A name that is a token may get another value, and the schedule, whose name was made before that, another builder.
    """
    return f"the schedule of that name stops {found.builder}"


def _quiet_until(found: ScheduledStop, *, now: float) -> float:
    """Return until when the stop of a schedule may arrive that was just moved or deleted; 0 where it had not fired."""
    due = now if found.at is None else found.at
    return due + PRECISION + RETRIED_FOR + _SLACK if due < now + _SLACK else 0.0
