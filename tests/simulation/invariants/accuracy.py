"""Invariants of what responses say: it was true when it was said."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from simulation.history import CANCELLED, BuilderRead, Call, History, Invocation, Request, ResponsePut
from simulation.invariants.queries import about, has_another_owner, is_warned_of, stops_on_delete
from simulation.scenario import Properties

ADDRESS_WAIT = 290.0
"""Seconds of RUNNING without an address between two reads: the function's five minutes less two calls."""

BELIEVED_AFTER = 10.0
"""Seconds from one read that does not find a known builder to the next one, after which that is believed."""

SECOND_READ = 8.0
"""Seconds between two reads that do not find a known builder: the function's ten less two calls."""

READ_RETRY = {"access_denied": 84.0, "error": 4.0}
"""Seconds for which a failed read is retried: the function's 90 and 10 less a call."""

NOT_RUNNING = ("", "STOPPED", "FAILED", "DELETING")

_TRUNCATED = "..."
_TRUNCATED_FROM = 2000
"""The least bytes of a body with truncated attributes: with less, too much was truncated."""


class SentResponse(NamedTuple):
    """A response that an invocation sent, and its last read; ``counts`` where the request ended with it."""

    request: Request
    invocation: Invocation
    response: dict[str, Any]
    read: BuilderRead | None
    at: float
    counts: bool


def success_means_running(history: History) -> Iterator[str]:
    """The last read of a Create or Update that succeeds showed RUNNING, and that was true, except for describe's lag.

    A rollback's Update may have seen any state, if it warns.
    """
    for sent in _sent(history, "SUCCESS", "Create", "Update"):
        request, read = sent.request, sent.read
        undone = request.is_rollback or (not sent.counts and request.ended_at <= sent.at)
        if undone and is_warned_of(history, request):
            # Also a late duplicate's response, which nobody gets, to an update that is being rolled back.
            yield ""
            continue
        if read is None or read.shown is None:
            yield f"request {request.number} succeeded without a read of the builder"
            continue
        lag = history.scenario.durations.describe_lag
        changes = [each for each in history.builder_changes if each.name == read.name]
        stopped_since = any(each.action == "stop" and read.at - lag <= each.at <= read.at for each in changes)
        fine = read.shown["State"] == "RUNNING" and (read.actual_state == "RUNNING" or stopped_since)
        what = f"succeeded on {read.shown['State']}, actually {read.actual_state}"
        yield "" if fine else f"request {request.number} (invocation {sent.invocation.number}) {what}"


def attributes_are_complete_and_current(history: History) -> Iterator[str]:
    """Every attribute is present, a string, and as last read; long ones may be truncated, with a mark."""
    for request, invocation, response, read, _, _ in _sent(history, "SUCCESS", "Create", "Update"):
        data, promised = response.get("Data", {}), {*ATTRIBUTES, SCHEDULED_STOP_TIME}
        if set(data) != promised or not all(isinstance(value, str) for value in data.values()):
            yield f"request {request.number}: attributes {sorted(promised ^ set(data))}"
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
            full = read.shown.get(name, "")
            if data[name] != full and not _is_truncated(history, invocation, data[name], full):
                wrong.append(name)
        yield f"request {request.number}: {wrong} not as read" if wrong else ""


def _is_truncated(history: History, invocation: Invocation, sent: str, full: str) -> bool:
    body = next(put.body for put in history.puts if put.invocation is invocation)
    begins = sent == "" or (sent.endswith(_TRUNCATED) and full.startswith(sent[: -len(_TRUNCATED)]))
    return begins and len(body) >= _TRUNCATED_FROM


def the_address_is_waited_for(history: History) -> Iterator[str]:
    """In a VPC, success without an address comes with a warning, after 5 minutes of RUNNING or at the deadline.

    Or where reads must end: they are denied, or the function can't invoke itself.
    """
    for request, invocation, response, read, at, counts in _sent(history, "SUCCESS", "Create", "Update"):
        if read is None or read.shown is None or read.shown["State"] != "RUNNING" or not _lacks_address(read):
            continue
        undone = request.is_rollback or (not counts and request.ended_at <= at)
        if undone and (not _agent_fits(request.properties, read) or _says_that_nobody_waits(history, invocation)):
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
        calls = history.calls_of(invocation)
        responded_at = next(call.at for call in calls if call.service == "s3")
        waited = responded_at - since >= ADDRESS_WAIT or responded_at >= invocation.deadline - 1
        # A late invocation can't look for the stop that was scheduled before, or a rollback can't set it.
        services = ("appstream", "lambda", "scheduler")
        refused = any(call.service in services and call.fault_kind and call.at > read.at for call in calls)
        if not waited and not refused:
            yield f"request {request.number}: no address after {responded_at - since:.0f} s only"
        elif response["Data"].get("EniPrivateIpAddress"):
            yield f"request {request.number}: an address that was not read"
        else:
            yield "" if is_warned_of(history, request) else f"request {request.number}: no address, and no warning"


