"""Invariants of starts and stops: each is requested, happens once, and is for a request that is still waited for."""

from collections.abc import Iterator

from simulation.history import BuilderChange, History, Invocation, Request, ResourceStatus, StackRead
from simulation.invariants.queries import about, is_live, knows_another_owner, stops_on_delete

READ_VALIDITY = 50.0
"""The most seconds from a read of the stack to the change it allows: its own response, and the hangs of the list of
resources and of the change."""

DATE_SLACK = 3.0
"""Seconds after a request was sent in which its own status shows nothing."""

CLOCKS_APART = 26.0
"""The most seconds between two services' clocks, plus some for rounding."""

_IN_PROGRESS = "_IN_PROGRESS"


def _own(history: History, action: str) -> Iterator[tuple[BuilderChange, Invocation]]:
    for change in history.builder_changes:
        if change.invocation is not None and change.action == action:
            yield change, change.invocation


def starts_match_their_request(history: History) -> Iterator[str]:
    """A start is for a Create or Update, of its builder and with its agent version."""
    for change, invocation in _own(history, "start"):
        request = invocation.request
        fine = (
            request.kind in ("Create", "Update")
            and not request.properties.invalid
            and change.name == request.properties.name
            and change.agent_version == request.properties.agent_version
        )
        yield (
            "" if fine else f"invocation {invocation.number} started {change.name} for {request.kind} {request.number}"
        )


def a_request_starts_its_builder_once(history: History) -> Iterator[str]:
    """A request starts its builder once, unless it could not know of its first start.

    It could not where that invocation was killed, or where a duplicate has seen neither the builder PENDING nor an
    error since. A start after the request's end is another invariant's question.
    """
    before: dict[object, list[BuilderChange]] = {}
    for change, invocation in _own(history, "start"):
        if change.at > invocation.request.ended_at:
            continue
        earlier = before.setdefault(invocation.request, [])
        repeated = [each for each in earlier if _could_know(history, each, change, invocation)]
        yield f"request {invocation.request.number} started {change.name} a second time" if repeated else ""
        earlier.append(change)


def _could_know(history: History, first: BuilderChange, second: BuilderChange, invocation: Invocation) -> bool:
    """Return whether the invocation of a second start could know of the first."""
    assert first.invocation is not None
    between = [each for each in history.builder_changes if each.name == first.name and first.at < each.at <= second.at]
    others = [each for each in between if each.invocation is None or each.invocation.request is not invocation.request]
    if any(each.action in ("stop", "snapshot") for each in others):
        # Somebody, a schedule, or another resource's request stopped it in between; so does the creation of an image.
        return False
    if invocation.descends_from(first.invocation) and first.arrived:
        return True
    if _lost_memory(first.invocation, invocation):
        return False
    pending_at = None
    for read in history.builder_reads:
        if (
            invocation.descends_from(read.invocation)
            and read.arrived
            and read.shown
            and first.at < read.at <= second.at
        ):
            errors = read.shown.get("ImageBuilderErrors") or []
            # By AppStream's clock, which may differ from the one that dates the request.
            if any(error["ErrorTimestamp"] > invocation.request.sent_at + 2 * CLOCKS_APART for error in errors):
                return True
            if read.shown["State"] == "PENDING":
                pending_at = read.at
            elif pending_at is not None and second.at - read.at >= _FAILED_LONG_AGO:
                # It has waited for the end of the request, which the delivery that made that start would bring about.
                return False
    return pending_at is not None


_FAILED_LONG_AGO = 115.0
"""Seconds for which a delivery waits after a failed start that it hasn't made: the function's 120 less two calls."""


def _lost_memory(first: Invocation, second: Invocation) -> bool:
    """Return whether the second can't know what the first did, which was killed or failed."""
    return not second.descends_from(first) and first.ended in ("killed", "raised")


def stops_are_requested(history: History) -> Iterator[str]:
    """A stop is of the request's own builder, and is requested.

    By a Delete with STOP, by an agent update with the restart option, or by an update to another builder that failed.
    """
    for change, invocation in _own(history, "stop"):
        request = invocation.request
        properties, old = request.properties, request.old_properties
        if request.kind == "Delete":
            fine = stops_on_delete(request) and change.name == about(request)
        else:
            restarts = properties.restart is True and properties.agent_version is not None and not properties.invalid
            renames = request.kind == "Update" and properties.name != request.physical_id
            gives_up = renames and properties.on_delete == "STOP" and change.name == properties.name
            # It started the builder itself, or may have.
            gives_up = gives_up and _may_have_started(history, request, change)
            rolls_back = request.is_rollback and old is not None and old.on_delete == "STOP" and change.name == old.name
            fine = (restarts and change.name == properties.name) or gives_up or rolls_back
        yield (
            "" if fine else f"invocation {invocation.number} stopped {change.name} for {request.kind} {request.number}"
        )


