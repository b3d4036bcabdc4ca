"""One image builder: its fields, its timeline, and which of them the API shows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .outcomes import StartOutcome
from .settings import Durations
from .states import GONE, Change, Timeline, scheduled

LATEST = "LATEST"

# The fields that a failed start leaves; the next accepted start removes them (assumption).
_ERROR_FIELDS = ("ImageBuilderErrors", "StateChangeReason")


def default_fields(*, image_arn: str, now: float, agent_version: str) -> dict[str, Any]:
    """Return the fields of a builder where a test gives none."""
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
    """One builder; its owner holds the lock.

    Attributes:
        name: Its name.
        arn: Its ARN.
        timeline: Its states, past and scheduled.
        fields: What DescribeImageBuilders shows, without computed fields. A value of None hides a
            field, because every field but Name may be absent.
        tags: Its tags.
        follows_latest: Whether it was created or started with the agent version LATEST, so that every
            start installs the newest agent (documented).
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
    _errors: dict[str, Any] = field(default_factory=dict)
    _errors_at: float = 0.0
    _seen: Timeline | None = None
    _seen_until: float = 0.0

    def state(self, now: float) -> str:
        """Return its actual state, which DescribeImageBuilders may show later."""
        return self.timeline.current(now).state

    def exists(self, now: float) -> bool:
        """Return whether it isn't deleted yet."""
        return self.state(now) != GONE

    def follow(self, timeline: Timeline, *, hidden_until: float = 0.0) -> None:
        """Replace the timeline; until `hidden_until` DescribeImageBuilders shows the last state of the old one."""
        # What was scheduled in the old timeline never happens.
        begins = timeline.changes[0].at
        self._seen, self._seen_until = Timeline((self.timeline.current(begins),)), hidden_until
        self.timeline = timeline

    def start(self, *, now: float, durations: Durations, agent: str | None, latest: str) -> None:
        """Begin an accepted start, which ends as `outcome` says."""
        self.starts += 1
        self._remove_errors()
        outcome = self._take_outcome()
        updating = self._set_agent(agent, latest)
        at = now + durations.agent_update if updating else now
        timeline = scheduled(outcome.steps(), durations=durations, start=at)
        if updating:
            timeline = Timeline((Change(now, "UPDATING_AGENT"), *timeline.changes))
        self._errors_at = timeline.changes[-1].at
        self._errors = outcome.error_fields(self._errors_at)
        self.follow(timeline, hidden_until=now + durations.describe_lag)

    def shown(self, now: float, *, durations: Durations, latest: str, lagging: bool = False) -> dict[str, Any]:
        """Return the fields that a response holds.

        Args:
            now: The time, in epoch seconds.
            durations: How long things take.
            latest: The newest agent version.
            lagging: Whether `describe_lag` applies, as in DescribeImageBuilders; an operation that
                changes the builder returns its newest state.
        """
        stale = self._seen if lagging and now < self._seen_until else None
        change = (stale or self.timeline).current(now)
        shown = {"Name": self.name, "Arn": self.arn, "State": change.state, **self.fields}
        if now >= self._errors_at:
            shown.update(self._errors)
        agent = shown.get("AppstreamAgentVersion")
        if agent:
            shown.setdefault("LatestAppstreamAgentVersion", "TRUE" if agent == latest else "FALSE")
        # The interface belongs to the instance: there is none without a VPC, or before the builder runs.
        if change.state != "RUNNING" or now < change.at + durations.eni_delay:
            shown["NetworkAccessConfiguration"] = None
        elif shown.get("VpcConfig"):
            shown.setdefault("NetworkAccessConfiguration", self._interface())
        return {name: value for name, value in shown.items() if value is not None}

    def _interface(self) -> Mapping[str, Any]:
        """Return the network interface of this run; each start gets a new one (assumption)."""
        digest = hashlib.sha256(f"{self.arn}#{self.starts}".encode()).digest()
        # The last byte stays away from .0 and .255, which no subnet assigns.
        address = f"10.{digest[0]}.{digest[1]}.{4 + digest[2] % 250}"
        return {"EniPrivateIpAddress": address, "EniId": f"eni-{digest.hex()[:17]}"}

    def _set_agent(self, wanted: str | None, latest: str) -> bool:
        """Set the agent version that a start requests, and return whether it is an update."""
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

    def _remove_errors(self) -> None:
        self._errors = {}
        for name in _ERROR_FIELDS:
            # A field that a test hides (None) stays hidden.
            if self.fields.get(name) is not None:
                del self.fields[name]
