"""What must hold for what the answers say: that it was so when it was said."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from simulation.history import CANCELLED, BuilderRead, Call, History, Invocation, Request
from simulation.invariants.queries import about, has_another_owner, is_warned_of, stops_on_delete
from simulation.scenario import Properties

ADDRESS_WAIT = 290.0
"""Seconds of RUNNING without an address, between two looks' effects: five minutes of the function's less two calls."""

SECOND_LOOK = 9.0
"""Seconds between two looks' effects that do not find a builder which is known: ten of the function's less a call."""

LOOKED_AGAIN = {"access_denied": 84.0, "error": 4.0}
"""Seconds for which a refused look is repeated, between two calls' effects: 90 and 10 of the function's less a call."""

NOT_RUNNING = ("", "STOPPED", "FAILED", "DELETING")

_CUT = "..."
_CUT_FROM = 2000
"""A body that was cut has at least this many bytes: less would have been cut too much."""


class SentResponse(NamedTuple):
    """What an invocation has told CloudFormation, with the last look it had; ``counts`` where that was the answer."""

    request: Request
    invocation: Invocation
    response: dict[str, Any]
    read: BuilderRead | None
    at: float
    counts: bool


def success_means_running(history: History) -> Iterator[str]:
    """A Create or Update that succeeds has seen RUNNING at its last look, and it was so, but for describe's lag.

    The Update of a roll-back may have seen anything, if it warns.
    """
    for told in _sent(history, "SUCCESS", "Create", "Update"):
        request, read = told.request, told.read
        undone = request.is_rollback or (not told.counts and request.ended_at <= told.at)
        if undone and is_warned_of(history, request):
            # Also what a late twin says, to nobody, of an update that is being undone.
            yield ""
            continue
        if read is None or read.shown is None:
            yield f"request {request.number} succeeded without having seen the builder"
            continue
        lag = history.scenario.durations.describe_lag
        stopped_since = any(
            act.action == "stop" and act.name == read.name and read.at - lag <= act.at <= read.at
            for act in history.builder_changes
        )
        fine = read.shown["State"] == "RUNNING" and (read.actual_state == "RUNNING" or stopped_since)
        what = f"succeeded on {read.shown['State']}, really {read.actual_state}"
        yield "" if fine else f"request {request.number} (invocation {told.invocation.number}) {what}"


def attributes_are_complete_and_current(history: History) -> Iterator[str]:
    """Every promised attribute is there, a string, and as it was last seen; long texts may be cut, and are marked."""
    for request, invocation, response, read, _, _ in _sent(history, "SUCCESS", "Create", "Update"):
        data = response.get("Data", {})
        if set(data) != {*ATTRIBUTES, SCHEDULED_STOP_TIME} or not all(
            isinstance(value, str) for value in data.values()
        ):
            yield f"request {request.number}: attributes {sorted({*ATTRIBUTES, SCHEDULED_STOP_TIME} ^ set(data))}"
            continue
        if read is None or read.shown is None:
            continue
        eni = read.shown.get("NetworkAccessConfiguration") or {}
        wanted = {
            **{name: read.shown.get(name, "") for name in ("Name", "Arn", "State")},
            **{name: eni.get(name, "") for name in ("EniPrivateIpAddress", "EniId")},
        }
        wrong = [name for name, value in wanted.items() if data[name] != value]
        for name in ("Description", "DisplayName", "InstanceType", "ImageArn", "AppstreamAgentVersion"):
            if data[name] != read.shown.get(name, "") and not _cut(history, invocation, response, read, name):
                wrong.append(name)
        yield f"request {request.number}: {wrong} not as seen" if wrong else ""


def _cut(history: History, invocation: Invocation, response: dict[str, Any], read: BuilderRead, name: str) -> bool:
    said = str(response["Data"][name])
    body = next(put.body for put in history.puts if put.invocation is invocation)
    begins = said == "" or (said.endswith(_CUT) and str(read.shown and read.shown[name]).startswith(said[: -len(_CUT)]))
    return begins and len(body) >= _CUT_FROM


def the_address_is_waited_for(history: History) -> Iterator[str]:
    """In a VPC, success without an address comes after 5 minutes of RUNNING, or at the deadline, and with a warning.

    Or where looks must end: they are denied, or nobody can be handed over to.
    """
    for request, invocation, response, read, _, _ in _sent(history, "SUCCESS", "Create", "Update"):
        if read is None or read.shown is None or read.shown["State"] != "RUNNING" or not _lacks_address(read):
            continue
        if request.is_rollback and not _agent_fits(request.properties, read):
            continue
        since = read.at
        for each in reversed(
            [each for each in history.builder_reads if each.invocation.request is request and each.shown]
        ):
            mine = each.name == read.name and invocation.descends_from(each.invocation)
            if each.at <= read.at and each.shown is not None and mine:
                if each.shown["State"] != "RUNNING":
                    break
                since = each.at
        calls = [call for call in history.calls if call.invocation is invocation]
        responded_at = next(call.at for call in calls if call.service == "s3")
        waited = responded_at - since >= ADDRESS_WAIT or responded_at >= invocation.deadline - 1
        refused = any(
            call.service in ("appstream", "lambda") and call.fault_kind and call.at > read.at for call in calls
        )
        if not waited and not refused:
            yield f"request {request.number}: no address after {responded_at - since:.0f} s only"
        elif response["Data"].get("EniPrivateIpAddress"):
            yield f"request {request.number}: an address that was not seen"
        else:
            yield "" if is_warned_of(history, request) else f"request {request.number}: no address, and no warning"


def a_builder_is_gone_only_after_two_reads(history: History) -> Iterator[str]:
    """A builder is gone only after two looks 10 s apart.

    Nor is anything "not found" by an answer that tells nothing.
    """
    for status in ("FAILED", "SUCCESS"):
        for request, invocation, response, read, at, _ in _sent(history, status, "Create", "Update", "Delete"):
            if status == "FAILED" and not re.search(r"not found in ", str(response.get("Reason"))):
                continue
            gone = read is not None and read.shown is None and not has_another_owner(history, request)
            if status == "SUCCESS" and not (request.kind == "Delete" and stops_on_delete(request) and gone):
                continue
            reads = _reads_of(history, invocation, at)
            in_vain = []
            for each in reversed(reads):
                if each.shown is not None:
                    break
                in_vain.append(each)
            if not in_vain:
                yield f"request {request.number} told of a builder not found that no look had missed"
                continue
            apart = in_vain[0].at - in_vain[-1].at
            hurried = at >= invocation.deadline - 2
            fine = apart >= SECOND_LOOK or hurried
            yield "" if fine else f"request {request.number}: gone after {len(in_vain)} looks in {apart:.0f} s"


def _reads_of(history: History, invocation: Invocation, until: float) -> list[BuilderRead]:
    """Return the looks at its own builder that a request's invocation knows of."""
    return [
        each
        for each in history.builder_reads
        if each.name == about(invocation.request)
        and each.arrived
        and each.at <= until
        and invocation.descends_from(each.invocation)
    ]


