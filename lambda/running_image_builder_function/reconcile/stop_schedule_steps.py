"""Makes the steps that change a schedule, and tells when a stop of before may still arrive; no boto3."""

from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule, moment
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.ports import Schedules
from running_image_builder_function.timing import SCHEDULER_PRECISION, SCHEDULER_RETRIES_FOR

_SLACK = 20.0
"""Seconds by which the clocks of two services may differ, and a stop be on its way."""

_FAR = 600.0
"""Seconds from now after which a stop does not meet what this request does: its answer or next step comes first."""


def change_schedule(desired: DesiredState, step: Step, *, schedules: Schedules, now: float) -> str:
    """Make a step of ``SCHEDULING``; return what the log says of it.

    Raises:
        AwsCallError: A call failed; the step may be made again.
    """
    if step is Step.CANCEL_STOP:
        return _unschedule(desired, schedules=schedules)
    if step is Step.POSTPONE_STOP:
        return _hold(desired, schedules=schedules, now=now)
    wanted = _wanted(desired)
    # Whole seconds are all that the scheduler takes.
    at = float(int((now if step is Step.SCHEDULE_STOP else desired.deadline) + wanted.after))
    schedules.put(
        wanted, desired.request.name, at=at, request_id=desired.owner, quiet_until=_still_quiet(desired, now=now)
    )
    desired.scheduled(step, at=at)
    return f"the stop is scheduled for {moment(at)}Z"


def _unschedule(desired: DesiredState, *, schedules: Schedules) -> str:
    """Delete the schedule that is not wanted any more, unless it serves another builder or resource by now."""
    name = (desired.request.dropped or _wanted(desired)).name
    found = schedules.find(name)
    if found is None or _is_anothers(found, desired) or _is_another_resources(found, desired):
        desired.scheduled(Step.CANCEL_STOP)
        return "no stop is scheduled" if found is None else _serves(found, desired)
    schedules.remove(name)
    desired.scheduled(Step.CANCEL_STOP)
    return "the scheduled stop is deleted"


def _hold(desired: DesiredState, *, schedules: Schedules, now: float) -> str:
    """Put off the schedules that this request may meet: the one it will set, and the one it will take away."""
    said: list[str] = []
    for schedule in (desired.request.dropped, desired.request.schedule):
        found = None if schedule is None else schedules.find(schedule.name)
        if schedule is None or found is None:
            continue
        if _is_anothers(found, desired):
            said.append(_serves(found, desired))
            continue
        if found.request_id == desired.owner and (found.at or 0.0) >= now + _FAR:
            # Another delivery of this request has set it: perhaps for good, and told so already.
            desired.held(found, provides=schedule is desired.request.schedule, quiet_until=found.quiet_until)
            said.append("the scheduled stop is this request's own")
            continue
        # What another delivery of this request has found is in its note: this one finds the moved schedule only.
        quiet_until = max(found.quiet_until, _quiet_until(found, now=now))
        # Later than anything that this request may take, and still an end, should nobody come back to it. One that is
        # later already stays: if this request is cancelled, that moment still stands.
        at = max(found.at or 0.0, float(int(desired.deadline + schedule.after)))
        schedules.put(schedule, desired.request.name, at=at, request_id=desired.owner, quiet_until=quiet_until)
        desired.held(found, provides=schedule is desired.request.schedule, quiet_until=quiet_until)
        said.append(f"the scheduled stop is put off to {moment(at)}Z")
    desired.scheduled(Step.POSTPONE_STOP)
    return "; ".join(said) or "no stop is scheduled yet"


def _wanted(desired: DesiredState) -> StopSchedule:
    assert desired.request.schedule is not None  # no step but that for a dropped one is asked for without it
    return desired.request.schedule


def _is_anothers(found: ScheduledStop, desired: DesiredState) -> bool:
    return found.builder not in ("", desired.request.name)


def _is_another_resources(found: ScheduledStop, desired: DesiredState) -> bool:
    """Return whether a resource with another logical id, and the same path, has set it since."""
    return found.request_id.partition("/")[0] not in ("", desired.request.logical_id)


def _serves(found: ScheduledStop, desired: DesiredState) -> str:
    """Return what the log says of a schedule that is another builder's or resource's.

    A name that is a token may get another value, and the schedule, whose name was made before that, another builder.
    """
    if _is_anothers(found, desired):
        return f"the schedule of that name stops {found.builder}"
    return "another resource has set the schedule of that name"


def _quiet_until(found: ScheduledStop, *, now: float) -> float:
    """Return until when the stop of a schedule may arrive that is moved now; 0 where it has not fired."""
    due = now if found.at is None else found.at
    return due + SCHEDULER_PRECISION + SCHEDULER_RETRIES_FOR + _SLACK if due < now + _SLACK else 0.0


def _still_quiet(desired: DesiredState, *, now: float) -> float:
    """Return what a schedule notes of an earlier stop: nothing once that stop can no longer come."""
    return desired.context.quiet_until if desired.context.quiet_until > now else 0.0
