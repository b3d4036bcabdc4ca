"""What must hold for starts and stops: that each was asked for, once, by a request that was still waited for."""

from collections.abc import Iterator

from simulation.history import Act, History, Invocation, Request, StackLook, Status
from simulation.invariants.queries import about, is_another_known, is_live, stops_on_delete

LOOK_LASTS = 50.0
"""Seconds from a look at the stack to the act that it allows, at most: the look's own answer, the hangs of the stack's
list, and of the act."""

DATE_SLACK = 3.0
"""Seconds after a request was sent in which nothing can be told from its own status."""

CLOCKS_APART = 26.0
"""Seconds between two services' clocks, and a second for rounding."""

_GOING_ON = "_IN_PROGRESS"


def _own(history: History, *told: str) -> Iterator[tuple[Act, Invocation]]:
    for act in history.acts:
        if act.invocation is not None and act.what in told:
            yield act, act.invocation


def starts_serve_their_request(history: History) -> Iterator[str]:
    """A start is for a Create or Update, of its builder, with its agent version."""
    for act, who in _own(history, "start"):
        request = who.request
        fine = (
            request.kind in ("Create", "Update")
            and not request.properties.bad
            and act.name == request.properties.name
            and act.agent_version == request.properties.agent_version
        )
        yield "" if fine else f"invocation {who.number} started {act.name} for {request.kind} {request.number}"


def at_most_one_start_per_need(history: History) -> Iterator[str]:
    """A request starts its builder once, unless nothing could tell it of its own first start.

    That is so where the invocation died which made it, or where a duplicate has neither seen the builder PENDING since
    nor been told of an error. A start after the request's end is another invariant's, and no need of it any more.
    """
    before: dict[object, list[Act]] = {}
    for act, who in _own(history, "start"):
        if act.at > who.request.ended_at:
            continue
        earlier = before.setdefault(who.request, [])
        repeated = [each for each in earlier if _could_know(history, each, act, who)]
        yield f"request {who.request.number} started {act.name} a second time" if repeated else ""
        earlier.append(act)


def _could_know(history: History, first: Act, second: Act, who: Invocation) -> bool:
    """Return whether the invocation of a second start could know of the first."""
    assert first.invocation is not None
    if any(
        act.what == "stop" and act.name == first.name and act.invocation is None and first.at < act.at <= second.at
        for act in history.acts
    ):
        # Somebody, or a schedule, has stopped it in between: that is another need.
        return False
    if who.descends_from(first.invocation) and first.arrived:
        return True
    if _lost_memory(first.invocation, who):
        return False
    for look in history.looks:
        if who.descends_from(look.invocation) and look.arrived and look.shown and first.at < look.at <= second.at:
            errors = look.shown.get("ImageBuilderErrors") or []
            # By AppStream's clock, which may be apart from the one that dates the request.
            told = any(error["ErrorTimestamp"] > who.request.sent_at + 2 * CLOCKS_APART for error in errors)
            if look.shown["State"] == "PENDING" or told:
                return True
    return False


def _lost_memory(first: Invocation, second: Invocation) -> bool:
    """Return whether the second cannot know what the first did: it died, and the second does not descend from it."""
    return not second.descends_from(first) and first.ended in ("killed", "raised")


def stops_are_asked_for(history: History) -> Iterator[str]:
    """A stop is for a Delete with STOP, for an agent's update with the restart option, or ends a failed rename's start.

    And it is of its own builder.
    """
    for act, who in _own(history, "stop"):
        request = who.request
        properties, old = request.properties, request.old
        if request.kind == "Delete":
            fine = stops_on_delete(request) and act.name == about(request)
        else:
            restarts = properties.restart is True and properties.agent_version is not None and not properties.bad
            renames = request.kind == "Update" and properties.name != request.physical_id
            gives_up = renames and properties.on_delete == "STOP" and act.name == properties.name
            # What it had started itself, or may have: the start came first.
            gives_up = gives_up and _may_have_started(history, request, act)
            takes_back = request.rolls_back and old is not None and old.on_delete == "STOP" and act.name == old.name
            fine = (restarts and act.name == properties.name) or gives_up or takes_back
        yield "" if fine else f"invocation {who.number} stopped {act.name} for {request.kind} {request.number}"


def _may_have_started(history: History, request: Request, act: Act) -> bool:
    return any(
        each.operation == "StartImageBuilder" and each.invocation.request is request and each.at < act.at
        for each in history.calls
    )


def a_shared_builder_is_left_alone(history: History) -> Iterator[str]:
    """A Delete stops no builder that another live resource of its own stack has, as far as its stack tells it.

    It looks at the list of its stack's resources before it stops anything, all pages of it.
    """
    for act, who in _own(history, "stop"):
        request = who.request
        takes_back = request.rolls_back and act.name != request.properties.name
        if request.kind != "Delete" and not takes_back:
            continue
        looks = [
            look
            for look in history.stack_looks
            if look.invocation.request is request and look.operation == "ListStackResources" and look.at <= act.at
        ]
        others = [
            name
            for (stack_id, name), statuses in history.resources.items()
            if stack_id == request.stack_id
            and name != request.logical_id
            and _has_had(statuses, act.name, since=request.sent_at - history.scenario.stale, until=act.at)
        ]
        listed = {name for look in looks for name, _ in look.listed if not look.failed}
        unknown = any(look.failed or look.stale for look in looks)
        if others and not unknown and others[0] not in listed:
            yield f"request {request.number} stopped {act.name}, which {others[0]} has"
        elif others and is_another_known(history, request, until=act.at, name=act.name):
            yield f"request {request.number} stopped {act.name}, though told that {others[0]} has it"
        else:
            yield ""


