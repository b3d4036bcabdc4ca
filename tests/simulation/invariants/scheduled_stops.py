"""What must hold for scheduled stops: promised truly, made, hitting nothing newer, gone with their purpose."""

from collections.abc import Iterator
from datetime import datetime

from running_image_builder_function.contract import SCHEDULED_STOP_TIME
from simulation.history import BuilderChange, History, Invocation, Request, ScheduleChange
from simulation.invariants.queries import about, is_warned_of, knows_another_owner
from simulation.scenario import NAMES

_RESERVE = 35.0
"""Seconds before its deadline at which a request gives up waiting for a late stop, and clocks are apart."""

_A_MINUTE = 60.0
_CLOCKS = 21.0
"""Seconds that two clocks are apart at most, and a rounded one."""


def a_reported_stop_is_scheduled(history: History) -> Iterator[str]:
    """A success tells for when the stop is set, as long after RUNNING as asked for; or tells none."""
    for request in _succeeded(history):
        told = str(request.response["Data"][SCHEDULED_STOP_TIME])
        after = request.properties.stop_after
        if after is None:
            yield f"request {request.number} tells of a stop that nobody asked for" if told else ""
            continue
        if (
            request.is_rollback
            and (request.response["Data"]["State"] != "RUNNING" or not told)
            and is_warned_of(history, request)
        ):
            yield ""
            continue
        changes = [each for each in history.schedule_changes if each.at <= request.ended_at and each.due is not None]
        mine = [each for each in changes if each.name == request.properties.schedule and _by(each, request)]
        known = {each.due for each in mine if each.action == "set"}
        due = _moment(told) if told else 0.0
        earliest, latest = request.sent_at + after - 1 - _CLOCKS, request.ended_at + after + _CLOCKS
        fine = due in known and earliest <= due <= latest
        yield (
            "" if fine else f"request {request.number} tells of {told or 'no stop'}, set were {sorted(map(str, known))}"
        )


_TWINS_APART = 30.0
"""Seconds by which two deliveries of one event may set a stop apart: a slow call, and the time between them."""


def a_reported_stop_happens(history: History) -> Iterator[str]:
    """Where no request comes between, the stop is made at its time, and taken where the builder is RUNNING."""
    for request in _succeeded(history):
        told = str(request.response["Data"][SCHEDULED_STOP_TIME])
        if request.properties.stop_after is None or not told:
            continue
        due = _moment(told)
        name = request.properties.schedule
        if any(
            each is not request
            and each.ended_at > request.sent_at
            and each.sent_at <= due + _CLOCKS
            and _concerns(each, request)
            for each in history.requests
        ):
            continue
        changes = [each for each in history.schedule_changes if each.name == name and each.at >= request.sent_at]
        changes = [each for each in changes if each.invocation is None or each.at <= due]
        # A duplicate of the request may have moved it by a little, once it was told: it found RUNNING as well, and its
        # call may have hung on the way.
        last = next(each for each in reversed(changes) if each.invocation is not None)
        if last.invocation and last.invocation.request is not request:
            # A request that this one has followed: whether it should have known is another invariant's question.
            continue
        fired = [each for each in changes if each.due == last.due and each.action in ("fired", "refused")]
        accepted = fired and (fired[0].actual_state != "RUNNING" or fired[0].action == "fired")
        fine = accepted and last.due is not None and last.due >= due - _TWINS_APART
        yield "" if fine else f"request {request.number}: nothing stopped {request.properties.name} at {due:.0f}"


