"""Invariants of responses: each request gets one, in time, well-formed, with the right physical id."""

from collections.abc import Iterator
from itertools import pairwise

from running_image_builder_function.timing import STACK_CHECK_RETRY
from simulation.history import (
    ANSWERED,
    CANCELLED,
    MAX_BODY,
    TIMED_OUT,
    URL_LIFETIME,
    BuilderChange,
    History,
    Invocation,
    Request,
)
from simulation.invariants.queries import NOT_SEEN, NOT_STARTED, has_another_owner, stops_on_delete

MARGIN = 45.0
"""Seconds from the deadline to the response: a call that hangs, then a self-invocation that is refused."""

_LEAVES_FOR = 15.0
"""Seconds for which a Delete that stops nothing tries beyond that margin: its response comes within a minute."""

REASON_LENGTH = 240

_NEVER_SHOWN = ("internal error", "(truncated)", "Execution timed out", "Traceback")


def exactly_one_effective_response(history: History) -> Iterator[str]:
    """Each request that is not cancelled gets one response; ServiceTimeout ends it only where none was possible."""
    for request in history.requests:
        accepted = sum(put.accepted for put in history.puts if put.request is request)
        if request.ended == CANCELLED:
            continue
        if request.ended == ANSWERED:
            yield "" if accepted == 1 else f"request {request.number} has {accepted} effective responses"
        elif request.ended != TIMED_OUT:
            yield f"request {request.number} has not ended"
        else:
            yield _unjustified_timeout(history, request)


def _unjustified_timeout(history: History, request: Request) -> str:
    """Return why a request should not have ended by ServiceTimeout, "" where no response was possible."""
    invocations = history.invocations_of(request)
    for each in invocations:
        late = max(each.began_at, each.deadline) + MARGIN <= request.ended_at <= each.ended_at
        tries = any(call.at < request.ended_at for call in history.calls_of(each, "s3"))
        if late and not tries:
            return f"request {request.number} timed out while invocation {each.number} could have responded"
    still_to_come = any(each.began_at > request.ended_at - MARGIN for each in invocations)
    waiting = any(each.ended_at > request.ended_at for each in invocations)
    discarded = any(event.discarded for event in history.events if event.request is request)
    return "" if still_to_come or waiting or discarded else f"no invocation was left for request {request.number}"


def every_invocation_responds_or_invokes_itself(history: History) -> Iterator[str]:
    """An invocation that returns has either sent a response or invoked itself, never neither and never both."""
    for invocation in history.invocations:
        if invocation.ended == "returned":
            responds = bool(history.calls_of(invocation, "s3"))
            invokes = any(event.parent is invocation for event in history.events)
            # A self-invocation whose response was lost may be followed by a response that says it was refused.
            refused = responds and invokes and _invoke_failed(history)
            fine = responds != invokes or refused
            yield "" if fine else f"invocation {invocation.number}: responds {responds}, invokes itself {invokes}"


def _invoke_failed(history: History) -> bool:
    return any(name.startswith("lambda: ") and name.endswith("after effect") for name in history.faults)


def responses_meet_the_deadline(history: History) -> Iterator[str]:
    """Each invocation that responds begins to by the deadline and a margin, or soon after it began."""
    sent: dict[Invocation, float] = {}
    for call in history.calls:
        if call.service == "s3":
            sent.setdefault(call.invocation, call.at)
    for invocation, at in sent.items():
        request = invocation.request
        # Invalid properties have no known timeout, and to read the stack takes some time.
        tries_for = STACK_CHECK_RETRY if request.properties.invalid else 0.0
        if request.kind == "Delete" and (not stops_on_delete(request) or has_another_owner(history, request)):
            # It stops nothing, and tries to delete its schedule for a while.
            tries_for = _LEAVES_FOR
        late = at - max(invocation.deadline, invocation.began_at + tries_for)
        yield "" if late <= MARGIN else f"invocation {invocation.number} responded {late:.0f} s after the deadline"


def bodies_fit_the_limit(history: History) -> Iterator[str]:
    """No body is larger than CloudFormation accepts."""
    for put in history.puts:
        yield "" if len(put.body) <= MAX_BODY else f"invocation {put.invocation.number} sent {len(put.body)} bytes"


def responses_are_well_formed(history: History) -> Iterator[str]:
    """CloudFormation accepts each response: its ids, its status, and a Reason where it failed."""
    for request in history.requests:
        if request.ended == ANSWERED:
            yield f"request {request.number}: {request.rejection}" if request.rejection else ""


