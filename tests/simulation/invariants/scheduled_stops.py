"""Invariants of scheduled stops: they happen as reported, stop nothing newer, and are deleted when not needed."""

from collections.abc import Iterator
from datetime import datetime

from running_image_builder_function.contract import SCHEDULED_STOP_TIME
from simulation.history import BuilderChange, History, Invocation, Request, ScheduleChange
from simulation.invariants.queries import about, is_warned_of, knows_another_owner
from simulation.scenario import NAMES

_RESERVE = 35.0
"""Seconds before its deadline at which a request no longer waits for a late stop, plus clock offsets."""

_A_MINUTE = 60.0
_CLOCKS = 21.0
"""The most seconds between two clocks, plus one for rounding."""


def a_reported_stop_is_scheduled(history: History) -> Iterator[str]:
    """A success reports when the stop is scheduled, as long after RUNNING as requested; or reports none."""
    for request in _succeeded(history):
        reported = str(request.response["Data"][SCHEDULED_STOP_TIME])
        after = request.properties.stop_after
        if after is None:
            yield f"request {request.number} reports a stop that nobody requested" if reported else ""
            continue
        if (
            request.is_rollback
            and (request.response["Data"]["State"] != "RUNNING" or not reported)
            and is_warned_of(history, request)
        ):
            yield ""
            continue
        changes = [each for each in history.schedule_changes if each.at <= request.ended_at and each.due is not None]
        mine = [each for each in changes if each.name == request.properties.schedule and _by(each, request)]
        known = {each.due for each in mine if each.action == "set"}
        due = _moment(reported) if reported else 0.0
        earliest, latest = request.sent_at + after - 1 - _CLOCKS, request.ended_at + after + _CLOCKS
        fine = due in known and earliest <= due <= latest
        yield (
            ""
            if fine
            else f"request {request.number} reports {reported or 'no stop'}, set were {sorted(map(str, known))}"
        )


_TWINS_APART = 30.0
"""Seconds between the stops that two deliveries of an event may schedule: a slow call, and the time between."""


def a_reported_stop_happens(history: History) -> Iterator[str]:
    """Without a request in between, the stop happens at its time, and is accepted where the builder is RUNNING.

    A twin whose call hung meanwhile may have postponed it once more: then it happens at that time.
    """
    for request in _succeeded(history):
        reported = str(request.response["Data"][SCHEDULED_STOP_TIME])
        if request.properties.stop_after is None or not reported:
            continue
        due = _moment(reported)
        changes = history.schedule_changes_of(request.properties.schedule, until=float("inf"))
        changes = [each for each in changes if each.at >= request.sent_at and (not each.invocation or each.at <= due)]
        last = next(each for each in reversed(changes) if each.invocation is not None)
        if last.invocation and last.invocation.request is not request:
            # An older request: whether it should have known is another invariant's question.
            continue
        latest = max(due, last.due or 0.0)
        if any(
            each is not request
            and each.ended_at > request.sent_at
            and each.sent_at <= latest + _CLOCKS
            and _concerns(each, request)
            for each in history.requests
        ):
            continue
        fired = [each for each in changes if each.due == last.due and each.action in ("fired", "refused")]
        accepted = fired and (fired[0].actual_state != "RUNNING" or fired[0].action == "fired")
        fine = accepted and last.due is not None and last.due >= due - _TWINS_APART
        yield "" if fine else f"request {request.number}: nothing stopped {request.properties.name} at {due:.0f}"


def no_outdated_schedule_stops_a_builder(history: History) -> Iterator[str]:
    """No schedule stops a builder before the moment that the last success reported, if that reported one.

    That is the last success of a resource in the schedule's stack, or in one of that name. Where resources share the
    builder, the earlier of their stops comes, but none of a resource that is gone or has reported another one since.
    """
    for stop in history.builder_changes:
        if not stop.scheduled:
            continue
        here = [
            each for each in history.requests if each.sent_at <= stop.at and _stack_of(each) in _setters(history, stop)
        ]
        last = _last_word(here, stop.name)
        if last is None or last.kind == "Delete" or last.ended_at > stop.at or last not in _succeeded(history):
            continue
        owner = [each for each in here if each.properties.schedule == stop.schedule]
        # Without rollback, a failed Create's Delete follows the next Create: it isn't the resource's last word.
        current = [each for each in owner if each.kind != "Delete" or about(each) == each.physical_id]
        words = [each for each in (*owner[-1:], *current[-1:]) if each is not last]
        if any(_still_means_it(each, stop) or _was_misled(history, each) for each in words):
            continue
        if _was_set_by_an_older_request(history, stop, last):
            continue
        if _was_left_on_purpose(history, stop, last):
            continue
        if _was_anothers(history, stop, last):
            # It was due before this resource had the builder and its schedule was deleted: the scheduler was late.
            continue
        telling = [each for each in (last, *owner) if each.is_rollback or each.kind == "Delete"]
        if any(is_warned_of(history, each) for each in telling):
            # A schedule that could not be deleted or moved is warned of.
            continue
        reported = str(last.response["Data"][SCHEDULED_STOP_TIME])
        # A resource without the option does not know of a schedule that another one, or its own failed rename, left.
        _, setter = _setter(history, stop)
        since = [each for each in here if each.resource == last.resource and setter and each.number > setter.number]
        knows = bool(reported) or any(_knows_of(each, stop) for each in since)
        hurried = any(_had_no_time(each) for each in (last, *_who_moved(history, stop)))
        early = not reported or stop.at < _moment(reported) - _CLOCKS
        yield f"a schedule stopped {stop.name} after request {last.number}" if knows and early and not hurried else ""


