"""What must hold for starts and stops: that each was asked for, once, by a request that was still waited for."""

from collections.abc import Iterator

from simulation.drawing import NAMES
from simulation.history import Act, History, Invocation, StackLook
from simulation.invariants_truth import stops_on_delete

LOOK_LASTS = 30.0
"""Seconds from a look at the stack to the act that it allows, at most: the look's own answer and the act's hang."""

_GOING_ON = "_IN_PROGRESS"


def _own(history: History, *whats: str) -> Iterator[tuple[Act, Invocation]]:
    for act in history.acts:
        if act.invocation is not None and act.what in whats:
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
    if who.descends_from(first.invocation) or _lost_memory(first.invocation, who):
        return who.descends_from(first.invocation)
    for look in history.looks:
        if who.descends_from(look.invocation) and look.arrived and look.shown and first.at < look.at <= second.at:
            errors = look.shown.get("ImageBuilderErrors") or []
            told = any(error["ErrorTimestamp"] > who.request.sent_at for error in errors)
            if look.shown["State"] == "PENDING" or told:
                return True
    return False


def _lost_memory(first: Invocation, second: Invocation) -> bool:
    """Return whether the second cannot know what the first did: it died, and the second does not descend from it."""
    return not second.descends_from(first) and first.ended in ("killed", "raised")


def stops_are_asked_for(history: History) -> Iterator[str]:
    """A stop is for a Delete with STOP, or for an agent's update with the restart option; and of its own builder."""
    for act, who in _own(history, "stop"):
        request = who.request
        properties = request.properties
        if request.kind == "Delete":
            about = request.physical_id if request.physical_id in NAMES else properties.name
            fine = stops_on_delete(request) and act.name == about
        else:
            asked = properties.restart is True and properties.agent_version is not None and not properties.bad
            fine = asked and act.name == properties.name
        yield "" if fine else f"invocation {who.number} stopped {act.name} for {request.kind} {request.number}"


def nothing_is_done_for_a_request_that_is_over(history: History) -> Iterator[str]:
    """Each start or stop follows a look at the stack that did not tell that the request was over."""
    for act, who in _own(history, "start", "stop"):
        looks = [look for look in history.stack_looks if look.invocation is who and look.at <= act.at]
        if not looks or act.at - looks[-1].at > LOOK_LASTS:
            yield f"invocation {who.number} made a {act.what} without a look at the stack"
        else:
            told = _told_the_end(looks[-1])
            yield f"invocation {who.number} made a {act.what} for a request that was over ({told})" if told else ""


def _told_the_end(look: StackLook) -> str:
    """Return the status that told that a request was over, "" where it was not, or where no status could tell it."""
    request = look.invocation.request
    own = f"{request.kind.upper()}{_GOING_ON}"
    # What an update cleans up is not told of under the resource's name: it shows the update's end. And a deletion that
    # failed is still wanted.
    hidden = request.kind == "Delete" and look.told not in ("DELETE_COMPLETE", "DELETE_SKIPPED")
    # An undated URL does not tell a late delivery from a new request.
    unknowable = not request.dated and look.invocation.root.began_at > request.ended_at
    if not look.over or not look.told or look.stale or look.told == own or hidden or unknowable:
        return ""
    return look.told


def somebody_elses_start_is_respected(history: History) -> Iterator[str]:
    """A request that has stopped its builder does not stop it again, so that a start made after it stays."""
    before: dict[object, list[Act]] = {}
    for act, who in _own(history, "stop"):
        earlier = before.setdefault(who.request, [])
        known = [
            each for each in earlier if each.invocation and each.arrived and not _lost_memory(each.invocation, who)
        ]
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
