"""Invariants of how things end: rollbacks succeed, Deletes with nothing to stop succeed, no builder is orphaned."""

from collections.abc import Iterator
from itertools import pairwise, takewhile

from simulation.history import ANSWERED, TIMED_OUT, BuilderChange, History, Invocation, Request
from simulation.invariants.queries import NOT_STARTED, about, is_live, stops_on_delete

A_MINUTE = 60.0 + 20.0
"""Seconds for a Delete that has nothing to stop: a minute, and the calls in progress then."""

IN_BETWEEN = 300.0 + 45.0
"""Seconds for which a rollback waits for a builder in a transitional state, and the calls in progress then."""

PLAIN = 60.0
"""Seconds for a rollback whose builder can't run: a read, the list of the stack's resources, and pauses."""

_AT_LEAST = 2
_LAST_READ = 35.0
"""Seconds before Lambda's timeout in which no read begins: it may hang."""

_ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
_OWN = ("start", "stop")
_START = "StartImageBuilder"
_SETTLED = ("RUNNING", "STOPPED", "FAILED", "DELETING")
_ON = ("PENDING", "UPDATING_AGENT", "RUNNING", "REBOOTING", "SNAPSHOTTING", "PENDING_SYNCING_APPS", "SYNCING_APPS")
"""The states of a builder that was started."""


def rollbacks_succeed(history: History) -> Iterator[str]:
    """A rollback's Update succeeds, unless reads of its stack could not show that it is one.

    A failed read is repeated at least once, unless a short timeout of the function ends that, or the one before it has
    failed as well. A request that nobody was left to respond to is Lambda's failure.
    """
    for request in history.requests:
        if not request.is_rollback or request.ended not in (ANSWERED, TIMED_OUT):
            continue
        responder = request.responder
        all_reads = [each for each in history.stack_reads if responder and responder.descends_from(each.invocation)]
        reads = [each for each in all_reads if each.operation == "DescribeStacks"]
        lasted = responder.ended_at - responder.began_at if responder else 0.0
        has_no_time = lasted > history.scenario.function_timeout - _LAST_READ
        # One that showed it, followed by a stale one, could be from a rollback before this update.
        shown = [each.stack_status for each in reads if not each.failed]
        known = shown[-1:] == [_ROLLING_BACK]
        failed = request.ended == ANSWERED and not request.succeeded
        has_failed = [each.failed for each in all_reads[-_AT_LEAST:]] == [True] * _AT_LEAST
        asked = len(reads) >= _AT_LEAST or has_no_time or has_failed
        in_vain = (asked and not known) or any(each.stale for each in reads)
        what = f"request {request.number}, a rollback, failed: {request.response.get('Reason') or request.rejection}"
        yield what if failed and (known or not in_vain) else ""


def rollbacks_end_in_time(history: History) -> Iterator[str]:
    """A rollback that can't reach RUNNING ends at once, and one in a transitional state after 5 minutes.

    Only one that has started a builder itself may take its whole timeout.
    """
    for request in history.requests:
        if not request.is_rollback or not request.succeeded or _had_trouble(history, request):
            continue
        data = request.response.get("Data") or {}
        invocations = history.invocations_of(request)
        own: list[object] = [
            change for change in history.builder_changes if change.invocation in invocations and change.action in _OWN
        ]
        if not history.scenario.behavior.start_refusal_code:
            # Then AppStream accepts a start that changes nothing.
            own += [each for each in history.calls if each.invocation in invocations and each.operation == _START]
        reads = [read for read in history.builder_reads if read.invocation in invocations]
        # One that reads the builder that a failed rename started waits for that, too.
        others = any(read.name != request.properties.name for read in reads)
        if own or others or not reads or data.get("State") == "RUNNING":
            continue
        first = "" if reads[0].shown is None else str(reads[0].shown["State"])
        plain = first in ("FAILED", "DELETING")
        between = [each.at for each in reads if each.shown is not None and each.shown["State"] not in _SETTLED]
        took = request.ended_at - (reads[0].at if plain or not between else between[0])
        # A running builder is waited for only while an earlier stop may still come.
        took -= sum(
            later.at - each.at
            for each, later in pairwise(reads)
            if each.shown is not None and each.shown["State"] == "RUNNING"
        )
        if request.responder is not None:
            took -= _waited(history, request.responder)
        most = PLAIN if plain else IN_BETWEEN
        most += 2 * max(history.scenario.queue_delay, history.scenario.long_queue_delay) + 30
        what = f"request {request.number}, a rollback, took {took:.0f} s over a builder that was {first}"
        yield what if took > most else ""


