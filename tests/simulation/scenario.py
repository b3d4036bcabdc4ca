"""What one run is made of, as data: the builders, the stack's steps and every trouble on the way; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appstream_local.settings import Behaviour, Durations

SCHEDULER_ROLE = "arn:aws:iam::123456789012:role/scheduler"

INGREDIENTS = ("faults", "kills", "duplicates", "people", "delays", "cancels", "failures elsewhere", "updates", "lag")
"""What can be left out of a scenario, to see what a violation needs."""


@dataclass(frozen=True, kw_only=True)
class Properties:
    """The custom resource's properties as meant; ``bad`` are sent instead of the right ones, and are no good."""

    name: str
    timeout: int = 1800
    poll_interval: int = 10
    on_delete: str | None = None
    agent_version: str | None = None
    restart: bool | None = None
    bad: Mapping[str, Any] = field(default_factory=dict)
    salt: str = ""
    stop_after: int | None = None

    @property
    def schedule(self) -> str:
        """The name of the builder's schedule: the same in every stack of one name."""
        return f"stack-{self.name}"

    def as_sent(self) -> dict[str, Any]:
        """Return them as CloudFormation sends them: primitives are strings, what is not given is absent."""
        meant = {
            "Name": self.name,
            "TimeoutSeconds": str(self.timeout),
            "PollIntervalSeconds": str(self.poll_interval),
            "OnDelete": self.on_delete,
            "AppstreamAgentVersion": self.agent_version,
            "RestartToUpdateAgent": None if self.restart is None else str(self.restart).lower(),
            "AnUnknownProperty": self.salt or None,
            "StopAfterSeconds": None if self.stop_after is None else str(self.stop_after),
            "ScheduleName": None if self.stop_after is None else self.schedule,
            "SchedulerRoleArn": None if self.stop_after is None else SCHEDULER_ROLE,
            **self.bad,
        }
        return {key: value for key, value in meant.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A time in which calls to one service fail, from so many seconds after a request was sent."""

    service: str
    kind: str
    begins: float = 0.0
    lasts: float = 1e9
    operation: str = "*"
    probability: float = 1.0
    after_effect: bool = False
    times: int = 1_000_000
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Kill:
    """The end of one of a request's invocations: at a call, or after some seconds where no call is named."""

    invocation: int = 0
    at: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A second delivery of one of a request's events, so many seconds after it was queued."""

    event: int = 0
    after: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PersonAct:
    """What somebody else does to a builder, so many seconds after a request was sent."""

    what: str
    name: str
    after: float


@dataclass(frozen=True, kw_only=True)
class Troubles:
    """Everything that happens around one request."""

    spells: tuple[Spell, ...] = ()
    kills: tuple[Kill, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    people: tuple[PersonAct, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation on the stack, with the troubles of each request it leads to, in the order they are sent."""

    kind: str
    properties: Properties | None = None
    pause: float = 5.0
    cancel_after: float | None = None
    fails_elsewhere_after: float | None = None
    dated: bool = True
    troubles: tuple[Troubles, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Builder:
    """An image builder at the beginning, and how its next starts end; ``silent`` ones never say what went wrong."""

    name: str
    state: str = "STOPPED"
    then: tuple[tuple[float, str], ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "running"
    outcome_times: int | None = None
    silent: bool = False


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One run. ``seed`` decides what happens by chance in it; latencies and delays are upper limits in seconds."""

    seed: str
    builders: tuple[Builder, ...]
    steps: tuple[Step, ...]
    durations: Durations = field(default_factory=Durations)
    behaviour: Behaviour = field(default_factory=Behaviour)
    function_limit: float = 900.0
    log_level: str = "DEBUG"
    latency: float = 0.1
    queue_delay: float = 1.0
    long_queue_delay: float = 0.0
    stale: float = 0.0

    def without(self, *ingredients: str) -> "Scenario":
        """Return the same scenario with some kinds of trouble left out."""
        unknown = set(ingredients) - set(INGREDIENTS)
        if unknown:
            raise ValueError(f"there is no ingredient {sorted(unknown)}, there are {list(INGREDIENTS)}")
        steps = tuple(
            replace(
                step,
                cancel_after=None if "cancels" in ingredients else step.cancel_after,
                fails_elsewhere_after=None if "failures elsewhere" in ingredients else step.fails_elsewhere_after,
                troubles=tuple(_without(each, ingredients) for each in step.troubles),
            )
            for step in self.steps
            if not (step.kind == "update" and "updates" in ingredients)
        )
        slow = "delays" not in ingredients
        lag = "lag" not in ingredients
        return replace(
            self,
            steps=steps,
            latency=self.latency if slow else 0.1,
            queue_delay=self.queue_delay if slow else 1.0,
            long_queue_delay=self.long_queue_delay if slow else 0.0,
            stale=self.stale if lag else 0.0,
            durations=self.durations if lag else replace(self.durations, describe_lag=0.0, eni_delay=0.0),
        )


def _without(troubles: Troubles, ingredients: tuple[str, ...]) -> Troubles:
    return Troubles(
        spells=() if "faults" in ingredients else troubles.spells,
        kills=() if "kills" in ingredients else troubles.kills,
        duplicates=() if "duplicates" in ingredients else troubles.duplicates,
        people=() if "people" in ingredients else troubles.people,
    )