def no_outdated_schedule_stops_a_builder(history: History) -> Iterator[str]:
    """No schedule stops a builder before the moment that the last success has told, if that told one.

    That is the last success of a resource in the schedule's own stack, or in one of that name. Where several resources
    have the builder, the earlier of their stops comes, but none of a resource that is gone or has been told otherwise.
    """
    for act in history.builder_changes:
        if not act.scheduled:
            continue
        here = [
            each for each in history.requests if each.sent_at <= act.at and _stack_of(each) in _setters(history, act)
        ]
        last = _last_word(here, act.name)
        if last is None or last.kind == "Delete" or last.ended_at > act.at or last not in _succeeded(history):
            continue
        owner = [each for each in here if each.properties.schedule == act.schedule]
        own = owner[-1] if owner else None
        if own is not None and own is not last and (_still_means_it(own, act) or _was_misled(history, own)):
            continue
        if _set_by_one_that_was_followed(history, act, last):
            continue
        if _was_left_on_purpose(history, act, last):
            continue
        if _was_anothers(history, act, last):
            # It was due before this resource had the builder, and its schedule gone: the scheduler was late.
            continue
        telling = [each for each in (last, *owner) if each.is_rollback or each.kind == "Delete"]
        if any(is_warned_of(history, each) for each in telling):
            # What could not be deleted, or moved, is told.
            continue
        told = str(last.response["Data"][SCHEDULED_STOP_TIME])
        # A stack without the option knows of no schedule that another one has left.
        knows = bool(told) or last.kind == "Update"
        hurried = last.ended_at >= last.deadline - _RESERVE - 4 * last.properties.poll_interval
        early = not told or act.at < _moment(told) - _CLOCKS
        yield f"a schedule stopped {act.name} after request {last.number}" if knows and early and not hurried else ""


def _set_by_one_that_was_followed(history: History, act: BuilderChange, last: Request) -> bool:
    """Return whether an earlier request has set the stop after the last one did: another invariant judges that."""
    setting = [
        each
        for each in history.schedule_changes
        if each.action == "set" and each.name == act.schedule and each.at <= act.at and each.invocation is not None
    ]
    invocation = setting[-1].invocation if setting else None
    return invocation is not None and invocation.request.number < last.number and setting[-1].at > last.sent_at


def _was_left_on_purpose(history: History, act: BuilderChange, last: Request) -> bool:
    """Return whether the stop is the end of a builder that a resource now gone has left running with it.

    Nobody knows of it later, as the table of promises says.
    """
    setting = [
        each.invocation.request
        for each in history.schedule_changes
        if each.action == "set" and each.name == act.schedule and each.at <= act.at and each.invocation is not None
    ]
    resource = (setting[-1].stack_id, setting[-1].logical_id) if setting else None
    left = [
        each
        for each in history.requests
        if each.kind == "Delete" and (each.stack_id, each.logical_id) == resource and each.number < last.number
    ]
    return bool(left) and left[-1].number > setting[-1].number and left[-1].properties.on_delete != "STOP"


def _was_anothers(history: History, act: BuilderChange, last: Request) -> bool:
    """Return whether a stop that came late was another resource's, or of the same one before it was removed."""
    changes = [each for each in history.schedule_changes if each.name == act.schedule and each.at <= act.at]
    due = max((each.due or 0.0 for each in changes if each.action in ("fired", "refused")), default=0.0)
    setters = [
        each.invocation.request
        for each in changes
        if each.action == "set" and each.due == due and each.invocation is not None
    ]
    if not setters:
        return False
    setter = setters[-1]
    resource = (setter.stack_id, setter.logical_id)
    removed = [
        each
        for each in history.requests
        if each.kind == "Delete" and each.number > setter.number and (each.stack_id, each.logical_id) == resource
    ]
    other = resource != (last.stack_id, last.logical_id)
    # That one was there when its stop was due, or its Delete had not been delivered for a minute.
    begins = [each.began_at for each in history.invocations_of(removed[0])] if removed else []
    if other and (not removed or due <= min(begins, default=removed[0].ended_at) + _A_MINUTE + _CLOCKS):
        return True
    gone = any(each.number < last.number for each in removed)
    return due <= last.ended_at + _CLOCKS and (gone or other)


def _stack_of(request: Request) -> str:
    return request.stack_id.split("/")[1]


def _setters(history: History, act: BuilderChange) -> set[str]:
    return {
        _stack_of(each.invocation.request)
        for each in history.schedule_changes
        if each.name == act.schedule and each.invocation is not None
    }