def _had_trouble(history: History, request: Request) -> bool:
    invocations = history.invocations_of(request)
    fault_kind = any(call.fault_kind for call in history.calls if call.invocation in invocations)
    return fault_kind or any(each.ended != "returned" for each in invocations)


def a_delete_with_nothing_to_stop_succeeds(history: History) -> Iterator[str]:
    """A Delete with nothing to stop succeeds within a minute, whatever AppStream or the scheduler returns."""
    for request in history.requests:
        if request.kind != "Delete" or stops_on_delete(request):
            continue
        if request.ended == ANSWERED:
            reason = request.response.get("Reason")
            yield "" if request.succeeded else f"request {request.number} had nothing to stop, and failed: {reason}"
        for invocation in history.invocations_of(request):
            responses = [each.at for each in history.calls if each.invocation is invocation and each.service == "s3"]
            waited = _waited(history, invocation)
            took = responses[0] - invocation.root.began_at - waited if responses else 0.0
            late = f"request {request.number} had nothing to stop, and took {took:.0f} s"
            yield late if took > A_MINUTE else ""


def _waited(history: History, invocation: Invocation) -> float:
    """Return the seconds for which a chain of self-invocations waited in Lambda's queue."""
    waited = 0.0
    each = invocation
    while each.event.parent is not None:
        waited += each.began_at - each.event.parent.ended_at
        each = each.event.parent
    return max(waited, 0.0)


def no_builder_is_orphaned(history: History) -> Iterator[str]:
    """A builder that a request started is in use at the end, was stopped, has its schedule, or was warned of."""
    for name, state in history.final_states.items():
        starts = [change for change in history.builder_changes if change.action == "start" and change.name == name]
        last = max(starts, key=lambda change: change.at, default=None)
        if last is None or last.invocation is None or state not in _ON:
            continue
        if any(
            change.action in ("stop", "delete", "fail") and change.name == name and change.at > last.at
            for change in history.builder_changes
        ):
            continue
        if any(each.physical_id == name for each in history.remaining):
            continue
        yield _orphaned(history, last, last.invocation.request)


def _orphaned(history: History, start: BuilderChange, request: Request) -> str:
    name = start.name
    # The last resource that had it decides.
    holders = [
        each
        for each in history.requests
        if each.kind != "Delete" and each.succeeded and each.properties.name == name and each.ended_at >= start.at
    ]
    holder = holders[-1] if holders else request
    properties = holder.properties
    if properties.stop_after is not None:
        # Its schedule stops it, kept with LEAVE_RUNNING and deleted with STOP.
        if _has_fired(history, properties.schedule, since=start.at):
            return ""
    elif properties.on_delete != "STOP":
        return ""
    if _was_reported(history, start, holder):
        return ""
    return f"{name} runs on at the end, started by {request.kind} {request.number}"


def _has_fired(history: History, schedule: str, *, since: float) -> bool:
    return any(
        each.name == schedule and each.at >= since and each.action in ("fired", "refused")
        for each in history.schedule_changes
    )