def _has_had(statuses: list[Status], name: str, *, since: float, until: float) -> bool:
    """Return whether a resource had a builder, live, for all of a time."""
    before = [each for each in statuses if each.at <= since][-1:]
    during = [each for each in statuses if since < each.at <= until]
    return bool(before) and all(each.physical_id == name and is_live(each.status) for each in (*before, *during))


def nothing_is_done_for_a_request_that_is_over(history: History) -> Iterator[str]:
    """Each change follows a look at the stack that did not tell that the request had ended."""
    for what, who, look in _changes(history):
        if look is None:
            yield f"invocation {who.number} made a {what} without a look at the stack"
            continue
        told = look.told
        # A deletion that failed is still wanted.
        over = told is not None and told.request is who.request and not told.status.endswith(_GOING_ON)
        ended = over and told is not None and told.status != "DELETE_FAILED" and _can_be_later(told, who)
        yield f"invocation {who.number} made a {what} for a request that was over ({told})" if ended else ""


def a_followed_request_acts_no_more(history: History) -> Iterator[str]:
    """No change is made for a request after a look at the stack that told of a later one of the same logical id."""
    for what, who, look in _changes(history):
        told = None if look is None else look.told
        if told is None:
            continue
        request = who.request
        followed = told.request is not request and told.at > request.shown_at and _can_be_later(told, who)
        followed = followed and not _may_be_its_own(look, request)
        later = told.request
        yield (
            f"request {request.number} made a {what} though {later.kind} {later.number} had followed ({told.status})"
            if followed
            else ""
        )


def _may_be_its_own(look: StackLook | None, request: Request) -> bool:
    """Return whether a status of the same kind, soon after a request, could be its own: dates are in whole seconds.

    An update that is followed by its roll-back is told from that by the stack's status, once that cannot be stale.
    """
    told = None if look is None else look.told
    if look is None or told is None or told.request.kind != request.kind or not told.status.endswith(_GOING_ON):
        return False
    soon = told.at <= request.sent_at + _DOUBT
    return soon and (request.kind == "Delete" or look.at < told.at + _STALE_FOR)


_DOUBT = 12.0
_STALE_FOR = 16.0


def _changes(history: History) -> Iterator[tuple[str, Invocation, StackLook | None]]:
    """Give each start, stop and change of a schedule, with the look at the stack by which it was made."""
    changes = [(act.at, f"{act.what} of {act.name}", act.invocation) for act in history.acts]
    changes += [(each.at, f"change of a schedule ({each.what})", each.invocation) for each in history.schedule_changes]
    for at, what, who in changes:
        if who is not None:
            looks = [
                look
                for look in history.stack_looks
                if look.invocation is who and look.at <= at and look.operation == "DescribeStackResource"
            ]
            fresh = [look for look in looks[-1:] if at - look.at <= LOOK_LASTS]
            told = fresh[0] if fresh and not fresh[0].failed else None
            unknown = StackLook(at=at, invocation=who, operation="")
            yield what, who, told or (unknown if fresh else None)


def _can_be_later(told: Status, who: Invocation) -> bool:
    """Return whether a status can be told from those that are older than the request.

    A URL tells its age in whole seconds; one that tells none is as old as its first invocation by Lambda's clock. No
    update is asked for of a resource that is being deleted, or was.
    """
    request = who.request
    if request.kind == "Update" and told.status.startswith("DELETE_"):
        return True
    return told.at > (request.sent_at + DATE_SLACK if request.dated else who.root.began_at + CLOCKS_APART)


def somebody_elses_start_is_respected(history: History) -> Iterator[str]:
    """A request that has stopped a builder does not stop it again, so that a start made after it stays."""
    before: dict[object, list[Act]] = {}
    for act, who in _own(history, "stop"):
        earlier = before.setdefault((who.request, act.name), [])
        # A twin, or who comes after one that died, has no memory of it.
        known = [each for each in earlier if each.invocation and each.arrived and who.descends_from(each.invocation)]
        yield f"request {who.request.number} stopped {act.name} a second time" if known else ""
        earlier.append(act)


def leaving_makes_no_calls(history: History) -> Iterator[str]:
    """A Delete that leaves the builder alone, or cannot tell which it is, calls nothing but CloudFormation's URL."""
    for request in history.requests:
        # A scheduled stop is kept or deleted by whether there is something to stop.
        scheduled = request.properties.stop_after is not None
        if request.kind == "Delete" and not scheduled and not stops_on_delete(request):
            calls = [each for each in history.calls if each.invocation.request is request and each.service != "s3"]
            yield f"request {request.number} made {len(calls)} calls" if calls else ""
