"""AppStream: the local engine's service, the actual state at each call, and other people's actions."""

import json
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from appstream_local.service.errors import ApiError
from appstream_local.service.faults import Fault
from appstream_local.service.outcomes import StartOutcome
from appstream_local.service.service import AppStreamService
from simulation.history import BuilderChange, BuilderRead, History, Invocation
from simulation.models.faults import LOST
from simulation.models.network import Caller
from simulation.runtime.botocore_clients import HttpResponse, body_of
from simulation.scenario import Builder, ExternalAction, FaultWindow, Scenario
from support.fake_appstream import ACCOUNT, REGION
from support.virtual_time import VirtualClock

_OK = 200
_NOT_FOUND = "ResourceNotFoundException"
_REPORTED_AFTER = 100.0
"""Seconds of PENDING after which a builder that hangs has errors."""
_RATE = 0.1
_BURST = 3.0
_FUNCTION_PRINCIPAL = f"arn:aws:sts::{ACCOUNT}:assumed-role/provider/provider"
_ERROR_FIELDS = ("ImageBuilderErrors", "StateChangeReason")


class AppStreamModel:
    """The image builders of a run."""

    caller: Caller

    def __init__(self, scenario: Scenario, clock: VirtualClock, history: History) -> None:
        self._clock = clock
        self._history = history
        self._clock_offset = scenario.clock_offsets.appstream
        self._service = AppStreamService(now=lambda: clock.now + self._clock_offset)
        self._region = self._service.region_state(account=ACCOUNT, region=REGION)
        self._builders = self._region.builders
        self._builders.durations = scenario.durations
        self._builders.behavior = scenario.behavior
        self._hides_errors = {each.name for each in scenario.builders if each.hides_errors}
        self._reports_errors = {each.name for each in scenario.builders if each.reports_errors}
        self._ipv6_only = {each.name for each in scenario.builders if each.ipv6_only}
        self._limited = False
        for builder in scenario.builders:
            self._put(builder)

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation."""
        target = request.headers["X-Amz-Target"]
        return (target.decode() if isinstance(target, bytes) else str(target)).partition(".")[2]

    def respond(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Let the service respond, and record the actual state."""
        body = body_of(request)
        params: dict[str, Any] = json.loads(body)
        name = params["Names"][0] if "Names" in params else params["Name"]
        kind = "" if fault is None else fault.kind
        lost = kind in LOST
        self._limit_rate(on=kind == "rate")
        if fault is not None and kind == "missing":
            if operation == "DescribeImageBuilders":
                return self._not_found(name, empty=fault.code == "empty")
        elif fault is not None and not lost and kind != "rate":
            self._region.faults.add(Fault(fault.kind, times=1, code=fault.code, after_effect=fault.after_effect))
        starts, stops = self._counts(name)
        response = self._service.handle(
            target=f"PhotonAdminProxyService.{operation}",
            body=body,
            account=ACCOUNT,
            region=REGION,
            principal=_FUNCTION_PRINCIPAL,
        )
        content = response.body
        if operation == "DescribeImageBuilders":
            content = self._adjusted(content)
            self._record_read(name, content, status=response.status, lost=lost)
        after = self._counts(name)
        for action, accepted in (("start", after[0] > starts), ("stop", after[1] > stops)):
            if accepted:
                arrived = response.status == _OK and not lost
                version = params.get("AppstreamAgentVersion")
                self._changed(action, name, self.caller.running(), arrived=arrived, agent_version=version)
        return HttpResponse(response.status, content, dict(response.headers))

    def _not_found(self, name: str, *, empty: bool) -> HttpResponse:
        """Respond as if a builder did not exist."""
        read = BuilderRead(
            at=self._now,
            invocation=self.caller.running(),
            name=name,
            arrived=True,
            shown=None,
            actual_state=self.state(name),
            missed=True,
        )
        self._history.builder_reads.append(read)
        if empty:
            return HttpResponse(_OK, b'{"ImageBuilders":[]}', {"Content-Type": "application/x-amz-json-1.1"})
        body = json.dumps({"__type": _NOT_FOUND, "message": f"Image builder {name} could not be found."}).encode()
        return HttpResponse(400, body, {"Content-Type": "application/x-amz-json-1.1"})

    def act_externally(self, external: ExternalAction) -> None:
        """Let somebody else try something; an error is theirs."""
        action, name = external.action, external.name
        before = self._counts(name)
        try:
            if action == "start":
                self._builders.start(name)
            elif action == "fail":
                self._builders.set_state(name, "FAILED")
            else:
                self._builders.begin(name, action)
        except ApiError:
            return
        if action != "start" or self._counts(name) != before:
            self._changed(action, name, None)

    def stopped_by_schedule(self, name: str, schedule: str) -> bool:
        """Let a schedule try to stop a builder; return whether AppStream accepted that."""
        try:
            self._builders.stop(name)
        except ApiError:
            return False
        self._changed("stop", name, None, scheduled=True, schedule=schedule)
        return True

    def state(self, name: str) -> str:
        """Return a builder's actual state, "" for one that does not exist."""
        try:
            return self._builders.observe(name)[1]
        except ApiError:
            return ""

    @property
    def _now(self) -> float:
        return self._clock.now

    def _put(self, builder: Builder) -> None:
        self._builders.put(builder.name, state=builder.state, fields=builder.fields)
        if builder.transitions:
            self._builders.set_state(builder.name, builder.state, builder.transitions)
        start_outcome = StartOutcome(builder.start_outcome, times=builder.start_outcome_times)
        self._builders.set_start_outcome(builder.name, start_outcome)

    def _counts(self, name: str) -> tuple[int, int]:
        try:
            builder = self._builders.observe(name)[0]
        except ApiError:
            return (0, 0)
        return builder.starts, builder.stops

    def _adjusted(self, body: bytes) -> bytes:
        """Return a description as some builders have it: without errors, with one, or without IPv4."""
        if not (self._hides_errors or self._reports_errors or self._ipv6_only):
            return body
        response = json.loads(body)
        for builder in response.get("ImageBuilders", []):
            name = builder["Name"]
            if name in self._hides_errors:
                for key in _ERROR_FIELDS:
                    builder.pop(key, None)
            elif name in self._reports_errors and builder["State"] == "PENDING":
                self._report_error(builder)
            if name in self._ipv6_only and "NetworkAccessConfiguration" in builder:
                eni = builder["NetworkAccessConfiguration"]
                eni.pop("EniPrivateIpAddress", None)
                eni["EniIpv6Addresses"] = ["2001:db8::1"]
        return json.dumps(response).encode()

    def _report_error(self, builder: dict[str, Any]) -> None:
        since = self._builders.observe(builder["Name"])[0].timeline.current(self._now + self._clock_offset).at
        if self._now + self._clock_offset >= since + _REPORTED_AFTER:
            error = {"ErrorCode": "SUBNET_HAS_INSUFFICIENT_IP_ADDRESSES", "ErrorMessage": "No address is left."}
            builder["ImageBuilderErrors"] = [{**error, "ErrorTimestamp": since + _REPORTED_AFTER}]

    def _limit_rate(self, *, on: bool) -> None:
        if on != self._limited:
            self._limited = on
            self._region.faults.limit_rate(_RATE if on else None, burst=_BURST)

    def _record_read(self, name: str, body: bytes, *, status: int, lost: bool) -> None:
        response = json.loads(body) if body else {}
        found = response["ImageBuilders"] if status == _OK else []
        read = BuilderRead(
            at=self._now,
            invocation=self.caller.running(),
            name=name,
            arrived=not lost and (status == _OK or _NOT_FOUND in str(response.get("__type", ""))),
            shown=found[0] if found else None,
            actual_state=self.state(name),
            missed=not found and bool(self.state(name)),
        )
        self._history.builder_reads.append(read)
        if read.arrived:
            # The fault had no effect: the builder did not exist anyway, or the rate was not exceeded.
            next(each for each in reversed(self._history.calls) if each.invocation is read.invocation).fault_kind = ""

    def _changed(self, action: str, name: str, invocation: Invocation | None, **details: Any) -> None:
        change = BuilderChange(at=self._now, action=action, name=name, invocation=invocation, **details)
        self._history.builder_changes.append(change)
        others = "the schedule" if change.scheduled else "somebody else"
        who = others if invocation is None else f"invocation {invocation.number}"
        self._history.note(change.at, f"{action} of {name} by {who} took effect")