def _last_word(requests: list[Request], name: str) -> Request | None:
    """Return the last request about a builder; a Delete of what another resource has is none."""
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
        each.kind == "Delete"
        and each.number > request.number
        and (each.stack_id, each.logical_id) == (request.stack_id, request.logical_id)
        for each in requests
    )


def _was_misled(history: History, own: Request) -> bool:
    """Return whether a Delete could not be told of another resource that has its builder: the list was stale, or none.

    Where there was none at all, it must warn.
    """
    reads = [
        each
        for each in history.stack_reads
        if each.invocation.request is own and each.operation == "ListStackResources"
    ]
    in_vain = bool(reads) and all(each.failed for each in reads) and is_warned_of(history, own)
    return own.kind == "Delete" and (any(each.stale for each in reads) or in_vain)


def _still_means_it(own: Request, act: BuilderChange) -> bool:
    """Return whether a schedule's own resource is there, goes on changing, or has told of this stop."""
    if not own.ended or own.ended_at > act.at:
        return True
    if own.kind == "Delete":
        return False
    told = str((own.response.get("Data") or {}).get(SCHEDULED_STOP_TIME, ""))
    return not own.succeeded or (bool(told) and act.at >= _moment(told) - _CLOCKS)


def unneeded_schedules_are_deleted(history: History) -> Iterator[str]:
    """After a Delete with STOP, and after an Update without the option, there is none; what stays is warned of."""
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
        changes = [each for each in history.schedule_changes if each.name == name and each.at <= request.ended_at]
        # What another request's late duplicate does meanwhile is another invariant's.
        changes = [
            each for each in changes if each.invocation is None or _by(each, request) or each.at < request.sent_at
        ]
        last = next((each for each in reversed(changes) if each.action in ("set", "deleted", "fired")), None)
        left = last is not None and last.action == "set" and request.ended_at < (last.due or 0.0) - _CLOCKS
        # A token's name: the schedule may be another resource's, and one of that name another builder's.
        others = last is not None and last.builder != about(request)
        told = is_warned_of(history, request) or any(
            name in e.line for e in history.warnings if _of(e.invocation, request)
        )
        yield f"request {request.number} left schedule {name}" if left and not told and not others else ""


def a_shared_builder_keeps_no_old_schedule(history: History) -> Iterator[str]:
    """A Delete that leaves its builder to another resource of the stack removes its own schedule, or warns."""
    for request in history.requests:
        if request.kind != "Delete" or not request.succeeded or request.properties.stop_after is None:
            continue
        if not knows_another_owner(history, request, until=request.ended_at, name=about(request)):
            continue
        lists = [read for read in history.stack_reads if read.invocation is request.responder and read.listed]
        if any(read.stale for read in lists):
            # The one who answered was told otherwise; what its twin was told it can't know.
            continue
        name = request.properties.schedule
        changes = [each for each in history.schedule_changes if each.name == name and each.at <= request.ended_at]
        last = next((each for each in reversed(changes) if each.action in ("set", "deleted", "fired")), None)
        left = last is not None and last.action == "set" and request.ended_at < (last.due or 0.0) - _CLOCKS
        fine = not left or is_warned_of(history, request)
        yield "" if fine else f"request {request.number} left schedule {name} to what another resource has"


def _had(request: Request) -> bool:
    """Return whether the properties before an update had the schedule."""
    before = request.old_properties
    return before is not None and before.stop_after is not None and before.name == request.properties.name


def _concerns(one: Request, other: Request) -> bool:
    return one.properties.name == other.properties.name or one.physical_id == other.properties.name


def _of(invocation: Invocation, request: Request) -> bool:
    return invocation.request is request


def _by(change: ScheduleChange, request: Request) -> bool:
    return change.invocation is not None and change.invocation.request is request


def _moment(told: str) -> float:
    return datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp()


def _succeeded(history: History) -> list[Request]:
    return [
        each
        for each in history.requests
        if each.kind in ("Create", "Update")
        and each.response.get("Status") == "SUCCESS"
        and not each.properties.invalid
    ]
