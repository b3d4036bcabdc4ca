"""What must hold for the answers: that there is one, in time, in CloudFormation's form, with the right id."""

from collections.abc import Iterator

from running_image_builder_function.timing import STACK_CHECK_RETRY
from simulation.history import (
    ANSWERED,
    CANCELLED,
    MAX_BODY,
    TIMED_OUT,
    URL_LIFETIME,
    BuilderChange,
    Call,
    History,
    Invocation,
    Request,
)
from simulation.invariants.queries import NOT_SEEN, NOT_STARTED

MARGIN = 45.0
"""Seconds after the deadline by which the answer is on its way: a call that hangs, then a hand-over that is refused."""

REASON_LENGTH = 240

_NEVER_READ = ("internal error", "(truncated)", "Execution timed out", "Traceback")


def exactly_one_effective_response(history: History) -> Iterator[str]:
    """Each request that was not cancelled is answered once; only without a fair rng may ServiceTimeout end it."""
    for request in history.requests:
        accepted = sum(put.accepted for put in history.puts if put.request is request)
        if request.ended == CANCELLED:
            continue
        if request.ended == ANSWERED:
            yield "" if accepted == 1 else f"request {request.number} has {accepted} effective answers"
        elif request.ended != TIMED_OUT:
            yield f"request {request.number} has not ended"
        else:
            yield _had_its_chance(history, request)


def _had_its_chance(history: History, request: Request) -> str:
    """Return what speaks against a request's end by ServiceTimeout, "" where nothing could be done."""
    invocations = history.invocations_of(request)
    for each in invocations:
        late = max(each.began_at, each.deadline) + MARGIN <= request.ended_at <= each.ended_at
        tries = any(call.service == "s3" and call.at < request.ended_at for call in _calls(history, each))
        if late and not tries:
            return f"request {request.number} timed out while invocation {each.number} could have answered"
    still_to_come = any(each.began_at > request.ended_at - MARGIN for each in invocations)
    waiting = any(each.ended_at > request.ended_at for each in invocations)
    discarded = any(event.discarded for event in history.events if event.request is request)
    return "" if still_to_come or waiting or discarded else f"nobody was left to answer request {request.number}"


def _calls(history: History, invocation: Invocation) -> Iterator[Call]:
    return (call for call in history.calls if call.invocation is invocation)


def every_invocation_responds_or_invokes_itself(history: History) -> Iterator[str]:
    """An invocation that returns has either sent an answer or queued its successor, never neither and never both."""
    for invocation in history.invocations:
        if invocation.ended == "returned":
            responses = any(call.service == "s3" for call in _calls(history, invocation))
            hands_over = any(event.parent is invocation for event in history.events)
            # A hand-over whose answer was lost may have to be followed by the answer that it was refused.
            refused = responses and hands_over and _invoke_failed(history)
            fine = responses != hands_over or refused
            yield "" if fine else f"invocation {invocation.number}: answers {responses}, hands over {hands_over}"


def _invoke_failed(history: History) -> bool:
    return any(name.startswith("lambda: ") and name.endswith("after effect") for name in history.faults)


def responses_meet_the_deadline(history: History) -> Iterator[str]:
    """Each invocation that answers begins to do so by the deadline and a margin, or soon after it began."""
    sent: dict[Invocation, float] = {}
    for call in history.calls:
        if call.service == "s3":
            sent.setdefault(call.invocation, call.at)
    for invocation, at in sent.items():
        # The timeout of properties that can't be read is not known either, and to ask the stack takes its time.
        asks = STACK_CHECK_RETRY if invocation.request.properties.invalid else 0.0
        late = at - max(invocation.deadline, invocation.began_at + asks)
        yield "" if late <= MARGIN else f"invocation {invocation.number} answered {late:.0f} s after the deadline"


def bodies_fit_the_limit(history: History) -> Iterator[str]:
    """No body that is sent is larger than CloudFormation takes."""
    for put in history.puts:
        yield "" if len(put.body) <= MAX_BODY else f"invocation {put.invocation.number} sent {len(put.body)} bytes"


def responses_are_well_formed(history: History) -> Iterator[str]:
    """CloudFormation can take each answer: its ids, its status, and a Reason where it failed."""
    for request in history.requests:
        if request.ended == ANSWERED:
            yield f"request {request.number}: {request.rejection}" if request.rejection else ""


def reasons_are_readable(history: History) -> Iterator[str]:
    """A failure's Reason names the builder, fits crhelper's limit and never speaks of the function's own troubles."""
    for request in history.requests:
        if request.response.get("Status") == "FAILED":
            reason = str(request.response["Reason"])
            fine = (
                len(reason) <= REASON_LENGTH
                and reason.startswith("Image builder")
                and not any(words in reason for words in _NEVER_READ)
            )
            yield "" if fine else f"request {request.number} failed with {reason!r}"


def physical_ids_are_right(history: History) -> Iterator[str]:
    """Success has the builder's name as id; a failed Update and every Delete keep theirs; a failed Create marks it."""
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
    """A failed Create's id is marked only where it is certain that nothing was started, and is where that is certain.

    It is certain for the first delivery of an event, alone, that has tried no start. A start by a twin, or by a
    delivery that was killed, must be known of where a look, or a refused start, could tell it.
    """
    for request in history.requests:
        invocation = request.responder
        if request.kind != "Create" or invocation is None or request.response.get("Status") != "FAILED":
            continue
        marked = str(request.response["PhysicalResourceId"]).endswith(NOT_STARTED)
        starts = [
            act
            for act in history.builder_changes
            if act.action == "start" and act.invocation in history.invocations_of(request)
        ]
        starts = [act for act in starts if act.at <= request.ended_at]
        tried = any(
            call.operation == "StartImageBuilder" and invocation.descends_from(call.invocation)
            for call in history.calls
        )
        if starts:
            knowable = any(_could_tell(history, act, invocation) for act in starts)
            yield f"request {request.number} may have started its builder, and is marked" if marked and knowable else ""
        elif not tried and _is_alone(history, invocation):
            yield "" if marked else f"request {request.number} started nothing, and is not marked"
        else:
            yield ""


