"""The data that describes a run: its builders, its stacks' operations and the faults injected around each request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appstream_local.service.settings import Behavior, Durations

SCHEDULER_ROLE = "arn:aws:iam::123456789012:role/scheduler"

NAMES = ("builder-a", "B.2_b")
"""Two builders: a rename goes from one to the other."""

LOGICAL_ID = "ImageBuilderAD143916"
OTHER_ID = "OtherBuilder5B2D81C4"
RENAMED_ID = "RenamedBuilder7F1E22A9"

FEATURES = (
    "faults",
    "kills",
    "duplicates",
    "people",
    "delays",
    "cancels",
    "failures elsewhere",
    "updates",
    "lag",
    "clocks",
    "other stacks",
    "other resources",
)
"""What can be left out of a scenario, to see what a violation needs; part of a printed seed."""


@dataclass(frozen=True, kw_only=True)
class Properties:
    """The custom resource's properties.

    Attributes:
        invalid: What is sent instead of the valid ones.
        salt: A value that changes nothing.
        scope: The stack's name and the resource's path in it, which make up the schedule's name.
    """

    name: str
    timeout: int = 1800
    poll_interval: int = 10
    on_delete: str | None = None
    agent_version: str | None = None
    restart: bool | None = None
    invalid: Mapping[str, Any] = field(default_factory=dict)
    salt: str = ""
    stop_after: int | None = None
    scope: str = "stack"

    @property
    def schedule(self) -> str:
        """The schedule's name: one for each resource and builder, the same in every stack of one name."""
        return f"{self.scope}-{self.name}"[-64:]

    def as_sent(self) -> dict[str, Any]:
        """Return them as CloudFormation sends them: primitives are strings, None is absent."""
        given = {
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
            **self.invalid,
        }
        return {key: value for key, value in given.items() if value is not None}


@dataclass(frozen=True)
class FaultWindow:
    """A time in which calls to one service fail.

    Attributes:
        kind: "garbled" is an unreadable response of the kind ``code``; "missing" is a read that finds no builder.
        begins: Seconds since the request was sent.
        lasts: Seconds.
        after_effect: Whether the call takes effect nevertheless.
        times: The most calls that fail.
    """

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
    """Ends one of a request's invocations at a call, or after some seconds where no call is named."""

    invocation: int = 0
    at: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """Delivers one of a request's events again, some seconds after it was queued."""

    event: int = 0
    after: float = 0.0


@dataclass(frozen=True)
class ExternalAction:
    """What somebody else does to a builder, some seconds after a request was sent."""

    action: str
    name: str
    after: float


@dataclass(frozen=True, kw_only=True)
class DeliveryStall:
    """A time in which Lambda delivers nothing; begins some seconds after a request was sent."""

    begins: float
    lasts: float