def reasons_are_readable(history: History) -> Iterator[str]:
    """A Reason names the builder, fits crhelper's limit and never mentions the function's own errors.

    AWS's own words may: its services have internal errors.
    """
    for request in history.requests:
        if request.response.get("Status") == "FAILED":
            reason = str(request.response["Reason"])
            fine = (
                len(reason) <= REASON_LENGTH
                and reason.startswith("Image builder")
                and not any(words in reason.partition(" AWS: ")[0] for words in _NEVER_SHOWN)
            )
            yield "" if fine else f"request {request.number} failed with {reason!r}"


def physical_ids_are_right(history: History) -> Iterator[str]:
    """A success has the builder's name; a failed Update and each Delete keep theirs; a failed Create may mark it."""
    for request in history.requests:
        if not request.response:
            continue
        succeeded = request.response["Status"] == "SUCCESS"
        name = request.properties.name
        if request.kind == "Delete" or (request.kind == "Update" and not succeeded):
            allowed = [request.physical_id]
        elif succeeded:
            allowed = [name]
        elif request.properties.invalid:
            allowed = [request.logical_id + NOT_STARTED, name, name + NOT_STARTED, name + NOT_SEEN]
        else:
            allowed = [name, name + NOT_STARTED, name + NOT_SEEN]
        given = request.response["PhysicalResourceId"]
        yield "" if given in allowed else f"request {request.number}: id {given!r}, not one of {allowed}"


def a_failed_create_marks_whether_it_started(history: History) -> Iterator[str]:
    """A failed Create's id is marked where it is certain that nothing was started, and only there.

    It is certain for the first and only delivery of an event that tried no start. A start by a duplicate, or by a
    delivery that was killed, must be taken into account where a read, or a refused start, could show it.
    """
    for request in history.requests:
        invocation = request.responder
        if request.kind != "Create" or invocation is None or request.response.get("Status") != "FAILED":
            continue
        marked = str(request.response["PhysicalResourceId"]).endswith(NOT_STARTED)
        starts = [each for each in history.builder_changes if each.action == "start" and each.at <= request.ended_at]
        starts = [each for each in starts if each.invocation in history.invocations_of(request)]
        tried = any(
            call.operation == "StartImageBuilder" and invocation.descends_from(call.invocation)
            for call in history.calls
        )
        if starts:
            knowable = any(could_know(history, each, invocation) for each in starts)
            yield f"request {request.number} may have started its builder, and is marked" if marked and knowable else ""
        elif not tried and _is_alone(history, invocation):
            yield "" if marked else f"request {request.number} started nothing, and is not marked"
        else:
            yield ""


def _is_alone(history: History, invocation: Invocation) -> bool:
    """Return whether an invocation can be certain that no other delivery of its event began before."""
    root = invocation.root
    deliveries = history.invocations_of(root.request)
    others = any(not invocation.descends_from(each) and each.began_at < invocation.ended_at for each in deliveries)
    fresh = root.request.dated and all(_is_fresh(each) for each in deliveries if invocation.descends_from(each))
    has_read = any(invocation.descends_from(read.invocation) and read.arrived for read in history.builder_reads)
    sees_another = _saw_a_start(history, invocation) or _met_conflict(history, invocation)
    return fresh and has_read and not others and not sees_another and not _has_schedule(history, root)


def _met_conflict(history: History, invocation: Invocation) -> bool:
    """Return whether the scheduler told an invocation that somebody else was setting its schedule."""
    return any(
        call.code == "ConflictException"
        and call.operation in ("CreateSchedule", "UpdateSchedule")
        and invocation.descends_from(call.invocation)
        for call in history.calls
    )


def _has_schedule(history: History, invocation: Invocation) -> bool:
    """Return whether an earlier request of the resource may have left its schedule: it may have made a start."""
    request = invocation.request
    changes = history.schedule_changes_of(request.properties.schedule, until=request.ended_at)
    setters = [each.invocation.request for each in changes if each.invocation is not None]
    return any(each.number < request.number and each.logical_id == request.logical_id for each in setters)


def _is_fresh(invocation: Invocation) -> bool:
    """Return whether an invocation can be certain that its event was not delivered before."""
    parent = invocation.event.parent
    queued_at = invocation.request.sent_at if parent is None else parent.ended_at
    return invocation.began_at - queued_at < _SURELY_FRESH and invocation.attempt == 1


def _saw_a_start(history: History, invocation: Invocation) -> bool:
    """Return whether an invocation saw a start, which may be a duplicate delivery's, or what it led to."""
    shown = [
        None if read.shown is None else str(read.shown["State"])
        for read in history.builder_reads
        if invocation.descends_from(read.invocation)
    ]
    appeared = any(one in ("STOPPED", "STOPPING") and other == "RUNNING" for one, other in pairwise(shown))
    return appeared or any(each not in ("STOPPED", "RUNNING", "FAILED", "DELETING") for each in shown)


