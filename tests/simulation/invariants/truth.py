"""What must hold for what the answers say: that it was so when it was said."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from simulation.history import CANCELLED, Call, History, Invocation, Look, Request
from simulation.invariants.queries import about, left_to_another, stops_on_delete, warned
from simulation.scenario import Properties

ADDRESS_PATIENCE = 290.0
"""Seconds of RUNNING without an address, between two looks' effects: five minutes of the function's less two calls."""

SECOND_LOOK = 9.0
"""Seconds between two looks' effects that do not find a builder which is known: ten of the function's less a call."""

LOOKED_AGAIN = {"access_denied": 84.0, "error": 4.0}
"""Seconds for which a refused look is repeated, between two calls' effects: 90 and 10 of the function's less a call."""

NOT_RUNNING = ("", "STOPPED", "FAILED", "DELETING")

_CUT = "..."
_CUT_FROM = 2000
"""A body that was cut has at least this many bytes: less would have been cut too much."""


class Told(NamedTuple):
    """What an invocation has told CloudFormation, with the last look it had; ``counts`` where that was the answer."""

    request: Request
    who: Invocation
    answer: dict[str, Any]
    look: Look | None
    at: float
    counts: bool


def success_means_running(history: History) -> Iterator[str]:
    """A Create or Update that succeeds has seen RUNNING at its last look, and it was so, but for describe's lag.

    The Update of a roll-back may have seen anything, if it warns.
    """
    for told in _told(history, "SUCCESS", "Create", "Update"):
        request, look = told.request, told.look
        undone = request.rolls_back or (not told.counts and request.ended_at <= told.at)
        if undone and warned(history, request):
            # Also what a late twin says, to nobody, of an update that is being undone.
            yield ""
            continue
        if look is None or look.shown is None:
            yield f"request {request.number} succeeded without having seen the builder"
            continue
        lag = history.scenario.durations.describe_lag
        stopped_since = any(
            act.what == "stop" and act.name == look.name and look.at - lag <= act.at <= look.at for act in history.acts
        )
        fine = look.shown["State"] == "RUNNING" and (look.really == "RUNNING" or stopped_since)
        what = f"succeeded on {look.shown['State']}, really {look.really}"
        yield "" if fine else f"request {request.number} (invocation {told.who.number}) {what}"


def attributes_are_complete_and_true(history: History) -> Iterator[str]:
    """Every promised attribute is there, a string, and as it was last seen; long texts may be cut, and are marked."""
    for request, who, answer, look, _, _ in _told(history, "SUCCESS", "Create", "Update"):
        data = answer.get("Data", {})
        if set(data) != {*ATTRIBUTES, SCHEDULED_STOP_TIME} or not all(
            isinstance(value, str) for value in data.values()
        ):
            yield f"request {request.number}: attributes {sorted({*ATTRIBUTES, SCHEDULED_STOP_TIME} ^ set(data))}"
            continue
        if look is None or look.shown is None:
            continue
        eni = look.shown.get("NetworkAccessConfiguration") or {}
        wanted = {
            **{name: look.shown.get(name, "") for name in ("Name", "Arn", "State")},
            **{name: eni.get(name, "") for name in ("EniPrivateIpAddress", "EniId")},
        }
        wrong = [name for name, value in wanted.items() if data[name] != value]
        for name in ("Description", "DisplayName", "InstanceType", "ImageArn", "AppstreamAgentVersion"):
            if data[name] != look.shown.get(name, "") and not _cut(history, who, answer, look, name):
                wrong.append(name)
        yield f"request {request.number}: {wrong} not as seen" if wrong else ""


def _cut(history: History, who: Invocation, answer: dict[str, Any], look: Look, name: str) -> bool:
    said = str(answer["Data"][name])
    body = next(put.body for put in history.puts if put.invocation is who)
    begins = said == "" or (said.endswith(_CUT) and str(look.shown and look.shown[name]).startswith(said[: -len(_CUT)]))
    return begins and len(body) >= _CUT_FROM


def the_address_is_waited_for(history: History) -> Iterator[str]:
    """In a VPC, success without an address comes after 5 minutes of RUNNING, or at the deadline, and with a warning.

    Or where looks must end: they are denied, or nobody can be handed over to.
    """
    for request, who, answer, look, _, _ in _told(history, "SUCCESS", "Create", "Update"):
        if look is None or look.shown is None or look.shown["State"] != "RUNNING" or not _lacks_address(look):
            continue
        if request.rolls_back and not _agent_fits(request.properties, look):
            continue
        since = look.at
        for each in reversed([each for each in history.looks if each.invocation.request is request and each.shown]):
            mine = each.name == look.name and who.descends_from(each.invocation)
            if each.at <= look.at and each.shown is not None and mine:
                if each.shown["State"] != "RUNNING":
                    break
                since = each.at
        calls = [call for call in history.calls if call.invocation is who]
        answered_at = next(call.at for call in calls if call.service == "s3")
        waited = answered_at - since >= ADDRESS_PATIENCE or answered_at >= who.deadline - 1
        refused = any(call.service in ("appstream", "lambda") and call.struck and call.at > look.at for call in calls)
        if not waited and not refused:
            yield f"request {request.number}: no address after {answered_at - since:.0f} s only"
        elif answer["Data"].get("EniPrivateIpAddress"):
            yield f"request {request.number}: an address that was not seen"
        else:
            yield "" if warned(history, request) else f"request {request.number}: no address, and no warning"


def a_builder_is_looked_for_twice(history: History) -> Iterator[str]:
    """A builder is gone only after two looks 10 s apart.

    Nor is anything "not found" by an answer that tells nothing.
    """
    for status in ("FAILED", "SUCCESS"):
        for request, who, answer, look, at, _ in _told(history, status, "Create", "Update", "Delete"):
            if status == "FAILED" and not re.search(r"not found in ", str(answer.get("Reason"))):
                continue
            gone = look is not None and look.shown is None and not left_to_another(history, request)
            if status == "SUCCESS" and not (request.kind == "Delete" and stops_on_delete(request) and gone):
                continue
            looks = _looks_of(history, who, at)
            in_vain = []
            for each in reversed(looks):
                if each.shown is not None:
                    break
                in_vain.append(each)
            if not in_vain:
                yield f"request {request.number} told of a builder not found that no look had missed"
                continue
            apart = in_vain[0].at - in_vain[-1].at
            hurried = at >= who.deadline - 2
            fine = apart >= SECOND_LOOK or hurried
            yield "" if fine else f"request {request.number}: gone after {len(in_vain)} looks in {apart:.0f} s"


def _looks_of(history: History, who: Invocation, until: float) -> list[Look]:
    """Return the looks at its own builder that a request's invocation knows of."""
    return [
        each
        for each in history.looks
        if each.name == about(who.request) and each.arrived and each.at <= until and who.descends_from(each.invocation)
    ]