def failed_reads_are_retried(history: History) -> Iterator[str]:
    """A failure because of refused looks comes 90 s after the first one in a row where denied, 10 s where otherwise.

    Looks that are not answered at all, or in no format, are repeated until the deadline.
    """
    for request, invocation, response, _, _, _ in _sent(history, "FAILED", "Create", "Update", "Delete"):
        calls = [each for each in history.calls if invocation.descends_from(each.invocation)]
        responded_at = next(each.at for each in calls if each.service == "s3" and each.invocation is invocation)
        row: list[Call] = []
        for each in reversed([each for each in calls if each.at < responded_at and each.service == "appstream"]):
            if each.operation != _LOOK or each.fault_kind in ("", "missing", "rate"):
                break
            row.append(each)
        # What came after the looks has failed it, then: a hand-over, a schedule, or that nobody waits.
        others = [each for each in calls if row and row[0].at < each.at < responded_at]
        if not row or any(each.service in ("scheduler", "lambda") for each in others):
            continue
        if responded_at >= invocation.deadline - 2 or "no longer waits" in str(response["Reason"]):
            continue
        patience = _patience(row[0]) if len({_patience(each) for each in row}) == 1 else LOOKED_AGAIN["error"]
        lasted = row[0].at - row[-1].at
        fine = lasted >= patience
        yield "" if fine else f"request {request.number} failed {lasted:.0f} s after the first look was refused"


