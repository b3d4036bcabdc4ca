"""One image builder: fields, timeline, and what of both is visible; knows no other builder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .outcomes import StartOutcome
from .settings import Durations
from .states import GONE, Change, Timeline, scheduled

LATEST = "LATEST"

# The fields of a start that went wrong; the next accepted start wipes them (assumption).
_TRACES = ("ImageBuilderErrors", "StateChangeReason")


def default_fields(*, image_arn: str, now: float, agent_version: str) -> dict[str, Any]:
    """Return the fields of a builder a test puts in place without saying more."""
    return {
        "ImageArn": image_arn,
        "InstanceType": "stream.standard.medium",
        "Platform": "WINDOWS_SERVER_2022",
        "VpcConfig": {"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]},
        "CreatedTime": now,
        "EnableDefaultInternetAccess": False,
        "AppstreamAgentVersion": agent_version,
    }


@dataclass
class ImageBuilder:
    """The state of one builder; whoever owns it holds the lock.

    Attributes:
        name: Its name.
        arn: Its ARN.
        timeline: Its states, past and scheduled.
        fields: What DescribeImageBuilders shows, apart from what is computed; a value of None
            hides the field, because every field but Name may be absent.
        tags: Its tags.
        follows_latest: It was created or started with the agent version LATEST, so that every
            start brings the newest agent (documented).
        outcome: How its starts end.
        starts: Accepted starts, creation not counted.
        stops: Accepted stops.
    """

    name: str
    arn: str
    timeline: Timeline
    fields: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    follows_latest: bool = False
    outcome: StartOutcome = field(default_factory=StartOutcome)
    starts: int = 0
    stops: int = 0
    _traces: dict[str, Any] = field(default_factory=dict)
    _traces_at: float = 0.0
    _seen: Timeline | None = None
    _seen_until: float = 0.0

    def state(self, now: float) -> str:
        """Return the state it is in, whatever DescribeImageBuilders shows."""
        return self.timeline.current(now).state

    def exists(self, now: float) -> bool:
        """Return whether it has not been deleted yet."""
        return self.state(now) != GONE

    def follow(self, timeline: Timeline, *, hidden_until: float = 0.0) -> None:
        """Take another course, which DescribeImageBuilders shows only from a moment on."""
        self._seen, self._seen_until = self.timeline, hidden_until
        self.timeline = timeline

    def start(self, *, now: float, durations: Durations, agent: str | None, latest: str) -> None:
        """Begin a start that was accepted, towards the outcome that was set."""
        self.starts += 1
        self._wipe_traces()
        outcome = self._take_outcome()
        updating = self._set_agent(agent, latest)
        at = now + durations.agent_update if updating else now
        timeline = scheduled(outcome.steps(), durations=durations, start=at)
        if updating:
            timeline = Timeline((Change(now, "UPDATING_AGENT"), *timeline.changes))
        self._traces_at = timeline.changes[-1].at
        self._traces = outcome.traces(self._traces_at)
        self.follow(timeline, hidden_until=now + durations.describe_lag)

    def described(self, now: float, *, durations: Durations, latest: str) -> dict[str, Any]:
        """Return what DescribeImageBuilders shows of it, a little behind where that was set."""
        stale = self._seen if now < self._seen_until else None
        change = (stale or self.timeline).current(now)
        return self._shown(change, now=now, eni_delay=durations.eni_delay, latest=latest)

    def answered(self, now: float, *, durations: Durations, latest: str) -> dict[str, Any]:
        """Return what the operation that changed it answers: always the newest state."""
        change = self.timeline.current(now)
        return self._shown(change, now=now, eni_delay=durations.eni_delay, latest=latest)

    def _shown(self, change: Change, *, now: float, eni_delay: float, latest: str) -> dict[str, Any]:
        shown = {"Name": self.name, "Arn": self.arn, "State": change.state, **self.fields}
        if now >= self._traces_at:
            shown.update(self._traces)
        agent = shown.get("AppstreamAgentVersion")
        if agent:
            shown.setdefault("LatestAppstreamAgentVersion", "TRUE" if agent == latest else "FALSE")
        # The interface belongs to the instance: none without a VPC, none before it runs.
        if change.state != "RUNNING" or now < change.at + eni_delay:
            shown["NetworkAccessConfiguration"] = None
        elif shown.get("VpcConfig"):
            shown.setdefault("NetworkAccessConfiguration", self._interface())
        return {name: value for name, value in shown.items() if value is not None}

    def _interface(self) -> Mapping[str, Any]:
        """Return this run's network interface: another start gets another one (assumption)."""
        digest = hashlib.sha256(f"{self.arn}#{self.starts}".encode()).digest()
        # Third and fourth byte away from .0 and .255, which no subnet hands out.
        address = f"10.{digest[0]}.{digest[1]}.{4 + digest[2] % 250}"
        return {"EniPrivateIpAddress": address, "EniId": f"eni-{digest.hex()[:17]}"}

    def _set_agent(self, wanted: str | None, latest: str) -> bool:
        """Take the agent version a start asks for; return whether that is an update."""
        if wanted is not None:
            self.follows_latest = wanted == LATEST
        elif not self.follows_latest:
            return False
        version = latest if self.follows_latest else wanted
        before = self.fields.get("AppstreamAgentVersion")
        self.fields["AppstreamAgentVersion"] = version
        return before is not None and before != version

    def _take_outcome(self) -> StartOutcome:
        outcome = self.outcome
        if outcome.times is not None:
            left = outcome.times - 1
            values = {**vars(outcome), "times": left}
            self.outcome = StartOutcome(**values) if left else StartOutcome()
        return outcome

    def _wipe_traces(self) -> None:
        self._traces = {}
        for name in _TRACES:
            # A field a test hides (None) stays hidden.
            if self.fields.get(name) is not None:
                del self.fields[name]