def a_refused_look_is_repeated(history: History) -> Iterator[str]:
    """A failure because of refused looks comes 90 s after the first one in a row where denied, 10 s where otherwise.

    Looks that are not answered at all, or in no format, are repeated until the deadline.
    """
    for request, who, answer, _, _, _ in _told(history, "FAILED", "Create", "Update", "Delete"):
        calls = [each for each in history.calls if who.descends_from(each.invocation)]
        answered_at = next(each.at for each in calls if each.service == "s3" and each.invocation is who)
        row: list[Call] = []
        for each in reversed([each for each in calls if each.at < answered_at and each.service == "appstream"]):
            if each.operation != _LOOK or each.struck in ("", "missing", "rate"):
                break
            row.append(each)
        # What came after the looks has failed it, then: a hand-over, a schedule, or that nobody waits.
        others = [each for each in calls if row and row[0].at < each.at < answered_at]
        if not row or any(each.service in ("scheduler", "lambda") for each in others):
            continue
        if answered_at >= who.deadline - 2 or "no longer waits" in str(answer["Reason"]):
            continue
        patience = _patience(row[0]) if len({_patience(each) for each in row}) == 1 else LOOKED_AGAIN["error"]
        lasted = row[0].at - row[-1].at
        fine = lasted >= patience
        yield "" if fine else f"request {request.number} failed {lasted:.0f} s after the first look was refused"


def _patience(look: Call) -> float:
    """Return for how many seconds a look that failed so is repeated at least."""
    refused = look.struck in ("access_denied", "error") or (look.struck == "garbled" and " 4" in look.code)
    return LOOKED_AGAIN.get(look.struck, LOOKED_AGAIN["error"]) if refused else float("inf")


_LOOK = "DescribeImageBuilders"


def the_agent_is_as_asked(history: History) -> Iterator[str]:
    """Success never hides that the builder runs another agent than asked for; a roll-back's Update warns of it."""
    for told in _told(history, "SUCCESS", "Create", "Update"):
        request, look = told.request, told.look
        if request.properties.agent_version and look is not None and look.shown is not None:
            undone = request.rolls_back or (not told.counts and request.ended_at <= told.at)
            fine = _agent_fits(request.properties, look) or (undone and warned(history, request))
            yield "" if fine else f"request {request.number}: another agent runs"


def a_deleted_builder_does_not_run(history: History) -> Iterator[str]:
    """A Delete with STOP that succeeds has seen the builder not running, unless somebody else started it after it.

    Or unless another resource of its stack has the builder.
    """
    lag = history.scenario.durations.describe_lag
    for request, who, _, look, _, counts in _told(history, "SUCCESS", "Delete"):
        if not stops_on_delete(request) or (not counts and request.ended):
            continue
        if left_to_another(history, request):
            yield ""
            continue
        if look is None:
            yield f"request {request.number} succeeded without having seen the builder"
            continue
        if look.missed:
            # Two looks in vain are believed, whatever is so; that there were two is another invariant's.
            continue
        own = [act.at for act in history.acts if act.invocation in history.of(request) and act.what == "stop"]
        others = [
            act.at
            for act in history.acts
            if act.what == "start" and act.name == look.name and act.invocation not in history.of(request)
        ]
        started = any(at > min([*own, look.at - lag]) for at in others if at <= look.at)
        shown = "" if look.shown is None else str(look.shown["State"])
        fine = (shown in NOT_RUNNING and look.really in NOT_RUNNING) or started
        what = f"succeeded on {shown or 'gone'}, really {look.really or 'gone'}"
        yield "" if fine else f"request {request.number} (invocation {who.number}) {what}"