def a_builder_is_gone_only_after_two_reads(history: History) -> Iterator[str]:
    """A builder is gone only after two reads 10 seconds apart, and never after an unreadable response."""
    for status in ("FAILED", "SUCCESS"):
        for request, invocation, response, read, at, _ in _sent(history, status, "Create", "Update", "Delete"):
            if status == "FAILED" and not re.search(r"not found in ", str(response.get("Reason"))):
                continue
            gone = read is not None and read.shown is None and not has_another_owner(history, request)
            if status == "SUCCESS" and not (request.kind == "Delete" and stops_on_delete(request) and gone):
                continue
            reads = _reads_of(history, invocation, at)
            missed_by = []
            for each in reversed(reads):
                if each.shown is not None:
                    break
                missed_by.append(each)
            if not missed_by:
                yield f"request {request.number} reported a builder as not found without such a read"
                continue
            apart = missed_by[0].at - missed_by[-1].at
            # At its deadline, or where it can't go on in a next invocation, it says so.
            hurried = at >= invocation.deadline - 2 or (status == "SUCCESS" and is_warned_of(history, request))
            fine = apart >= SECOND_READ or hurried
            yield "" if fine else f"request {request.number}: gone after {len(missed_by)} reads in {apart:.0f} s"


def _reads_of(history: History, invocation: Invocation, until: float) -> list[BuilderRead]:
    """Return the reads of its request's builder that an invocation knows of."""
    return [
        each
        for each in history.builder_reads
        if each.name == about(invocation.request)
        and each.arrived
        and each.at <= until
        and invocation.descends_from(each.invocation)
    ]


def failed_reads_are_retried(history: History) -> Iterator[str]:
    """Denied reads fail a request 90 seconds after the first in a row, other errors 10 seconds after it.

    Reads without a response, or with an unreadable one, are retried until the deadline.
    """
    for request, invocation, response, _, _, _ in _sent(history, "FAILED", "Create", "Update", "Delete"):
        calls = [each for each in history.calls if invocation.descends_from(each.invocation)]
        responded_at = next(each.at for each in calls if each.service == "s3" and each.invocation is invocation)
        row: list[Call] = []
        for each in reversed([each for each in calls if each.at < responded_at and each.service == "appstream"]):
            if each.operation != _READ or each.fault_kind in ("", "missing", "rate"):
                break
            row.append(each)
        # Then something after the reads failed it: a self-invocation, a schedule, or that nobody waits.
        others = [each for each in calls if row and row[0].at < each.at < responded_at]
        if not row or any(each.service in ("scheduler", "lambda") for each in others):
            continue
        if responded_at >= invocation.deadline - 2 or "no longer waits" in str(response["Reason"]):
            continue
        patience = _patience(row[0]) if len({_patience(each) for each in row}) == 1 else READ_RETRY["error"]
        lasted = row[0].at - row[-1].at
        fine = lasted >= patience
        yield "" if fine else f"request {request.number} failed {lasted:.0f} s after the first failed read"


def _patience(read: Call) -> float:
    """Return the seconds for which such a failed read has to be retried."""
    refused = read.fault_kind in ("access_denied", "error") or (read.fault_kind == "garbled" and " 4" in read.code)
    return READ_RETRY.get(read.fault_kind, READ_RETRY["error"]) if refused else float("inf")


_READ = "DescribeImageBuilders"


def the_agent_is_the_requested_one(history: History) -> Iterator[str]:
    """Success never hides that another agent runs than the requested one; a rollback's Update warns of it."""
    for sent in _sent(history, "SUCCESS", "Create", "Update"):
        request, read = sent.request, sent.read
        if request.properties.agent_version and read is not None and read.shown is not None:
            undone = request.is_rollback or (not sent.counts and request.ended_at <= sent.at)
            fine = _agent_fits(request.properties, read) or (undone and is_warned_of(history, request))
            yield "" if fine else f"request {request.number}: another agent runs"


def a_deleted_builder_is_stopped(history: History) -> Iterator[str]:
    """The last read of a Delete with STOP that succeeds showed that the builder does not run.

    Unless somebody else started it since, or another resource of the stack has it.
    """
    lag = history.scenario.durations.describe_lag
    for request, invocation, _, read, _, counts in _sent(history, "SUCCESS", "Delete"):
        if not stops_on_delete(request) or (not counts and request.ended):
            continue
        if has_another_owner(history, request):
            yield ""
            continue
        if read is None:
            # An earlier invocation's read may have missed it, with no time for another one: then it says so.
            fine = is_warned_of(history, request)
            yield "" if fine else f"request {request.number} succeeded without a read of the builder"
            continue
        if read.missed:
            # Two reads that don't find it are believed; that there were two is another invariant's question.
            continue
        mine = history.invocations_of(request)
        stops = [each for each in history.builder_changes if each.action == "stop" and each.name == read.name]
        # A stop whose response was lost may have been another one's: the Delete can't tell.
        tried = any(each.operation == "StopImageBuilder" and each.invocation in mine for each in history.calls)
        own = [each.at for each in stops if each.invocation in mine or (tried and each.at >= request.sent_at)]
        others = [
            each.at
            for each in history.builder_changes
            if each.action == "start" and each.name == read.name and each.invocation not in mine
        ]
        started = any(at > min([*own, read.at - lag]) for at in others if at <= read.at)
        shown = "" if read.shown is None else str(read.shown["State"])
        fine = (shown in NOT_RUNNING and read.actual_state in NOT_RUNNING) or started
        what = f"succeeded on {shown or 'gone'}, actually {read.actual_state or 'gone'}"
        yield "" if fine else f"request {request.number} (invocation {invocation.number}) {what}"


