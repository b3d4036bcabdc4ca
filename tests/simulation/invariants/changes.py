"""What must hold for starts and stops: that each was asked for, once, by a request that was still waited for."""

from collections.abc import Iterator

from simulation.history import BuilderChange, History, Invocation, Request, ResourceStatus, StackRead
from simulation.invariants.queries import about, is_live, knows_another_owner, stops_on_delete

READ_VALIDITY = 50.0
"""Seconds from a look at the stack to the act that it allows, at most: the look's own answer, the hangs of the stack's
list, and of the act."""

DATE_SLACK = 3.0
"""Seconds after a request was sent in which nothing can be told from its own status."""

CLOCKS_APART = 26.0
"""Seconds between two services' clocks, and a second for rounding."""

_GOING_ON = "_IN_PROGRESS"


def _own(history: History, *told: str) -> Iterator[tuple[BuilderChange, Invocation]]:
    for act in history.builder_changes:
        if act.invocation is not None and act.action in told:
            yield act, act.invocation


def starts_match_their_request(history: History) -> Iterator[str]:
    """A start is for a Create or Update, of its builder, with its agent version."""
    for act, invocation in _own(history, "start"):
        request = invocation.request
        fine = (
            request.kind in ("Create", "Update")
            and not request.properties.invalid
            and act.name == request.properties.name
            and act.agent_version == request.properties.agent_version
        )
        yield "" if fine else f"invocation {invocation.number} started {act.name} for {request.kind} {request.number}"


def a_request_starts_its_builder_once(history: History) -> Iterator[str]:
    """A request starts its builder once, unless nothing could tell it of its own first start.

    That is so where the invocation died which made it, or where a duplicate has neither seen the builder PENDING since
    nor been told of an error. A start after the request's end is another invariant's, and no need of it any more.
    """
    before: dict[object, list[BuilderChange]] = {}
    for act, invocation in _own(history, "start"):
        if act.at > invocation.request.ended_at:
            continue
        earlier = before.setdefault(invocation.request, [])
        repeated = [each for each in earlier if _could_know(history, each, act, invocation)]
        yield f"request {invocation.request.number} started {act.name} a second time" if repeated else ""
        earlier.append(act)


def _could_know(history: History, first: BuilderChange, second: BuilderChange, invocation: Invocation) -> bool:
    """Return whether the invocation of a second start could know of the first."""
    assert first.invocation is not None
    if any(
        act.action == "stop" and act.name == first.name and act.invocation is None and first.at < act.at <= second.at
        for act in history.builder_changes
    ):
        # Somebody, or a schedule, has stopped it in between: that is another need.
        return False
    if invocation.descends_from(first.invocation) and first.arrived:
        return True
    if _lost_memory(first.invocation, invocation):
        return False
    for read in history.builder_reads:
        if (
            invocation.descends_from(read.invocation)
            and read.arrived
            and read.shown
            and first.at < read.at <= second.at
        ):
            errors = read.shown.get("ImageBuilderErrors") or []
            # By AppStream's clock, which may be apart from the one that dates the request.
            told = any(error["ErrorTimestamp"] > invocation.request.sent_at + 2 * CLOCKS_APART for error in errors)
            if read.shown["State"] == "PENDING" or told:
                return True
    return False


def _lost_memory(first: Invocation, second: Invocation) -> bool:
    """Return whether the second cannot know what the first did: it died, and the second does not descend from it."""
    return not second.descends_from(first) and first.ended in ("killed", "raised")


def stops_are_requested(history: History) -> Iterator[str]:
    """A stop is for a Delete with STOP, for an agent's update with the restart option, or ends a failed rename's start.

    And it is of its own builder.
    """
    for act, invocation in _own(history, "stop"):
        request = invocation.request
        properties, old = request.properties, request.old_properties
        if request.kind == "Delete":
            fine = stops_on_delete(request) and act.name == about(request)
        else:
            restarts = properties.restart is True and properties.agent_version is not None and not properties.invalid
            renames = request.kind == "Update" and properties.name != request.physical_id
            gives_up = renames and properties.on_delete == "STOP" and act.name == properties.name
            # What it had started itself, or may have: the start came first.
            gives_up = gives_up and _may_have_started(history, request, act)
            takes_back = request.is_rollback and old is not None and old.on_delete == "STOP" and act.name == old.name
            fine = (restarts and act.name == properties.name) or gives_up or takes_back
        yield "" if fine else f"invocation {invocation.number} stopped {act.name} for {request.kind} {request.number}"


def _may_have_started(history: History, request: Request, act: BuilderChange) -> bool:
    return any(
        each.operation == "StartImageBuilder" and each.invocation.request is request and each.at < act.at
        for each in history.calls
    )


def a_shared_builder_is_not_stopped(history: History) -> Iterator[str]:
    """A Delete stops no builder that another live resource of its own stack has, as far as its stack tells it.

    It looks at the list of its stack's resources before it stops anything, all pages of it.
    """
    for act, invocation in _own(history, "stop"):
        request = invocation.request
        takes_back = request.is_rollback and act.name != request.properties.name
        if request.kind != "Delete" and not takes_back:
            continue
        reads = [
            read
            for read in history.stack_reads
            if read.invocation.request is request and read.operation == "ListStackResources" and read.at <= act.at
        ]
        others = [
            name
            for (stack_id, name), statuses in history.resources.items()
            if stack_id == request.stack_id
            and name != request.logical_id
            and _has_had(statuses, act.name, since=request.sent_at - history.scenario.read_staleness, until=act.at)
        ]
        listed = {name for read in reads for name, _ in read.listed if not read.failed}
        unknown = any(read.failed or read.stale for read in reads)
        if others and not unknown and others[0] not in listed:
            yield f"request {request.number} stopped {act.name}, which {others[0]} has"
        elif others and knows_another_owner(history, request, until=act.at, name=act.name):
            yield f"request {request.number} stopped {act.name}, though told that {others[0]} has it"
        else:
            yield ""