def _was_reported(history: History, start: BuilderChange, request: Request) -> bool:
    name = start.name
    after = [
        each
        for each in history.requests
        if each.resource == request.resource
        and each.number >= request.number
        and name in (about(each), each.properties.name, each.old_properties.name if each.old_properties else "")
    ]
    if any(
        name in each.line and each.at >= start.at and each.invocation.request in after and " FAILED: " not in each.line
        for each in history.warnings
    ):
        return True
    ends = [
        each
        for each in after
        if (each.kind == "Delete" and about(each) == name)
        or (each.is_rollback and each.old_properties is not None and each.old_properties.name == name)
    ]
    last = ends[-1] if ends else request
    if not last.succeeded or any(each.is_rollback and not each.succeeded for each in ends):
        # A rollback that failed has told a person.
        return True
    if _dropped_its_stop(start, last):
        return True
    if last.kind == "Delete" and last.properties.on_delete != "STOP":
        # After a failed rename without rollback, the properties are another builder's.
        scheduled = last.properties.stop_after is not None and last.properties.name == name
        schedule = last.properties.schedule if scheduled else ""
        # The last request was to leave it, if need be until its scheduled stop.
        if not schedule or _has_fired(history, schedule, since=start.at):
            return True
    moved = [
        each
        for each in history.requests
        if each.resource == request.resource and each.number > last.number and each.physical_id == name
    ]
    if any(each.kind == "Update" and each.succeeded and each.properties.name != name for each in moved):
        # An update without rollback went to another builder, and failed elsewhere: no Delete of this one is ever sent.
        return True
    if any(
        each.response.get("Status") == "FAILED"
        and each.ended_at >= (start.at if each.kind == "Delete" else max(start.at, last.ended_at))
        and name in str(each.response.get("Reason"))
        for each in history.requests
    ):
        # Another resource, which had it too, or was to have it, has reported it since.
        return True
    if _could_not_ask(history, start):
        # The table of promises says so: it continues, after its end as well.
        return True
    if last is request:
        return False
    if last.physical_id.endswith(NOT_STARTED) and (
        _was_made_unseen(history, start, last) or _ended_unaware(history, start)
    ):
        return True
    if start.at <= last.ended_at and _another_had(history, last, name):
        return True
    if _starter_knows(history, start, last):
        return False
    reads = [
        read for read in history.builder_reads if read.invocation.request is last and read.name == name and read.arrived
    ]
    reads = [read for read in reads if read.at <= last.ended_at]
    if not reads:
        # A start after everything was over: no request could know.
        return start.at > last.ended_at
    lag = history.scenario.durations.describe_lag
    return start.at > reads[-1].at - lag - 1 or reads[-1].missed


def _dropped_its_stop(start: BuilderChange, last: Request) -> bool:
    """Return whether an update without rollback dropped ``stop_after`` and failed after its start.

    The Delete has the properties before, of which nothing is left: the table of promises says so.
    """
    assert start.invocation is not None
    request = start.invocation.request
    return (
        request.kind == "Update"
        and not request.succeeded
        and request.properties.stop_after is None
        and last.kind == "Delete"
        and last.properties.on_delete != "STOP"
        and last.properties.stop_after is not None
    )


def _could_not_ask(history: History, start: BuilderChange) -> bool:
    """Return whether a Create started a builder after its end, since it could not ask whether it was waited for.

    It asks for 45 seconds, unless that is denied or there is no time for it.
    """
    assert start.invocation is not None
    request = start.invocation.request
    reads = [each for each in history.stack_reads if start.invocation.descends_from(each.invocation)]
    reads = [each for each in reads if each.at <= start.at]
    asked = [each for each in reads if each.operation == "DescribeStackResource"]
    over = bool(request.ended) and request.ended_at <= start.at
    if request.kind != "Create" or not over or not asked or not asked[-1].failed:
        return False
    in_vain = list(takewhile(lambda each: each.failed, reversed(asked)))
    denied = any(
        each.fault_kind == "access_denied"
        and each.operation == "DescribeStackResource"
        and each.at >= in_vain[-1].at - 1
        for each in history.calls_of(start.invocation)
    )
    hurried = start.invocation.began_at + history.scenario.function_timeout - start.at < _LAST_READ
    return denied or hurried or start.at - in_vain[-1].at >= _ASKED_FOR