def failures_are_justified(history: History) -> Iterator[str]:
    """No failure is reported where the last read showed the requested state, or where a request is still waited for."""
    for request, invocation, response, read, at, counts in _sent(history, "FAILED", "Create", "Update"):
        reason = str(response["Reason"])
        if "no longer waits" in reason:
            # A response that nobody gets may say that nobody waits.
            too_soon = counts or not (request.ended and request.ended_at <= at)
            yield f"request {request.number} was still waited for" if too_soon else ""
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
            # A success needs one more read after the schedule was set or deleted, or another builder was stopped.
            versions = (request.properties, request.old_properties)
            scheduled = any(each is not None and each.stop_after is not None for each in versions)
            reads_again = scheduled or any(each.name != about(request) for each in _read_by(history, invocation))
            fits = fits and not (reads_again and _last_read_failed(history, invocation))
            what = f"request {request.number} (invocation {invocation.number})"
            yield f"{what} failed, though the builder was as requested" if fits else ""


def _read_by(history: History, invocation: Invocation) -> list[BuilderRead]:
    return [each for each in history.builder_reads if each.invocation.root is invocation.root]


def _last_read_failed(history: History, invocation: Invocation) -> bool:
    """Return whether an invocation's last read failed."""
    calls = [each for each in history.calls_of(invocation, "appstream") if each.operation == _READ]
    return bool(calls) and bool(calls[-1].fault_kind)


def failed_deletes_are_justified(history: History) -> Iterator[str]:
    """A Delete fails only where the builder had to be stopped, and the last read did not show that."""
    for request, invocation, response, read, at, counts in _sent(history, "FAILED", "Delete"):
        if not counts and "no longer waits" in str(response["Reason"]):
            continue
        shown = None if read is None else read.shown
        gone = _is_gone(history, invocation, at)
        stopped = gone or (shown is not None and shown["State"] in NOT_RUNNING)
        fine = stops_on_delete(request) and not stopped
        yield "" if fine else f"request {request.number} (invocation {invocation.number}) failed: {response['Reason']}"


def _is_gone(history: History, invocation: Invocation, at: float) -> bool:
    """Return whether the last two reads, far enough from each other, did not find the builder."""
    reads = _reads_of(history, invocation, at)
    missed_by = [each.at for each in reads[-2:] if each.shown is None]
    return len(missed_by) == 2 and missed_by[1] - missed_by[0] > SECOND_READ + 3


def a_timeout_reports_the_builders_errors(history: History) -> Iterator[str]:
    """Where a builder hangs in PENDING with errors, the failure at the deadline reports them."""
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
            yield "" if fine else f"request {request.number} does not report {codes[0]}: {response['Reason']}"


_CLOCKS_APART = 20.0


def _sent(history: History, status: str, *kinds: str) -> Iterator[SentResponse]:
    """Yield each invocation's first response, accepted or not: a duplicate's has to be true as well."""
    seen: set[Invocation] = set()
    for put in history.puts:
        request, invocation = put.request, put.invocation
        if request is None or invocation in seen or request.kind not in kinds:
            continue
        seen.add(invocation)
        response: dict[str, Any] = json.loads(put.body)
        if response.get("Status") == status:
            counts = request.responder is invocation and request.ended != CANCELLED
            read = _deciding_read(history, put, may_miss=status == "SUCCESS" and request.kind != "Delete")
            yield SentResponse(request, invocation, response, read, put.at, counts)


def _deciding_read(history: History, put: ResponsePut, *, may_miss: bool) -> BuilderRead | None:
    """Return the read that a response relies on, None for none: the invocation's last one, or an earlier one's.

    Args:
        history: The run.
        put: The response.
        may_miss: Whether reads that find nothing for a few seconds are no verdict: the one before them stays true.
    """
    reads = _reads_of(history, put.invocation, put.at)
    found = next((each for each in reversed(reads) if each.shown is not None), None)
    if not may_miss or found is None or found is reads[-1]:
        return reads[-1] if reads else None
    first_missed = reads[reads.index(found) + 1]
    apart = _call_of(history, reads[-1]).at - _call_of(history, first_missed).ended_at
    return found if apart < BELIEVED_AFTER else reads[-1]


def _call_of(history: History, read: BuilderRead) -> Call:
    calls = [each for each in history.calls if each.invocation is read.invocation and each.operation == _READ]
    return next(each for each in reversed(calls) if each.at <= read.at)


def _says_that_nobody_waits(history: History, invocation: Invocation) -> bool:
    return any(each.invocation is invocation and "no longer waits" in each.line for each in history.warnings)


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