def _patience(read: Call) -> float:
    """Return for how many seconds a look that failed so is repeated at least."""
    refused = read.fault_kind in ("access_denied", "error") or (read.fault_kind == "garbled" and " 4" in read.code)
    return LOOKED_AGAIN.get(read.fault_kind, LOOKED_AGAIN["error"]) if refused else float("inf")


_LOOK = "DescribeImageBuilders"


def the_agent_is_the_requested_one(history: History) -> Iterator[str]:
    """Success never hides that the builder runs another agent than asked for; a roll-back's Update warns of it."""
    for told in _sent(history, "SUCCESS", "Create", "Update"):
        request, read = told.request, told.read
        if request.properties.agent_version and read is not None and read.shown is not None:
            undone = request.is_rollback or (not told.counts and request.ended_at <= told.at)
            fine = _agent_fits(request.properties, read) or (undone and is_warned_of(history, request))
            yield "" if fine else f"request {request.number}: another agent runs"


def a_deleted_builder_is_stopped(history: History) -> Iterator[str]:
    """A Delete with STOP that succeeds has seen the builder not running, unless somebody else started it after it.

    Or unless another resource of its stack has the builder.
    """
    lag = history.scenario.durations.describe_lag
    for request, invocation, _, read, _, counts in _sent(history, "SUCCESS", "Delete"):
        if not stops_on_delete(request) or (not counts and request.ended):
            continue
        if has_another_owner(history, request):
            yield ""
            continue
        if read is None:
            yield f"request {request.number} succeeded without having seen the builder"
            continue
        if read.missed:
            # Two looks in vain are believed, whatever is so; that there were two is another invariant's.
            continue
        own = [
            act.at
            for act in history.builder_changes
            if act.invocation in history.invocations_of(request) and act.action == "stop"
        ]
        others = [
            act.at
            for act in history.builder_changes
            if act.action == "start" and act.name == read.name and act.invocation not in history.invocations_of(request)
        ]
        started = any(at > min([*own, read.at - lag]) for at in others if at <= read.at)
        shown = "" if read.shown is None else str(read.shown["State"])
        fine = (shown in NOT_RUNNING and read.actual_state in NOT_RUNNING) or started
        what = f"succeeded on {shown or 'gone'}, really {read.actual_state or 'gone'}"
        yield "" if fine else f"request {request.number} (invocation {invocation.number}) {what}"


def failures_are_justified(history: History) -> Iterator[str]:
    """A failure is never told of a builder that was last seen as asked for, nor of a request being over that is not."""
    for request, invocation, response, read, at, counts in _sent(history, "FAILED", "Create", "Update"):
        reason = str(response["Reason"])
        if "no longer waits" in reason:
            # What is told to nobody may tell that nobody waits.
            told_too_soon = counts or not (request.ended and request.ended_at <= at)
            yield f"request {request.number} was still waited for" if told_too_soon else ""
        elif (
            request.properties.invalid
            or "schedule" in reason.lower()
            or read is None
            or read.shown is None
            or read.shown["State"] != "RUNNING"
        ):
            yield ""
        else:
            fits = _agent_fits(request.properties, read)
            # A success needs one more look, after the schedule was set.
            fits = fits and not (request.properties.stop_after is not None and _ended_in_vain(history, invocation))
            what = f"request {request.number} (invocation {invocation.number})"
            yield f"{what} failed, though the builder was as asked for" if fits else ""