def _knows_of(request: Request, stop: BuilderChange) -> bool:
    """Return whether a request's properties have a stop's schedule, for the builder that it wants to run."""
    known = [each for each in (request.properties, request.old_properties) if each and each.stop_after is not None]
    return request.properties.name == stop.name and stop.schedule in [each.schedule for each in known]


def _had_no_time(request: Request) -> bool:
    """Return whether a request's timeout was too short to wait out a late stop."""
    return request.ended_at >= request.deadline - _RESERVE - 4 * request.properties.poll_interval


def _who_moved(history: History, stop: BuilderChange) -> list[Request]:
    """Return the requests that took a stop that came late from its schedule: the last one, and any that deleted it.

    One that deleted it at its deadline left nothing of it for the next one to know.
    """
    changes = history.schedule_changes_of(stop.schedule, until=stop.at)
    due = _due(changes)
    made = [(each, each.invocation.request) for each in changes if each.invocation is not None]
    deleted = [request for each, request in made if each.due is None and each.at >= due]
    return [*(request for _, request in made[-1:]), *deleted]


def _was_set_by_an_older_request(history: History, stop: BuilderChange, last: Request) -> bool:
    """Return whether an older request set the stop after the last one: another invariant judges that."""
    set_at, setter = _setter(history, stop)
    return setter is not None and setter.number < last.number and set_at > last.sent_at


def _was_left_on_purpose(history: History, stop: BuilderChange, last: Request) -> bool:
    """Return whether a deleted resource left this stop, of which the next one that has the builder can't know."""
    _, setter = _setter(history, stop)
    if setter is None:
        return False
    # The first one after it was about this builder; a later one may be about another.
    deletes = [
        each
        for each in history.requests
        if each.kind == "Delete" and each.resource == setter.resource and setter.number <= each.number < last.number
    ]
    # One whose Delete has failed is still there, though nothing else happens to it.
    return bool(deletes) and (deletes[0].properties.on_delete != "STOP" or not deletes[0].succeeded)


def _setter(history: History, stop: BuilderChange) -> tuple[float, Request | None]:
    """Return the last request that scheduled this stop, which may have been moved before it came late, and when."""
    changes = history.schedule_changes_of(stop.schedule, until=stop.at)
    due = _due(changes)
    sets = [each for each in changes if each.action == "set" and each.invocation and each.due == due]
    return (sets[-1].at, sets[-1].invocation.request) if sets and sets[-1].invocation else (0.0, None)


def _due(changes: list[ScheduleChange]) -> float:
    """Return when the last stop of a schedule was due."""
    return max((each.due or 0.0 for each in changes if each.action in ("fired", "refused")), default=0.0)


def _was_anothers(history: History, stop: BuilderChange, last: Request) -> bool:
    """Return whether a late stop was another resource's, or of the same one before it was removed."""
    changes = history.schedule_changes_of(stop.schedule, until=stop.at)
    due = _due(changes)
    _, setter = _setter(history, stop)
    if setter is None:
        return False
    deletes = [each for each in history.requests if each.kind == "Delete" and each.resource == setter.resource]
    removed = [each for each in deletes if each.number > setter.number]
    other = setter.resource != last.resource
    # That one existed when its stop was due, or its Delete was delivered less than a minute before.
    begins = [each.began_at for each in history.invocations_of(removed[0])] if removed else []
    if other and (not removed or due <= min(begins, default=removed[0].ended_at) + _A_MINUTE + _CLOCKS):
        return True
    gone = any(each.number < last.number for each in removed)
    return due <= last.ended_at + _CLOCKS and (gone or other)


def _stack_of(request: Request) -> str:
    return request.stack_id.split("/")[1]


def _setters(history: History, stop: BuilderChange) -> set[str]:
    return {
        _stack_of(each.invocation.request)
        for each in history.schedule_changes
        if each.name == stop.schedule and each.invocation is not None
    }


def _last_word(requests: list[Request], name: str) -> Request | None:
    """Return the last request about a builder; a Delete doesn't count where another resource has the builder."""
    concerned = [each for each in requests if name in (each.properties.name, each.physical_id)]
    while concerned and concerned[-1].kind == "Delete":
        gone = concerned.pop()
        kept = [each for each in concerned if each.logical_id != gone.logical_id and each.succeeded]
        if not kept or _is_gone(kept[-1], requests):
            return gone
        concerned = [each for each in concerned if each.logical_id != gone.logical_id]
    return concerned[-1] if concerned else None


def _is_gone(request: Request, requests: list[Request]) -> bool:
    return any(
        each.kind == "Delete" and each.number > request.number and each.resource == request.resource
        for each in requests
    )


