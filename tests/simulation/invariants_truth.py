"""What must hold for what the answers say: that it was so when it was said."""

from collections.abc import Iterator

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from simulation.history import History, Look, Request
from simulation.invariants_answers import NOT_STARTED
from simulation.scenario import Properties

ADDRESS_PATIENCE = 50.0
"""Seconds of RUNNING without an address, between two looks' effects: a minute of the function's less two calls."""

NOT_RUNNING = ("", "STOPPED", "FAILED", "DELETING")

_CUT = "..."
_CUT_FROM = 2000
"""A body that was cut has at least this many bytes: less would have been cut too much."""


def success_means_running(history: History) -> Iterator[str]:
    """A Create or Update that succeeds has seen RUNNING at its last look, and it was so, but for describe's lag."""
    for request, look in _answered(history, "SUCCESS", "Create", "Update"):
        if look is None or look.shown is None:
            yield f"request {request.number} succeeded without having seen the builder"
            continue
        lag = history.scenario.durations.describe_lag
        stopped_since = any(
            act.what == "stop" and act.name == look.name and look.at - lag <= act.at <= look.at for act in history.acts
        )
        fine = look.shown["State"] == "RUNNING" and (look.really == "RUNNING" or stopped_since)
        told = f"succeeded on {look.shown['State']}, really {look.really}"
        yield "" if fine else f"request {request.number} {told}"


def attributes_are_complete_and_true(history: History) -> Iterator[str]:
    """Every promised attribute is there, a string, and as it was last seen; long texts may be cut, and are marked."""
    for request, look in _answered(history, "SUCCESS", "Create", "Update"):
        data = request.answer.get("Data", {})
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
            if data[name] != look.shown.get(name, "") and not _cut(history, request, look, name):
                wrong.append(name)
        yield f"request {request.number}: {wrong} not as seen" if wrong else ""


def _cut(history: History, request: Request, look: Look, name: str) -> bool:
    said = str(request.answer["Data"][name])
    body = next(put.body for put in history.puts if put.request is request and put.taken)
    begins = said == "" or (said.endswith(_CUT) and str(look.shown and look.shown[name]).startswith(said[: -len(_CUT)]))
    return begins and len(body) >= _CUT_FROM


def the_address_is_waited_for(history: History) -> Iterator[str]:
    """In a VPC, success without an address comes after a minute of RUNNING, at the deadline or where looks must end."""
    for request, look in _answered(history, "SUCCESS", "Create", "Update"):
        if look is None or look.shown is None or not _lacks_address(look):
            continue
        since = look.at
        for each in reversed([each for each in history.looks if each.invocation.request is request and each.shown]):
            if each.at <= look.at and each.shown is not None:
                if each.shown["State"] != "RUNNING":
                    break
                since = each.at
        calls = [call for call in history.calls if call.invocation is look.invocation]
        answered_at = next(call.at for call in calls if call.service == "s3")
        # A look that failed for good ends the wait, and so does a hand-over: what was seen before it has to do.
        failed = {call.operation for call in calls if call.at > look.at}
        denied = "DescribeImageBuilders" in failed and "appstream: access_denied" in history.faults
        waited = answered_at - since >= ADDRESS_PATIENCE or answered_at >= look.invocation.deadline
        fine = waited or denied or "Invoke" in failed
        yield "" if fine else f"request {request.number}: no address after {answered_at - since:.0f} s only"


def the_agent_is_as_asked(history: History) -> Iterator[str]:
    """Success never hides that the builder runs another agent than asked for."""
    for request, look in _answered(history, "SUCCESS", "Create", "Update"):
        if request.properties.agent_version and look is not None:
            yield "" if _agent_fits(request.properties, look) else f"request {request.number}: another agent runs"


def a_deleted_builder_does_not_run(history: History) -> Iterator[str]:
    """A Delete with STOP that succeeds has seen the builder not running, unless somebody else started it after it."""
    lag = history.scenario.durations.describe_lag
    for request, look in _answered(history, "SUCCESS", "Delete"):
        if not stops_on_delete(request):
            continue
        if look is None:
            yield f"request {request.number} succeeded without having seen the builder"
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
        yield "" if fine else f"request {request.number} succeeded on {shown or 'gone'}, really {look.really or 'gone'}"


def failures_are_true(history: History) -> Iterator[str]:
    """A failure is never told of a builder that was last seen as asked for, nor of a request being over that is not."""
    for request, look in _answered(history, "FAILED", "Create", "Update"):
        if "no longer waits" in request.answer["Reason"]:
            yield f"request {request.number} was still waited for"
        elif (
            request.properties.bad
            or "chedule" in request.answer["Reason"]
            or look is None
            or look.shown is None
            or look.shown["State"] != "RUNNING"
        ):
            yield ""
        else:
            fits = _agent_fits(request.properties, look)
            yield f"request {request.number} failed, though the builder was as asked for" if fits else ""


def failed_deletes_are_true(history: History) -> Iterator[str]:
    """A Delete fails only where the builder was to be stopped, and was not last seen stopped."""
    for request, look in _answered(history, "FAILED", "Delete"):
        stopped = look is not None and (look.shown is None or look.shown["State"] in NOT_RUNNING)
        fine = (stops_on_delete(request) and not stopped) or request.properties.stop_after is not None
        yield "" if fine else f"request {request.number} failed: {request.answer['Reason']}"


def stops_on_delete(request: Request) -> bool:
    """Return whether a Delete is to stop its builder."""
    properties = request.properties
    marked = request.physical_id.endswith(NOT_STARTED)
    return properties.on_delete == "STOP" and not properties.bad and not marked


def _answered(history: History, status: str, *kinds: str) -> Iterator[tuple[Request, Look | None]]:
    """Give the requests with such an answer, each with the last look of the invocation that gave it."""
    for request in history.requests:
        who = request.answered_by
        if who is not None and request.kind in kinds and request.answer.get("Status") == status:
            yield request, history.last_look(who, before=request.ended_at)


def _lacks_address(look: Look) -> bool:
    shown = look.shown or {}
    in_vpc = bool((shown.get("VpcConfig") or {}).get("SubnetIds"))
    return in_vpc and not (shown.get("NetworkAccessConfiguration") or {}).get("EniPrivateIpAddress")


def _agent_fits(properties: Properties, look: Look) -> bool:
    shown = look.shown or {}
    if properties.agent_version is None:
        return True
    if properties.agent_version == "LATEST":
        return shown.get("LatestAppstreamAgentVersion") != "FALSE"
    return shown.get("AppstreamAgentVersion") in (None, properties.agent_version)