def could_know(history: History, start: BuilderChange, invocation: Invocation) -> bool:
    """Return whether an invocation that responds could know that its request may have started the builder."""
    assert start.invocation is not None
    if invocation.descends_from(start.invocation):
        return True
    # A retry, or a late delivery, knows that another one was before it.
    if invocation.request.dated and invocation.root.began_at - invocation.request.sent_at > _SURELY_LATE:
        return True
    reads = [each for each in history.builder_reads if invocation.descends_from(each.invocation) and each.arrived]
    return any(each.shown and each.shown["State"] in _STARTING for each in reads if each.at > start.at)


_SURELY_FRESH = 8.0
_SURELY_LATE = 55.0
"""The ages of a request, in seconds, below which a delivery is the first, and above which it is a later one."""

_STARTING = ("PENDING", "UPDATING_AGENT")


def responses_are_delivered(history: History) -> Iterator[str]:
    """A response is retried until the URL expires or the invocation ends, then left to Lambda's retry."""
    for invocation in history.invocations:
        tries = history.calls_of(invocation, "s3")
        if not tries or invocation.ended == "killed":
            continue
        puts = [each for each in history.puts if each.invocation is invocation]
        arrived = any(each.status is not None and each.status < 300 for each in puts)
        request = invocation.request
        expired = tries[-1].at > request.sent_at + URL_LIFETIME - _LONGEST_PAUSE - _CLOCKS_APART
        if arrived or expired:
            yield ""
        elif invocation.ended == "returned":
            yield f"invocation {invocation.number} gave up a response that was not delivered"
        else:
            ends_at = invocation.began_at + history.scenario.function_timeout
            left = ends_at - tries[-1].at
            yield (
                "" if left <= _LONGEST_PAUSE else f"invocation {invocation.number} gave up {left:.0f} s before its end"
            )


_CLOCKS_APART = 22.0
_LONGEST_PAUSE = 24.0
"""The most seconds from the last try to respond to the invocation's end: 4 on a slow network, 10 of a hang, 8 of the
pause before another one, and the function's reserve."""


_LATE = 29.0
"""Seconds after which the function takes a delivery for a second one, less one, for a URL's whole seconds."""


def a_throttled_self_invocation_fails_nothing(history: History) -> Iterator[str]:
    """No request fails because a self-invocation was throttled or could not connect; a denied one fails it.

    One that may have arrived, with its response lost, is left to Lambda's retry as well, but only once: each of them
    may be one more chain of invocations. After that it takes two lost ones in a row, where there is time for two.
    """
    for request in history.requests:
        invocation = request.responder
        if invocation is None:
            continue
        if request.response.get("Status") != "FAILED":
            tried = any(each.service == "lambda" and each.fault_kind for each in history.calls)
            yield from [""] * tried
            continue
        calls = history.calls_of(invocation)
        responded_at = next(each.at for each in calls if each.service == "s3")
        before = [each for each in calls if each.at < responded_at and each.service in ("appstream", "lambda")]
        invokes = []
        for each in reversed(before):
            if each.service != "lambda":
                break
            invokes.append(each)
        justified = any(each.fault_kind in ("access_denied", "error") or "40" in each.code for each in invokes)
        # As late as a retry, or after one: a minute after its event was queued.
        line = [each for each in history.invocations_of(request) if invocation.descends_from(each)]
        again = any(each.began_at - _known_queued_at(each) >= _LATE for each in line)
        lost = [each.at for each in invokes if each.fault_kind not in ("", "throttle", "connect")]
        limit = invocation.began_at + history.scenario.function_timeout
        enough = len(lost) > 1 or (len(lost) == 1 and responded_at > limit - _TIME_FOR_ANOTHER)
        justified = justified or (enough and again)
        if invokes:
            late = responded_at >= invocation.deadline - 2
            yield "" if justified or late else f"request {request.number} failed, since it could not invoke itself"


def _known_queued_at(invocation: Invocation) -> float:
    """Return when an invocation's event was queued as far as it can know.

    A request is dated by another clock, and a self-invocation before its call, which takes a moment to arrive.
    """
    request = invocation.request
    if invocation.event.parent is None:
        return request.dated_at if request.dated else invocation.event.queued_at
    return invocation.event.queued_at - _ON_ITS_WAY


_TIME_FOR_ANOTHER = 23.0
"""Seconds before Lambda's limit after which no other self-invocation begins: it may hang, and a response follows."""

_ON_ITS_WAY = 4.0
"""Seconds after which a slow call arrives."""
