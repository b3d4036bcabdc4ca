"""Makes the steps that change a schedule, and tells when a stop of before may still arrive; no boto3."""

from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule, moment
from running_image_builder_function.reconcile.desired_state import Goal, Step
from running_image_builder_function.reconcile.ports import Schedules
from running_image_builder_function.timing import SCHEDULER_PRECISION, SCHEDULER_RETRIES_FOR

_SLACK = 20.0
"""Seconds by which the clocks of two services may differ, and a stop be on its way."""

_FAR = 600.0
"""Seconds from now after which a stop does not meet what this request does: its answer or next step comes first."""


def change_schedule(goal: Goal, step: Step, *, schedules: Schedules, now: float) -> str:
    """Make a step of ``SCHEDULING``; return what the log says of it.

    Raises:
        CallFailed: A call failed; the step may be made again.
    """
    if step is Step.UNSCHEDULE:
        return _unschedule(goal, schedules=schedules)
    if step is Step.HOLD:
        return _hold(goal, schedules=schedules, now=now)
    wanted = _wanted(goal)
    # Whole seconds are all that the scheduler takes.
    at = float(int((now if step is Step.SCHEDULE else goal.deadline) + wanted.after))
    schedules.put(wanted, goal.request.name, at=at, request_id=goal.owner, quiet_until=_still_quiet(goal, now=now))
    goal.scheduled(step, at=at)
    return f"the stop is scheduled for {moment(at)}Z"


def _unschedule(goal: Goal, *, schedules: Schedules) -> str:
    """Delete the schedule that is not wanted any more, unless it serves another builder or resource by now."""
    name = (goal.request.dropped or _wanted(goal)).name
    found = schedules.find(name)
    if found is None or _is_anothers(found, goal) or _is_another_resources(found, goal):
        goal.scheduled(Step.UNSCHEDULE)
        return "no stop is scheduled" if found is None else _serves(found, goal)
    schedules.remove(name)
    goal.scheduled(Step.UNSCHEDULE)
    return "the scheduled stop is deleted"


def _hold(goal: Goal, *, schedules: Schedules, now: float) -> str:
    """Put off the schedules that this request may meet: the one it will set, and the one it will take away."""
    said: list[str] = []
    for schedule in (goal.request.dropped, goal.request.schedule):
        found = None if schedule is None else schedules.find(schedule.name)
        if schedule is None or found is None:
            continue
        if _is_anothers(found, goal):
            said.append(_serves(found, goal))
            continue
        if found.request_id == goal.owner and (found.at or 0.0) >= now + _FAR:
            # Another delivery of this request has set it: perhaps for good, and told so already.
            goal.held(found, provides=schedule is goal.request.schedule, quiet_until=found.quiet_until)
            said.append("the scheduled stop is this request's own")
            continue
        # What another delivery of this request has found is in its note: this one finds the moved schedule only.
        quiet_until = max(found.quiet_until, _quiet_until(found, now=now))
        # Later than anything that this request may take, and still an end, should nobody come back to it. One that is
        # later already stays: if this request is cancelled, that moment still stands.
        at = max(found.at or 0.0, float(int(goal.deadline + schedule.after)))
        schedules.put(schedule, goal.request.name, at=at, request_id=goal.owner, quiet_until=quiet_until)
        goal.held(found, provides=schedule is goal.request.schedule, quiet_until=quiet_until)
        said.append(f"the scheduled stop is put off to {moment(at)}Z")
    goal.scheduled(Step.HOLD)
    return "; ".join(said) or "no stop is scheduled yet"


def _wanted(goal: Goal) -> StopSchedule:
    assert goal.request.schedule is not None  # no step but that for a dropped one is asked for without it
    return goal.request.schedule


def _is_anothers(found: ScheduledStop, goal: Goal) -> bool:
    return found.builder not in ("", goal.request.name)


def _is_another_resources(found: ScheduledStop, goal: Goal) -> bool:
    """Return whether a resource with another logical id, and the same path, has set it since."""
    return found.request_id.partition("/")[0] not in ("", goal.request.logical_id)


def _serves(found: ScheduledStop, goal: Goal) -> str:
    """Return what the log says of a schedule that is another builder's or resource's.

    A name that is a token may get another value, and the schedule, whose name was made before that, another builder.
    """
    if _is_anothers(found, goal):
        return f"the schedule of that name stops {found.builder}"
    return "another resource has set the schedule of that name"


def _quiet_until(found: ScheduledStop, *, now: float) -> float:
    """Return until when the stop of a schedule may arrive that is moved now; 0 where it has not fired."""
    due = now if found.at is None else found.at
    return due + SCHEDULER_PRECISION + SCHEDULER_RETRIES_FOR + _SLACK if due < now + _SLACK else 0.0


def _still_quiet(goal: Goal, *, now: float) -> float:
    """Return what a schedule notes of an earlier stop: nothing once that stop can no longer come."""
    return goal.journey.quiet_until if goal.journey.quiet_until > now else 0.0
