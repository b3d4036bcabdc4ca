"""AppStream in a run: the local engine's service, what it really held at each call, and other people's hands."""

import json
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from appstream_local.service.errors import ApiError
from appstream_local.service.faults import Fault
from appstream_local.service.outcomes import StartOutcome
from appstream_local.service.service import AppStreamService
from simulation.history import Act, History, Look
from simulation.models.network import FUNCTION_PRINCIPAL, LOST, Caller
from simulation.runtime.botocore_clients import Answer
from simulation.runtime.event_loop import Scheduler
from simulation.scenario import Builder, PersonAct, Scenario, Spell
from support.world import ACCOUNT, REGION

_OK = 200
_NOT_FOUND = "ResourceNotFoundException"
_COMPLAINT = 100.0
"""Seconds of PENDING after which a builder that hangs says why."""
_RATE = 0.1
_BURST = 3.0
_TOLD = ("ImageBuilderErrors", "StateChangeReason")


class AppStreamModel:
    """The image builders of a run.

    Attributes:
        caller: Tells which invocation calls; set once Lambda's model is there.
    """

    caller: Caller

    def __init__(self, scenario: Scenario, scheduler: Scheduler, history: History) -> None:
        """Put the scenario's builders in place."""
        self._scheduler = scheduler
        self._history = history
        self._ahead = scenario.clocks.appstream
        self._service = AppStreamService(now=lambda: scheduler.now + self._ahead)
        self._place = self._service.region_state(account=ACCOUNT, region=REGION)
        self._builders = self._place.builders
        self._builders.durations = scenario.durations
        self._builders.behavior = scenario.behavior
        self._silent = {each.name for each in scenario.builders if each.silent}
        self._complaining = {each.name for each in scenario.builders if each.complaining}
        self._ipv6 = {each.name for each in scenario.builders if each.ipv6}
        self._limited = False
        for builder in scenario.builders:
            self._put(builder)

    def operation(self, request: AWSPreparedRequest) -> str:
        """Return the operation."""
        target = request.headers["X-Amz-Target"]
        return (target.decode() if isinstance(target, bytes) else str(target)).partition(".")[2]

    def answer(self, operation: str, request: AWSPreparedRequest, spell: Spell | None, /) -> Answer:
        """Let the service answer, and note what it really held."""
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        params: dict[str, Any] = json.loads(body)
        name = params["Names"][0] if "Names" in params else params["Name"]
        lost = spell is not None and spell.kind in LOST
        self._limit_rate(on=spell is not None and spell.kind == "rate")
        if spell is not None and spell.kind == "missing":
            if operation == "DescribeImageBuilders":
                return self._missed(name, empty=spell.code == "empty")
        elif spell is not None and not lost and spell.kind != "rate":
            self._place.faults.add(Fault(spell.kind, times=1, code=spell.code, after_effect=spell.after_effect))
        starts, stops = self._counts(name)
        response = self._service.handle(
            target=f"PhotonAdminProxyService.{operation}",
            body=body,
            account=ACCOUNT,
            region=REGION,
            principal=FUNCTION_PRINCIPAL,
        )
        content = self._silenced(response.body) if operation == "DescribeImageBuilders" else response.body
        if operation == "DescribeImageBuilders":
            self._looked(name, content, status=response.status, lost=lost)
        after = self._counts(name)
        for what, grown in (("start", after[0] > starts), ("stop", after[1] > stops)):
            if grown:
                arrived = response.status == 200 and not lost
                version = params.get("AppstreamAgentVersion")
                who = self.caller.running()
                self._acted(
                    Act(at=self._now, what=what, name=name, invocation=who, arrived=arrived, agent_version=version)
                )
        return Answer(response.status, content, dict(response.headers))

    def _missed(self, name: str, *, empty: bool) -> Answer:
        """Answer as if a builder were not there."""
        look = Look(
            at=self._now,
            invocation=self.caller.running(),
            name=name,
            arrived=True,
            shown=None,
            really=self.state(name),
            missed=True,
        )
        self._history.looks.append(look)
        if empty:
            return Answer(_OK, b'{"ImageBuilders":[]}', {"Content-Type": "application/x-amz-json-1.1"})
        body = json.dumps({"__type": _NOT_FOUND, "message": f"Image builder {name} could not be found."}).encode()
        return Answer(400, body, {"Content-Type": "application/x-amz-json-1.1"})

    def person(self, act: PersonAct) -> None:
        """Let somebody else try something; a refusal is theirs."""
        before = self._counts(act.name)
        try:
            if act.what == "start":
                self._builders.start(act.name)
            elif act.what == "fail":
                self._builders.set_state(act.name, "FAILED")
            else:
                self._builders.begin(act.name, act.what)
        except ApiError:
            return
        if act.what != "start" or self._counts(act.name) != before:
            self._acted(Act(at=self._now, what=act.what, name=act.name, invocation=None))

    def stopped_by_schedule(self, name: str, schedule: str) -> bool:
        """Let a schedule try to stop a builder; return whether AppStream took it."""
        try:
            self._builders.stop(name)
        except ApiError:
            return False
        self._acted(Act(at=self._now, what="stop", name=name, invocation=None, scheduled=True, schedule=schedule))
        return True

    def state(self, name: str) -> str:
        """Return the state a builder really is in, "" for one that is not there."""
        try:
            return self._builders.observe(name)[1]
        except ApiError:
            return ""

    @property
    def _now(self) -> float:
        return self._scheduler.now

    def _put(self, builder: Builder) -> None:
        self._builders.put(builder.name, state=builder.state, fields=builder.fields)
        if builder.then:
            self._builders.set_state(builder.name, builder.state, builder.then)
        outcome = StartOutcome(builder.outcome, times=builder.outcome_times)
        self._builders.set_start_outcome(builder.name, outcome)

    def _counts(self, name: str) -> tuple[int, int]:
        try:
            builder = self._builders.observe(name)[0]
        except ApiError:
            return (0, 0)
        return builder.starts, builder.stops

    def _silenced(self, body: bytes) -> bytes:
        """Return a description as some builders have it: without a word of failures, or with one; without IPv4."""
        if not (self._silent or self._complaining or self._ipv6):
            return body
        answer = json.loads(body)
        for builder in answer.get("ImageBuilders", []):
            name = builder["Name"]
            if name in self._silent:
                for key in _TOLD:
                    builder.pop(key, None)
            elif name in self._complaining and builder["State"] == "PENDING":
                self._complain(builder)
            if name in self._ipv6 and "NetworkAccessConfiguration" in builder:
                eni = builder["NetworkAccessConfiguration"]
                eni.pop("EniPrivateIpAddress", None)
                eni["EniIpv6Addresses"] = ["2001:db8::1"]
        return json.dumps(answer).encode()

    def _complain(self, builder: dict[str, Any]) -> None:
        since = self._builders.observe(builder["Name"])[0].timeline.current(self._now + self._ahead).at
        if self._now + self._ahead >= since + _COMPLAINT:
            error = {"ErrorCode": "SUBNET_HAS_INSUFFICIENT_IP_ADDRESSES", "ErrorMessage": "No address is left."}
            builder["ImageBuilderErrors"] = [{**error, "ErrorTimestamp": since + _COMPLAINT}]

    def _limit_rate(self, *, on: bool) -> None:
        if on != self._limited:
            self._limited = on
            self._place.faults.limit_rate(_RATE if on else None, burst=_BURST)

    def _looked(self, name: str, body: bytes, *, status: int, lost: bool) -> None:
        answer = json.loads(body) if body else {}
        found = answer["ImageBuilders"] if status == _OK else []
        look = Look(
            at=self._now,
            invocation=self.caller.running(),
            name=name,
            arrived=not lost and (status == _OK or _NOT_FOUND in str(answer.get("__type", ""))),
            shown=found[0] if found else None,
            really=(really := self.state(name)),
            missed=not found and bool(really),
        )
        self._history.looks.append(look)
        if look.arrived:
            # What struck the call had no effect: the builder was not there anyway, or the rate was not exceeded.
            next(each for each in reversed(self._history.calls) if each.invocation is look.invocation).struck = ""

    def _acted(self, act: Act) -> None:
        self._history.acts.append(act)
        others = "the schedule" if act.scheduled else "somebody else"
        who = others if act.invocation is None else f"invocation {act.invocation.number}"
        self._history.notes.append((act.at, f"{act.what} of {act.name} by {who} took effect"))