_ASKED_FOR = 38.0
"""Seconds for which a Create asks: the function's 45 less a pause and two calls."""


def _was_made_unseen(history: History, start: BuilderChange, last: Request) -> bool:
    """Return whether an earlier failed Create made the start, or a duplicate, of which the last one could see nothing.

    It sees a builder that is starting, and its resource's schedule.
    """
    assert start.invocation is not None
    creates = [
        each
        for each in history.requests
        if each.kind == "Create" and each.resource == last.resource and each.number < last.number
    ]
    if not creates:
        return False
    if start.invocation.request is creates[-1]:
        return False
    reads = [each for each in history.builder_reads if each.invocation.request is creates[-1] and each.arrived]
    saw = any(each.shown is not None and each.shown["State"] in _STARTING for each in reads)
    asked = any(
        each.invocation.request is creates[-1] and each.operation == "GetSchedule" and not each.fault_kind
        for each in history.calls
    )
    return not saw and not asked


_STARTING = ("PENDING", "UPDATING_AGENT")


def _ended_unaware(history: History, start: BuilderChange) -> bool:
    """Return whether two deliveries of a Create failed at its timeout, and neither could know of the other.

    The one that has responded saw nothing of the start. The one that has made it saw nothing of that response.
    """
    assert start.invocation is not None
    request = start.invocation.request
    responder = request.responder
    if request.kind != "Create" or responder is None or responder.root is start.invocation.root:
        return False
    was_set = min(
        (
            each.at
            for each in history.schedule_changes
            if each.invocation is not None and each.invocation.root is start.invocation.root
        ),
        default=float("inf"),
    )
    saw_start = any(
        read.invocation.root is responder.root and read.shown is not None and read.shown["State"] in _ON
        for read in history.builder_reads
        if read.at >= start.at
    )
    saw_schedule = any(
        call.invocation.root is responder.root
        and not call.fault_kind
        and ((call.operation == "GetSchedule" and call.at >= was_set) or call.operation == "CreateSchedule")
        and call.ended_at >= was_set
        for call in history.calls
    )
    saw_response = any(
        read.invocation.root is start.invocation.root
        and read.at >= request.ended_at
        and read.resource_status is not None
        and read.resource_status.at >= request.ended_at
        for read in history.stack_reads
    )
    return not (saw_start or saw_schedule or saw_response)


def _starter_knows(history: History, start: BuilderChange, last: Request) -> bool:
    """Return whether the invocation that started a builder saw it run when nobody was left to stop it, so must warn."""
    assert start.invocation is not None
    knew = [
        read.at
        for read in history.stack_reads
        if read.resource_status is not None
        and not read.failed
        and read.resource_status.at >= last.sent_at
        and read.invocation.descends_from(start.invocation)
    ]
    return bool(knew) and any(
        read.at > last.ended_at + _SEEN_LATER
        and read.arrived
        and read.shown is not None
        and read.shown["State"] == "RUNNING"
        and read.invocation.descends_from(start.invocation)
        for read in history.builder_reads
    )


_SEEN_LATER = 30.0


def _another_had(history: History, request: Request, name: str) -> bool:
    """Return whether another resource of the stack had the builder, or may have by a stale list."""
    since = request.sent_at - history.scenario.read_staleness - 5
    return any(
        stack_id == request.stack_id
        and logical_id != request.logical_id
        and any(
            each.physical_id == name and is_live(each.status)
            for each in [*[e for e in statuses if e.at <= since][-1:], *[e for e in statuses if e.at > since]]
        )
        for (stack_id, logical_id), statuses in history.resources.items()
    )
