"""AppStream in a run: the local engine's service, what it really held at each call, and other people's hands."""

import json
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from appstream_local.service.errors import ApiError
from appstream_local.service.faults import Fault
from appstream_local.service.outcomes import StartOutcome
from appstream_local.service.service import AppStreamService
from simulation.history import BuilderChange, BuilderRead, History
from simulation.models.network import FUNCTION_PRINCIPAL, LOST, Caller
from simulation.runtime.botocore_clients import HttpResponse
from simulation.scenario import Builder, ExternalAction, FaultWindow, Scenario
from support.fake_appstream import ACCOUNT, REGION
from support.virtual_time import VirtualClock

_OK = 200
_NOT_FOUND = "ResourceNotFoundException"
_REPORTED_AFTER = 100.0
"""Seconds of PENDING after which a builder that hangs says why."""
_RATE = 0.1
_BURST = 3.0
_ERROR_FIELDS = ("ImageBuilderErrors", "StateChangeReason")


class AppStreamModel:
    """The image builders of a run.

    Attributes:
        caller: Tells which invocation calls; set once Lambda's model is there.
    """

    caller: Caller

    def __init__(self, scenario: Scenario, clock: VirtualClock, history: History) -> None:
        """Put the scenario's builders in place."""
        self._clock = clock
        self._history = history
        self._clock_offset = scenario.clock_offsets.appstream
        self._service = AppStreamService(now=lambda: clock.now + self._clock_offset)
        self._place = self._service.region_state(account=ACCOUNT, region=REGION)
        self._builders = self._place.builders
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

    def response(self, operation: str, request: AWSPreparedRequest, fault: FaultWindow | None, /) -> HttpResponse:
        """Let the service answer, and note what it really held."""
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        params: dict[str, Any] = json.loads(body)
        name = params["Names"][0] if "Names" in params else params["Name"]
        lost = fault is not None and fault.kind in LOST
        self._limit_rate(on=fault is not None and fault.kind == "rate")
        if fault is not None and fault.kind == "missing":
            if operation == "DescribeImageBuilders":
                return self._not_found(name, empty=fault.code == "empty")
        elif fault is not None and not lost and fault.kind != "rate":
            self._place.faults.add(Fault(fault.kind, times=1, code=fault.code, after_effect=fault.after_effect))
        starts, stops = self._counts(name)
        response = self._service.handle(
            target=f"PhotonAdminProxyService.{operation}",
            body=body,
            account=ACCOUNT,
            region=REGION,
            principal=FUNCTION_PRINCIPAL,
        )
        content = self._adjusted(response.body) if operation == "DescribeImageBuilders" else response.body
        if operation == "DescribeImageBuilders":
            self._record_read(name, content, status=response.status, lost=lost)
        after = self._counts(name)
        for what, grown in (("start", after[0] > starts), ("stop", after[1] > stops)):
            if grown:
                arrived = response.status == 200 and not lost
                version = params.get("AppstreamAgentVersion")
                who = self.caller.running()
                self._record_change(
                    BuilderChange(
                        at=self._now, action=what, name=name, invocation=who, arrived=arrived, agent_version=version
                    )
                )
        return HttpResponse(response.status, content, dict(response.headers))

    def _not_found(self, name: str, *, empty: bool) -> HttpResponse:
        """Answer as if a builder were not there."""
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

    def act_externally(self, act: ExternalAction) -> None:
        """Let somebody else try something; a refusal is theirs."""
        before = self._counts(act.name)
        try:
            if act.action == "start":
                self._builders.start(act.name)
            elif act.action == "fail":
                self._builders.set_state(act.name, "FAILED")
            else:
                self._builders.begin(act.name, act.action)
        except ApiError:
            return
        if act.action != "start" or self._counts(act.name) != before:
            self._record_change(BuilderChange(at=self._now, action=act.action, name=act.name, invocation=None))

    def stopped_by_schedule(self, name: str, schedule: str) -> bool:
        """Let a schedule try to stop a builder; return whether AppStream took it."""
        try:
            self._builders.stop(name)
        except ApiError:
            return False
        self._record_change(
            BuilderChange(at=self._now, action="stop", name=name, invocation=None, scheduled=True, schedule=schedule)
        )
        return True

    def state(self, name: str) -> str:
        """Return the state a builder really is in, "" for one that is not there."""
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
        """Return a description as some builders have it: without a word of failures, or with one; without IPv4."""
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
            self._place.faults.limit_rate(_RATE if on else None, burst=_BURST)

    def _record_read(self, name: str, body: bytes, *, status: int, lost: bool) -> None:
        response = json.loads(body) if body else {}
        found = response["ImageBuilders"] if status == _OK else []
        read = BuilderRead(
            at=self._now,
            invocation=self.caller.running(),
            name=name,
            arrived=not lost and (status == _OK or _NOT_FOUND in str(response.get("__type", ""))),
            shown=found[0] if found else None,
            actual_state=(actual_state := self.state(name)),
            missed=not found and bool(actual_state),
        )
        self._history.builder_reads.append(read)
        if read.arrived:
            # What struck the call had no effect: the builder was not there anyway, or the rate was not exceeded.
            next(each for each in reversed(self._history.calls) if each.invocation is read.invocation).fault_kind = ""

    def _record_change(self, act: BuilderChange) -> None:
        self._history.builder_changes.append(act)
        others = "the schedule" if act.scheduled else "somebody else"
        who = others if act.invocation is None else f"invocation {act.invocation.number}"
        self._history.notes.append((act.at, f"{act.action} of {act.name} by {who} took effect"))