def _may_have_started(history: History, request: Request, change: BuilderChange) -> bool:
    return any(
        each.operation == "StartImageBuilder" and each.invocation.request is request and each.at < change.at
        for each in history.calls
    )


def a_shared_builder_is_not_stopped(history: History) -> Iterator[str]:
    """A Delete stops no builder that another live resource of its stack has, as far as it can know.

    It reads the whole list of its stack's resources before it stops anything.
    """
    for change, invocation in _own(history, "stop"):
        request = invocation.request
        rolls_back = request.is_rollback and change.name != request.properties.name
        if request.kind != "Delete" and not rolls_back:
            continue
        reads = [
            read
            for read in history.stack_reads
            if read.invocation.request is request and read.operation == "ListStackResources" and read.at <= change.at
        ]
        since = request.sent_at - history.scenario.read_staleness
        others = [
            name
            for (stack_id, name), statuses in history.resources.items()
            if stack_id == request.stack_id
            and name != request.logical_id
            and _has_had(statuses, change.name, since=since, until=change.at)
        ]
        listed = {name for read in reads for name, _ in read.listed if not read.failed}
        # A list that failed may be the last one that there was time for.
        unknown = any(read.failed for read in reads)
        if others and not unknown and others[0] not in listed:
            yield f"request {request.number} stopped {change.name}, which {others[0]} has"
        elif others and knows_another_owner(history, request, until=change.at, name=change.name, invocation=invocation):
            yield f"request {request.number} stopped {change.name}, though it knew that {others[0]} has it"
        else:
            yield ""


def _has_had(statuses: list[ResourceStatus], name: str, *, since: float, until: float) -> bool:
    """Return whether a resource was live and had a builder all the time."""
    before = [each for each in statuses if each.at <= since][-1:]
    during = [each for each in statuses if since < each.at <= until]
    return bool(before) and all(each.physical_id == name and is_live(each.status) for each in (*before, *during))


def nothing_changes_for_an_ended_request(history: History) -> Iterator[str]:
    """Each change follows a read of the stack that did not show that the request had ended."""
    for what, invocation, read in _changes(history):
        if read is None:
            yield f"invocation {invocation.number} made a {what} without a read of the stack"
            continue
        shown = read.resource_status
        if shown is not None and _may_be_hidden(history, invocation, read, shown):
            yield ""
            continue
        # A deletion that failed is still waited for.
        over = shown is not None and shown.request is invocation.request and not shown.status.endswith(_IN_PROGRESS)
        ended = over and shown is not None and shown.status != "DELETE_FAILED" and _can_be_later(shown, invocation)
        yield f"invocation {invocation.number} made a {what} for a request that was over ({shown})" if ended else ""


def _may_be_hidden(history: History, invocation: Invocation, read: StackRead, shown: ResourceStatus) -> bool:
    """Return whether a Delete's resource isn't shown any more while its stack still deletes: that may hide it."""
    statuses = [
        each.stack_status
        for each in history.stack_reads
        if each.invocation is invocation and each.operation == "DescribeStacks" and each.at >= read.at
    ]
    is_deleting = bool(statuses) and statuses[0].endswith(("_CLEANUP_IN_PROGRESS", "DELETE_IN_PROGRESS"))
    return invocation.request.kind == "Delete" and shown.status.startswith("DELETE_") and is_deleting


def a_superseded_request_changes_nothing(history: History) -> Iterator[str]:
    """No change is made for a request after a read of the stack showed a later one of the same logical id."""
    for what, invocation, read in _changes(history):
        shown = None if read is None else read.resource_status
        if shown is None:
            continue
        request = invocation.request
        followed = shown.request is not request and shown.at > request.shown_at and _can_be_later(shown, invocation)
        followed = followed and not _may_be_its_own(read, request) and not _asked_in_vain(history, read, shown)
        later = shown.request
        why = f"{later.kind} {later.number} had superseded it ({shown.status})"
        yield f"request {request.number} made a {what} though {why}" if followed else ""


def _may_be_its_own(read: StackRead | None, request: Request) -> bool:
    """Return whether a status of the same kind, soon after a request, could be its own: its delay is not documented.

    The stack's status distinguishes an update from its rollback, once that can't be stale, but not from a later update.
    """
    shown = None if read is None else read.resource_status
    if not read or not shown or shown.request.kind != request.kind or not shown.status.endswith(_IN_PROGRESS):
        return False
    soon = shown.at <= request.sent_at + _UNCLEAR_FOR
    return soon and (not shown.request.is_rollback or read.at < shown.at + _STALE_FOR)