def failures_are_true(history: History) -> Iterator[str]:
    """A failure is never told of a builder that was last seen as asked for, nor of a request being over that is not."""
    for request, who, answer, look, at, counts in _told(history, "FAILED", "Create", "Update"):
        reason = str(answer["Reason"])
        if "no longer waits" in reason:
            # What is told to nobody may tell that nobody waits.
            told_too_soon = counts or not (request.ended and request.ended_at <= at)
            yield f"request {request.number} was still waited for" if told_too_soon else ""
        elif (
            request.properties.bad
            or "schedule" in reason.lower()
            or look is None
            or look.shown is None
            or look.shown["State"] != "RUNNING"
        ):
            yield ""
        else:
            fits = _agent_fits(request.properties, look)
            # A success needs one more look, after the schedule was set.
            fits = fits and not (request.properties.stop_after is not None and _ended_in_vain(history, who))
            what = f"request {request.number} (invocation {who.number})"
            yield f"{what} failed, though the builder was as asked for" if fits else ""


def _ended_in_vain(history: History, who: Invocation) -> bool:
    """Return whether an invocation's last look failed."""
    calls = [each for each in history.calls if each.invocation is who and each.operation == _LOOK]
    return bool(calls) and bool(calls[-1].struck)


def failed_deletes_are_true(history: History) -> Iterator[str]:
    """A Delete fails only where the builder was to be stopped, and was not last seen stopped."""
    for request, who, answer, look, at, counts in _told(history, "FAILED", "Delete"):
        if not counts and "no longer waits" in str(answer["Reason"]):
            continue
        shown = None if look is None else look.shown
        gone = _is_gone(history, who, at)
        stopped = gone or (shown is not None and shown["State"] in NOT_RUNNING)
        fine = stops_on_delete(request) and not stopped
        yield "" if fine else f"request {request.number} (invocation {who.number}) failed: {answer['Reason']}"


def _is_gone(history: History, who: Invocation, at: float) -> bool:
    """Return whether the last two looks, far enough from each other, have found nothing."""
    looks = _looks_of(history, who, at)
    in_vain = [each.at for each in looks[-2:] if each.shown is None]
    return len(in_vain) == 2 and in_vain[1] - in_vain[0] > SECOND_LOOK + 2


def the_deadlines_reason_has_the_builders_errors(history: History) -> Iterator[str]:
    """Where a builder hangs in PENDING and says why, the failure at the deadline says it, too."""
    for request, who, answer, look, at, _ in _told(history, "FAILED", "Create", "Update"):
        if look is None or look.shown is None or look.shown["State"] != "PENDING" or at < who.deadline - 1:
            continue
        if "no longer waits" in str(answer["Reason"]):
            continue
        said = look.shown.get("ImageBuilderErrors") or []
        since = (request.sent_at if request.dated else who.root.began_at) + 2 * _CLOCKS_APART
        codes = [str(each["ErrorCode"]) for each in said if each["ErrorTimestamp"] > since]
        if codes and look.at >= at - 90:
            fine = any(code[:12] in str(answer["Reason"]) for code in codes)
            yield "" if fine else f"request {request.number} does not tell {codes[0]}: {answer['Reason']}"


_CLOCKS_APART = 20.0


def _told(history: History, status: str, *kinds: str) -> Iterator[Told]:
    """Give what each invocation has told, whether it was taken or not: a twin's answer is as true as its brother's."""
    seen: set[Invocation] = set()
    for put in history.puts:
        request, who = put.request, put.invocation
        if request is None or who in seen or request.kind not in kinds:
            continue
        seen.add(who)
        answer: dict[str, Any] = json.loads(put.body)
        if answer.get("Status") == status:
            counts = request.answered_by is who and request.ended != CANCELLED
            yield Told(request, who, answer, history.last_look(who, about(request), before=put.at), put.at, counts)


def _lacks_address(look: Look) -> bool:
    shown = look.shown or {}
    in_vpc = bool((shown.get("VpcConfig") or {}).get("SubnetIds"))
    interface = shown.get("NetworkAccessConfiguration") or {}
    return in_vpc and not interface.get("EniPrivateIpAddress") and not interface.get("EniIpv6Addresses")


def _agent_fits(properties: Properties, look: Look) -> bool:
    shown = look.shown or {}
    if properties.agent_version is None:
        return True
    if properties.agent_version == "LATEST":
        return shown.get("LatestAppstreamAgentVersion") != "FALSE"
    return shown.get("AppstreamAgentVersion") in (None, properties.agent_version)