def _has_had(statuses: list[ResourceStatus], name: str, *, since: float, until: float) -> bool:
    """Return whether a resource had a builder, live, for all of a time."""
    before = [each for each in statuses if each.at <= since][-1:]
    during = [each for each in statuses if since < each.at <= until]
    return bool(before) and all(each.physical_id == name and is_live(each.status) for each in (*before, *during))


def nothing_changes_for_an_ended_request(history: History) -> Iterator[str]:
    """Each change follows a look at the stack that did not tell that the request had ended."""
    for what, invocation, read in _changes(history):
        if read is None:
            yield f"invocation {invocation.number} made a {what} without a look at the stack"
            continue
        told = read.resource_status
        # A deletion that failed is still wanted.
        over = told is not None and told.request is invocation.request and not told.status.endswith(_GOING_ON)
        ended = over and told is not None and told.status != "DELETE_FAILED" and _can_be_later(told, invocation)
        yield f"invocation {invocation.number} made a {what} for a request that was over ({told})" if ended else ""


def a_superseded_request_changes_nothing(history: History) -> Iterator[str]:
    """No change is made for a request after a look at the stack that told of a later one of the same logical id."""
    for what, invocation, read in _changes(history):
        told = None if read is None else read.resource_status
        if told is None:
            continue
        request = invocation.request
        followed = told.request is not request and told.at > request.shown_at and _can_be_later(told, invocation)
        followed = followed and not _may_be_its_own(read, request)
        later = told.request
        yield (
            f"request {request.number} made a {what} though {later.kind} {later.number} had followed ({told.status})"
            if followed
            else ""
        )


def _may_be_its_own(read: StackRead | None, request: Request) -> bool:
    """Return whether a status of the same kind, soon after a request, could be its own: dates are in whole seconds.

    An update that is followed by its roll-back is told from that by the stack's status, once that cannot be stale.
    """
    told = None if read is None else read.resource_status
    if read is None or told is None or told.request.kind != request.kind or not told.status.endswith(_GOING_ON):
        return False
    soon = told.at <= request.sent_at + _UNCLEAR_FOR
    return soon and (request.kind == "Delete" or read.at < told.at + _STALE_FOR)


_UNCLEAR_FOR = 12.0
_STALE_FOR = 16.0


def _changes(history: History) -> Iterator[tuple[str, Invocation, StackRead | None]]:
    """Give each start, stop and change of a schedule, with the look at the stack by which it was made."""
    changes = [(act.at, f"{act.action} of {act.name}", act.invocation) for act in history.builder_changes]
    changes += [
        (each.at, f"change of a schedule ({each.action})", each.invocation) for each in history.schedule_changes
    ]
    for at, what, invocation in changes:
        if invocation is not None:
            reads = [
                read
                for read in history.stack_reads
                if read.invocation is invocation and read.at <= at and read.operation == "DescribeStackResource"
            ]
            fresh = [read for read in reads[-1:] if at - read.at <= READ_VALIDITY]
            told = fresh[0] if fresh and not fresh[0].failed else None
            unknown = StackRead(at=at, invocation=invocation, operation="")
            yield what, invocation, told or (unknown if fresh else None)


def _can_be_later(told: ResourceStatus, invocation: Invocation) -> bool:
    """Return whether a status can be told from those that are older than the request.

    A URL tells its age in whole seconds; one that tells none is as old as its first invocation by Lambda's clock. No
    update is asked for of a resource that is being deleted, or was.
    """
    request = invocation.request
    if request.kind == "Update" and told.status.startswith("DELETE_"):
        return True
    return told.at > (request.sent_at + DATE_SLACK if request.dated else invocation.root.began_at + CLOCKS_APART)


def external_starts_are_respected(history: History) -> Iterator[str]:
    """A request that has stopped a builder does not stop it again, so that a start made after it stays."""
    before: dict[object, list[BuilderChange]] = {}
    for act, invocation in _own(history, "stop"):
        earlier = before.setdefault((invocation.request, act.name), [])
        # A twin, or who comes after one that died, has no memory of it.
        known = [
            each for each in earlier if each.invocation and each.arrived and invocation.descends_from(each.invocation)
        ]
        yield f"request {invocation.request.number} stopped {act.name} a second time" if known else ""
        earlier.append(act)


def a_skipped_delete_makes_no_calls(history: History) -> Iterator[str]:
    """A Delete that leaves the builder alone, or cannot tell which it is, calls nothing but CloudFormation's URL."""
    for request in history.requests:
        # A scheduled stop is kept or deleted by whether there is something to stop.
        scheduled = request.properties.stop_after is not None
        if request.kind == "Delete" and not scheduled and not stops_on_delete(request):
            calls = [each for each in history.calls if each.invocation.request is request and each.service != "s3"]
            yield f"request {request.number} made {len(calls)} calls" if calls else ""
