"""What must hold for scheduled stops: promised truly, made, hitting nothing newer, gone with their purpose."""

from collections.abc import Iterator
from datetime import datetime

from running_image_builder_function.contract import SCHEDULED_STOP_TIME
from running_image_builder_function.goal import DENIED_PATIENCE
from simulation.drawing import NAMES
from simulation.history import History, Request, ScheduleChange
from simulation.invariants_truth import stops_on_delete

_RESERVE = 15.0
"""Seconds before its deadline at which a request gives up waiting for a late stop."""


def a_promised_stop_is_scheduled(history: History) -> Iterator[str]:
    """A success tells for when the stop is set, as long after RUNNING as asked for; or tells none."""
    for request in _succeeded(history):
        told = str(request.answer["Data"][SCHEDULED_STOP_TIME])
        after = request.properties.stop_after
        if after is None:
            yield f"request {request.number} tells of a stop that nobody asked for" if told else ""
            continue
        changes = [each for each in history.schedule_changes if each.at <= request.ended_at and each.due is not None]
        mine = [each for each in changes if each.name == request.properties.schedule and _by(each, request)]
        known = {each.due for each in mine if each.what == "set"}
        due = _moment(told) if told else 0.0
        fine = due in known and request.sent_at + after - 1 <= due <= request.ended_at + after
        yield (
            "" if fine else f"request {request.number} tells of {told or 'no stop'}, set were {sorted(map(str, known))}"
        )


def a_promised_stop_happens(history: History) -> Iterator[str]:
    """Where no request comes between, the stop is made at its time, and taken where the builder is RUNNING."""
    for request in _succeeded(history):
        if request.properties.stop_after is None:
            continue
        due = _moment(str(request.answer["Data"][SCHEDULED_STOP_TIME]))
        name = request.properties.schedule
        if any(
            each.sent_at > request.sent_at and each.sent_at <= due and _about(each, request)
            for each in history.requests
        ):
            continue
        changes = [each for each in history.schedule_changes if each.name == name and each.at >= request.sent_at]
        changes = [each for each in changes if each.invocation is None or each.at <= due]
        # A duplicate of the request may have moved it on by a little, once it was told.
        last = next(each for each in reversed(changes) if each.invocation is not None)
        fired = [each for each in changes if each.due == last.due and each.what in ("fired", "refused")]
        taken = fired and (fired[0].really != "RUNNING" or fired[0].what == "fired")
        fine = taken and last.due is not None and last.due >= due
        yield "" if fine else f"request {request.number}: nothing stopped {request.properties.name} at {due:.0f}"


def nothing_newer_is_stopped(history: History) -> Iterator[str]:
    """No schedule stops a builder before the moment that the last success has told, if that told one."""
    for act in history.acts:
        if not act.scheduled:
            continue
        before = [
            each
            for each in history.requests
            if each.sent_at <= act.at and act.name in (each.properties.name, each.physical_id)
        ]
        last = before[-1] if before else None
        if last is None or last.kind == "Delete" or last.ended_at > act.at or last not in _succeeded(history):
            continue
        told = str(last.answer["Data"][SCHEDULED_STOP_TIME])
        # A stack without the option knows of no schedule that another one has left.
        knows = bool(told) or last.kind == "Update"
        hurried = last.ended_at >= last.deadline - _RESERVE - 4 * last.properties.poll_interval
        early = not told or act.at < _moment(told)
        yield f"a schedule stopped {act.name} after request {last.number}" if knows and early and not hurried else ""


def no_schedule_survives_its_purpose(history: History) -> Iterator[str]:
    """After a Delete with STOP, and after an Update without the option, there is none."""
    for request in history.requests:
        if request.answer.get("Status") != "SUCCESS" or request.properties.bad:
            continue
        name = request.properties.schedule
        asked = request.kind == "Delete" and request.properties.on_delete == "STOP"
        stops = asked and request.properties.stop_after is not None and not _may_be_denied(request)
        dropped = request.kind == "Update" and request.properties.stop_after is None and request.physical_id in NAMES
        about = request.physical_id == request.properties.name
        if not (stops or (dropped and about)) or (dropped and not _had(history, request)):
            continue
        changes = [each for each in history.schedule_changes if each.name == name and each.at <= request.ended_at]
        # What another request's late duplicate does meanwhile is another invariant's.
        changes = [
            each for each in changes if each.invocation is None or _by(each, request) or each.at < request.sent_at
        ]
        last = next((each for each in reversed(changes) if each.what in ("set", "deleted", "fired")), None)
        left = last is not None and last.what == "set" and request.ended_at < (last.due or 0.0)
        yield f"request {request.number} left schedule {name}" if left else ""


def _may_be_denied(request: Request) -> bool:
    """Return whether a Delete whose create had started nothing may have succeeded for being denied any look."""
    return not stops_on_delete(request) and request.ended_at - request.sent_at >= DENIED_PATIENCE


def _had(history: History, request: Request) -> bool:
    """Return whether the properties before an update had the schedule: as the request before it did."""
    earlier = [each for each in history.requests if each.number < request.number and each.kind != "Delete"]
    before = earlier[-1] if earlier else None
    return (
        before is not None
        and before.properties.stop_after is not None
        and before.properties.name == request.properties.name
    )


def _about(one: Request, other: Request) -> bool:
    return one.properties.name == other.properties.name or one.physical_id == other.properties.name


def _by(change: ScheduleChange, request: Request) -> bool:
    return change.invocation is not None and change.invocation.request is request


def _moment(told: str) -> float:
    return datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp()


def _succeeded(history: History) -> list[Request]:
    return [
        each
        for each in history.requests
        if each.kind in ("Create", "Update") and each.answer.get("Status") == "SUCCESS" and not each.properties.bad
    ]