def _was_misled(history: History, own: Request) -> bool:
    """Return whether a Delete could not know of another resource with its builder: its list was stale or failed.

    Where all lists failed, it must warn.
    """
    reads = [
        each
        for each in history.stack_reads
        if each.invocation.request is own and each.operation == "ListStackResources"
    ]
    in_vain = bool(reads) and all(each.failed for each in reads) and is_warned_of(history, own)
    return own.kind == "Delete" and (any(each.stale for each in reads) or in_vain)


def _still_means_it(own: Request, stop: BuilderChange) -> bool:
    """Return whether a schedule's own resource exists, is still changing, or has reported this stop."""
    if not own.ended or own.ended_at > stop.at:
        return True
    if own.kind == "Delete":
        # One whose deliveries were all killed is reported by ServiceTimeout.
        return not own.succeeded
    reported = str((own.response.get("Data") or {}).get(SCHEDULED_STOP_TIME, ""))
    return not own.succeeded or (bool(reported) and stop.at >= _moment(reported) - _CLOCKS)


def unneeded_schedules_are_deleted(history: History) -> Iterator[str]:
    """After a Delete with STOP, or an Update without the option, no schedule is left without a warning."""
    for request in history.requests:
        if request.response.get("Status") != "SUCCESS" or request.properties.invalid:
            continue
        name = request.properties.schedule
        asked = request.kind == "Delete" and request.properties.on_delete == "STOP"
        stops = asked and request.properties.stop_after is not None
        dropped = request.kind == "Update" and request.properties.stop_after is None and request.physical_id in NAMES
        same = request.physical_id == request.properties.name
        if not (stops or (dropped and same)) or (dropped and not _had(request)):
            continue
        changes = _known_to(request, history.schedule_changes_of(name, until=request.ended_at))
        last = next((each for each in reversed(changes) if each.action in ("set", "deleted", "fired")), None)
        left = last is not None and last.action == "set" and request.ended_at < (last.due or 0.0) - _CLOCKS
        # The schedule may be another resource's, and one of that name another builder's, or the next Create's.
        others = last is not None and (last.builder != about(request) or _is_of_a_later_create(last, request))
        reported = is_warned_of(history, request) or any(
            name in e.line for e in history.warnings if _of(e.invocation, request)
        )
        yield f"request {request.number} left schedule {name}" if left and not reported and not others else ""


def a_shared_builder_keeps_no_old_schedule(history: History) -> Iterator[str]:
    """A Delete that leaves its builder to another resource of the stack deletes its own schedule, or warns."""
    for request in history.requests:
        if request.kind != "Delete" or not request.succeeded or request.properties.stop_after is None:
            continue
        told = request.responder
        if not knows_another_owner(history, request, until=request.ended_at, name=about(request), invocation=told):
            continue
        lists = [read for read in history.stack_reads if read.invocation is request.responder and read.listed]
        if any(read.stale for read in lists):
            # The responder's list was stale; what a duplicate's list showed it can't know.
            continue
        name = request.properties.schedule
        changes = _known_to(request, history.schedule_changes_of(name, until=request.ended_at))
        last = next((each for each in reversed(changes) if each.action in ("set", "deleted", "fired")), None)
        left = last is not None and last.action == "set" and request.ended_at < (last.due or 0.0) - _CLOCKS
        anew = last is not None and _is_of_a_later_create(last, request)
        fine = not left or anew or is_warned_of(history, request)
        yield "" if fine else f"request {request.number} left schedule {name} to what another resource has"


def _is_of_a_later_create(change: ScheduleChange, delete: Request) -> bool:
    """Return whether a failed Create's Delete finds the schedule of another Create, which has followed that one."""
    setter = None if change.invocation is None else change.invocation.request
    if setter is None or setter.resource != delete.resource or delete.physical_id == about(delete):
        return False
    return setter.kind != "Delete" and setter.succeeded


def _known_to(request: Request, changes: list[ScheduleChange]) -> list[ScheduleChange]:
    """Return the changes of a schedule without those that an older request makes after this one was sent.

    Whether it may set a stop then is another invariant's question.
    """
    return [
        each
        for each in changes
        if each.invocation is None or _by(each, request) or each.at < request.sent_at or each.action == "deleted"
    ]


def _had(request: Request) -> bool:
    """Return whether an Update's old properties had the schedule."""
    before = request.old_properties
    return before is not None and before.stop_after is not None and before.name == request.properties.name


def _concerns(one: Request, other: Request) -> bool:
    return one.properties.name == other.properties.name or one.physical_id == other.properties.name


def _of(invocation: Invocation, request: Request) -> bool:
    return invocation.request is request


def _by(change: ScheduleChange, request: Request) -> bool:
    return change.invocation is not None and change.invocation.request is request


def _moment(reported: str) -> float:
    return datetime.fromisoformat(reported.replace("Z", "+00:00")).timestamp()


def _succeeded(history: History) -> list[Request]:
    return [
        each
        for each in history.requests
        if each.kind in ("Create", "Update")
        and each.response.get("Status") == "SUCCESS"
        and not each.properties.invalid
    ]