def _asked_in_vain(history: History, read: StackRead | None, shown: ResourceStatus) -> bool:
    """Return whether the stack's status was asked for in vain, and the resource's leaves it open.

    It tells an Update for 45 seconds whether the stack rolls back, where the status could be its own, and a Delete for
    10 whether the stack hides what it deletes.
    """
    assert read is not None
    request = read.invocation.request
    if request.kind == "Delete" and shown.status in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
        calls = [
            each
            for each in history.calls_of(read.invocation, "cloudformation")
            if each.operation == "DescribeStacks" and read.at <= each.at <= read.at + READ_VALIDITY
        ]
        ends_at = read.invocation.began_at + history.scenario.function_timeout
        hurried = min(read.invocation.deadline, ends_at) - read.at < _LITTLE_TIME
        in_vain = bool(calls) and bool(calls[-1].fault_kind)
        return in_vain and (hurried or calls[-1].ended_at - calls[0].at >= _DELETE_ASKED_FOR)
    if request.kind != "Update" or not shown.request.is_rollback or shown.at > request.sent_at + _UNCLEAR_FOR:
        return False
    asked = [
        each
        for each in history.stack_reads
        if each.operation == "DescribeStacks"
        and read.invocation.descends_from(each.invocation)
        and shown.at <= each.at <= read.at + READ_VALIDITY
    ]
    return bool(asked) and all(each.failed for each in asked) and asked[-1].at - asked[0].at >= _ASKED_FOR


_ASKED_FOR = 40.0
"""Seconds for which it is asked whether the stack rolls back: the function's 45 less two calls."""

_DELETE_ASKED_FOR = 9.0
"""The same for a Delete: its 10 seconds less a call."""

_LITTLE_TIME = 80.0
"""Seconds before an invocation must end in which a Delete asks once: two calls that hang, and Lambda's own margin."""

_UNCLEAR_FOR = 12.0
_STALE_FOR = 16.0


def _changes(history: History) -> Iterator[tuple[str, Invocation, StackRead | None]]:
    """Yield each start, stop and change of a schedule, with the read of the stack before it."""
    changes = [(each.at, f"{each.action} of {each.name}", each.invocation) for each in history.builder_changes]
    changes += [(each.at, f"schedule change ({each.action})", each.invocation) for each in history.schedule_changes]
    for at, what, invocation in changes:
        if invocation is not None:
            reads = [
                read
                for read in history.stack_reads
                if read.invocation is invocation and read.at <= at and read.operation == "DescribeStackResource"
            ]
            fresh = [read for read in reads[-1:] if at - read.at <= READ_VALIDITY]
            shown = fresh[0] if fresh and not fresh[0].failed else None
            unknown = StackRead(at=at, invocation=invocation, operation="")
            yield what, invocation, shown or (unknown if fresh else None)


def _can_be_later(shown: ResourceStatus, invocation: Invocation) -> bool:
    """Return whether a status can be distinguished from those older than the request.

    A URL shows its age in whole seconds; one that shows none is as old as its first invocation by Lambda's clock. A
    resource that is being deleted, or was, gets no Update.
    """
    request = invocation.request
    if request.kind == "Update" and shown.status.startswith("DELETE_"):
        return True
    return shown.at > (request.sent_at + DATE_SLACK if request.dated else invocation.root.began_at + CLOCKS_APART)


def external_starts_are_respected(history: History) -> Iterator[str]:
    """A request that stopped a builder does not stop it again, so that somebody's later start stays."""
    before: dict[object, list[BuilderChange]] = {}
    for change, invocation in _own(history, "stop"):
        earlier = before.setdefault((invocation.request, change.name), [])
        # A duplicate, or a retry after a kill, does not know of it.
        known = [
            each for each in earlier if each.invocation and each.arrived and invocation.descends_from(each.invocation)
        ]
        yield f"request {invocation.request.number} stopped {change.name} a second time" if known else ""
        earlier.append(change)


def a_skipped_delete_makes_no_calls(history: History) -> Iterator[str]:
    """A Delete that skips its builder, or can't know which it is, calls nothing but the ResponseURL."""
    for request in history.requests:
        # Whether a scheduled stop is kept depends on whether there is something to stop.
        scheduled = request.properties.stop_after is not None
        if request.kind == "Delete" and not scheduled and not stops_on_delete(request):
            calls = [each for each in history.calls if each.invocation.request is request and each.service != "s3"]
            yield f"request {request.number} made {len(calls)} calls" if calls else ""