def _is_alone(history: History, invocation: Invocation) -> bool:
    """Return whether an invocation can be certain that no other delivery of its event has begun before."""
    root = invocation.root
    others = [
        each
        for each in history.invocations_of(root.request)
        if not invocation.descends_from(each) and each.began_at < invocation.ended_at
    ]
    fresh = root.request.dated and all(
        _is_fresh(each) for each in history.invocations_of(root.request) if invocation.descends_from(each)
    )
    looked = any(invocation.descends_from(read.invocation) and read.arrived for read in history.builder_reads)
    return fresh and looked and not others and not _unsure(history, invocation)


def _is_fresh(invocation: Invocation) -> bool:
    """Return whether an invocation can be certain that nobody was invoked with its event before."""
    parent = invocation.event.parent
    queued_at = invocation.request.sent_at if parent is None else parent.ended_at
    return invocation.began_at - queued_at < _SURELY_FRESH and invocation.attempt == 1


def _unsure(history: History, invocation: Invocation) -> bool:
    """Return whether somebody's start was seen: an event is delivered twice, and nobody can tell whose it was."""
    return any(
        read.shown is None or read.shown["State"] not in ("STOPPED", "RUNNING", "FAILED", "DELETING")
        for read in history.builder_reads
        if invocation.descends_from(read.invocation)
    )


def _could_tell(history: History, start: BuilderChange, invocation: Invocation) -> bool:
    """Return whether an invocation that answers could know that its request may have started the builder."""
    assert start.invocation is not None
    if invocation.descends_from(start.invocation):
        return True
    # A retry of Lambda's, or a late delivery, knows that another one was before it.
    if invocation.request.dated and invocation.root.began_at - invocation.request.sent_at > _SURELY_LATE:
        return True
    tells = [
        read
        for read in history.builder_reads
        if invocation.descends_from(read.invocation) and read.arrived and read.shown and read.at > start.at
    ]
    return any(read.shown is not None and read.shown["State"] in _ON_ITS_WAY for read in tells)


_SURELY_FRESH = 8.0
_SURELY_LATE = 55.0
"""Seconds of a request's age at which a delivery cannot be a later one, or must be, with clocks apart."""

_ON_ITS_WAY = ("PENDING", "UPDATING_AGENT")


def responses_are_delivered(history: History) -> Iterator[str]:
    """An answer is tried again until the URL's end or the invocation's, then left to Lambda's retry."""
    for invocation in history.invocations:
        tries = [each for each in history.calls if each.invocation is invocation and each.service == "s3"]
        if not tries or invocation.ended == "killed":
            continue
        puts = [each for each in history.puts if each.invocation is invocation]
        arrived = any(each.status is not None and each.status < 300 for each in puts)
        request = invocation.request
        expired = tries[-1].at > request.sent_at + URL_LIFETIME - _LONGEST_PAUSE - _CLOCKS_APART
        if arrived or expired:
            yield ""
        elif invocation.ended == "returned":
            yield f"invocation {invocation.number} gave up an answer that did not get there"
        else:
            ends_at = invocation.began_at + history.scenario.function_timeout
            left = ends_at - tries[-1].at
            yield (
                "" if left <= _LONGEST_PAUSE else f"invocation {invocation.number} gave up {left:.0f} s before its end"
            )


_CLOCKS_APART = 22.0
_LONGEST_PAUSE = 22.0
"""Seconds between two tries to answer, at most, the first one's hang among them."""


_LATE = 29.0
"""Seconds after which the function takes a delivery for a second one; a little less, for clocks that differ."""


def a_throttled_self_invocation_fails_nothing(history: History) -> Iterator[str]:
    """Nobody's start fails because a hand-over was throttled or could not be made; a denied one fails it.

    One that may have arrived, with its answer lost, is left to Lambda's retry as well, but not again after that: each
    such hand-over may be a successor more.
    """
    for request in history.requests:
        invocation = request.responder
        if invocation is None:
            continue
        if request.response.get("Status") != "FAILED":
            tried = any(each.service == "lambda" and each.fault_kind for each in history.calls)
            yield from [""] * tried
            continue
        calls = [each for each in history.calls if each.invocation is invocation]
        responded_at = next(each.at for each in calls if each.service == "s3")
        before = [each for each in calls if each.at < responded_at and each.service in ("appstream", "lambda")]
        invokes = []
        for each in reversed(before):
            if each.service != "lambda":
                break
            invokes.append(each)
        hopeless = any(each.fault_kind in ("access_denied", "error") or "40" in each.code for each in invokes)
        # As late as a retry, or behind one: a minute after its event was queued, or issued.
        line = [each for each in history.invocations_of(request) if invocation.descends_from(each)]
        again = any(each.began_at - each.event.queued_at >= _LATE for each in line)
        lost = bool(invokes) and invokes[0].fault_kind not in ("", "throttle", "connect")
        hopeless = hopeless or (lost and again)
        if invokes:
            late = responded_at >= invocation.deadline - 2
            yield "" if hopeless or late else f"request {request.number} failed, since nobody could be handed over to"