@dataclass(frozen=True)
class ClockOffsets:
    """The seconds by which each service's clock is ahead."""

    cloudformation: float = 0.0
    lambda_: float = 0.0
    appstream: float = 0.0
    scheduler: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """Everything that is injected around one request."""

    fault_windows: tuple[FaultWindow, ...] = ()
    kills: tuple[Kill, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    external_actions: tuple[ExternalAction, ...] = ()
    delivery_stalls: tuple[DeliveryStall, ...] = ()


@dataclass(frozen=True)
class StackOperation:
    """One operation on a stack.

    Attributes:
        kind: "create", "update", "delete" or "rollback" (of an update that failed with rollback disabled).
        properties: Of the stack's first resource.
        logical_id: Of that resource.
        other_resources: The template's other resources, as logical id and properties.
        pause: Seconds since the previous operation.
        cancel_after: Seconds until somebody cancels it.
        other_failure_after: Seconds from these resources' success until a resource of another type fails.
        disable_rollback: Whether resources stay as they failed.
        url: What the ResponseURL shows of its age: "dated", "expires" or "undated".
        fault_plans: Of each request that the operation leads to, in the order they are sent.
    """

    kind: str
    properties: Properties | None = None
    logical_id: str = LOGICAL_ID
    other_resources: tuple[tuple[str, Properties], ...] = ()
    pause: float = 5.0
    cancel_after: float | None = None
    other_failure_after: float | None = None
    disable_rollback: bool = False
    url: str = "dated"
    fault_plans: tuple[FaultPlan, ...] = ()


@dataclass(frozen=True)
class Builder:
    """An image builder's initial state, and how its next starts end.

    Attributes:
        transitions: Its next states, each with the seconds since the one before.
        hides_errors: Whether descriptions lack the cause of a failure.
        reports_errors: Whether descriptions have errors while it hangs in PENDING.
        ipv6_only: Whether it has no IPv4 address.
    """

    name: str
    state: str = "STOPPED"
    transitions: tuple[tuple[float, str], ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    start_outcome: str = "running"
    start_outcome_times: int | None = None
    hides_errors: bool = False
    reports_errors: bool = False
    ipv6_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One run. Latencies and delays are upper limits in seconds.

    Attributes:
        seed: Decides everything random in the run.
        operations: Of the first stack.
        other_stacks: The operations of stacks that exist at the same time.
        read_staleness: Seconds for which CloudFormation may show an old status.
    """

    seed: str
    builders: tuple[Builder, ...]
    operations: tuple[StackOperation, ...]
    other_stacks: tuple[tuple[StackOperation, ...], ...] = ()
    clock_offsets: ClockOffsets = field(default_factory=ClockOffsets)
    scheduler_delay: float = 59.0
    durations: Durations = field(default_factory=Durations)
    behavior: Behavior = field(default_factory=Behavior)
    function_timeout: float = 900.0
    log_level: str = "DEBUG"
    latency: float = 0.1
    queue_delay: float = 1.0
    long_queue_delay: float = 0.0
    read_staleness: float = 0.0

    def without(self, *features: str) -> "Scenario":
        """Return the same scenario without some features."""
        unknown = set(features) - set(FEATURES)
        if unknown:
            raise ValueError(f"unknown features {sorted(unknown)}: specify some of {list(FEATURES)}")
        slow = "delays" not in features
        lag = "lag" not in features
        return replace(
            self,
            operations=_operations_without(self.operations, features),
            other_stacks=tuple(
                _operations_without(each, features) for each in self.other_stacks if "other stacks" not in features
            ),
            clock_offsets=ClockOffsets() if "clocks" in features else self.clock_offsets,
            latency=self.latency if slow else 0.1,
            queue_delay=self.queue_delay if slow else 1.0,
            long_queue_delay=self.long_queue_delay if slow else 0.0,
            scheduler_delay=self.scheduler_delay if slow else 59.0,
            read_staleness=self.read_staleness if lag else 0.0,
            durations=self.durations if lag else replace(self.durations, describe_lag=0.0, eni_delay=0.0),
        )


def _operations_without(
    operations: tuple[StackOperation, ...], features: tuple[str, ...]
) -> tuple[StackOperation, ...]:
    alone = "other resources" in features
    return tuple(
        replace(
            operation,
            cancel_after=None if "cancels" in features else operation.cancel_after,
            other_failure_after=None if "failures elsewhere" in features else operation.other_failure_after,
            logical_id=LOGICAL_ID if alone else operation.logical_id,
            other_resources=() if alone else operation.other_resources,
            fault_plans=tuple(_plan_without(each, features) for each in operation.fault_plans),
        )
        for operation in operations
        if not (operation.kind == "update" and "updates" in features)
    )


def _plan_without(plan: FaultPlan, features: tuple[str, ...]) -> FaultPlan:
    return FaultPlan(
        fault_windows=() if "faults" in features else plan.fault_windows,
        kills=() if "kills" in features else plan.kills,
        duplicates=() if "duplicates" in features else plan.duplicates,
        external_actions=() if "people" in features else plan.external_actions,
        delivery_stalls=() if "delays" in features else plan.delivery_stalls,
    )