def _ended_in_vain(history: History, invocation: Invocation) -> bool:
    """Return whether an invocation's last look failed."""
    calls = [each for each in history.calls if each.invocation is invocation and each.operation == _LOOK]
    return bool(calls) and bool(calls[-1].fault_kind)


def failed_deletes_are_justified(history: History) -> Iterator[str]:
    """A Delete fails only where the builder was to be stopped, and was not last seen stopped."""
    for request, invocation, response, read, at, counts in _sent(history, "FAILED", "Delete"):
        if not counts and "no longer waits" in str(response["Reason"]):
            continue
        shown = None if read is None else read.shown
        gone = _is_gone(history, invocation, at)
        stopped = gone or (shown is not None and shown["State"] in NOT_RUNNING)
        fine = stops_on_delete(request) and not stopped
        yield "" if fine else f"request {request.number} (invocation {invocation.number}) failed: {response['Reason']}"


def _is_gone(history: History, invocation: Invocation, at: float) -> bool:
    """Return whether the last two looks, far enough from each other, have found nothing."""
    reads = _reads_of(history, invocation, at)
    in_vain = [each.at for each in reads[-2:] if each.shown is None]
    return len(in_vain) == 2 and in_vain[1] - in_vain[0] > SECOND_LOOK + 2


def a_timeout_reports_the_builders_errors(history: History) -> Iterator[str]:
    """Where a builder hangs in PENDING and says why, the failure at the deadline says it, too."""
    for request, invocation, response, read, at, _ in _sent(history, "FAILED", "Create", "Update"):
        if read is None or read.shown is None or read.shown["State"] != "PENDING" or at < invocation.deadline - 1:
            continue
        if "no longer waits" in str(response["Reason"]):
            continue
        said = read.shown.get("ImageBuilderErrors") or []
        since = (request.sent_at if request.dated else invocation.root.began_at) + 2 * _CLOCKS_APART
        codes = [str(each["ErrorCode"]) for each in said if each["ErrorTimestamp"] > since]
        if codes and read.at >= at - 90:
            fine = any(code[:12] in str(response["Reason"]) for code in codes)
            yield "" if fine else f"request {request.number} does not tell {codes[0]}: {response['Reason']}"


_CLOCKS_APART = 20.0


def _sent(history: History, status: str, *kinds: str) -> Iterator[SentResponse]:
    """Give what each invocation has told, whether it was taken or not: a twin's answer is as true as its brother's."""
    seen: set[Invocation] = set()
    for put in history.puts:
        request, invocation = put.request, put.invocation
        if request is None or invocation in seen or request.kind not in kinds:
            continue
        seen.add(invocation)
        response: dict[str, Any] = json.loads(put.body)
        if response.get("Status") == status:
            counts = request.responder is invocation and request.ended != CANCELLED
            yield SentResponse(
                request,
                invocation,
                response,
                history.last_read(invocation, about(request), before=put.at),
                put.at,
                counts,
            )


def _lacks_address(read: BuilderRead) -> bool:
    shown = read.shown or {}
    in_vpc = bool((shown.get("VpcConfig") or {}).get("SubnetIds"))
    interface = shown.get("NetworkAccessConfiguration") or {}
    return in_vpc and not interface.get("EniPrivateIpAddress") and not interface.get("EniIpv6Addresses")


def _agent_fits(properties: Properties, read: BuilderRead) -> bool:
    shown = read.shown or {}
    if properties.agent_version is None:
        return True
    if properties.agent_version == "LATEST":
        return shown.get("LatestAppstreamAgentVersion") != "FALSE"
    return shown.get("AppstreamAgentVersion") in (None, properties.agent_version)
