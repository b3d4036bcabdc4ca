"""What happened in one run, as records that the invariants read; judges nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulation.scenario import Properties, Scenario

ANSWERED = "answered"
TIMED_OUT = "ended by ServiceTimeout"
CANCELLED = "cancelled"

MAX_BODY = 4096
"""Bytes of a body that CloudFormation takes at most."""

URL_LASTS = 7200.0
"""Seconds for which a ResponseURL can be used."""


@dataclass(eq=False, kw_only=True)
class Request:
    """A request of CloudFormation's, and how it ended for CloudFormation."""

    number: int
    kind: str
    stack_id: str
    logical_id: str
    properties: Properties
    physical_id: str
    url: str
    dated: bool
    """Whether the URL tells its age, by a date or by its end."""
    dated_at: float
    """When it was sent as the function's clock has it, in whole seconds of CloudFormation's clock."""
    shown_at: float
    """Since when the resource has shown it."""
    sent_at: float
    service_timeout: float
    old_properties: Properties | None = None
    is_rollback: bool = False
    id_generated: bool = False
    """Whether CloudFormation made its physical id up."""
    ended: str = ""
    ended_at: float = float("inf")
    response: dict[str, Any] = field(default_factory=dict)
    rejection: str = ""
    """Why CloudFormation could not take the answer as it was, "" where it could."""
    responder: "Invocation | None" = None

    @property
    def succeeded(self) -> bool:
        """Whether it was answered, with SUCCESS."""
        return self.ended == ANSWERED and self.response.get("Status") == "SUCCESS"

    @property
    def deadline(self) -> float:
        """The last moment for an answer, by the request's own timeout."""
        return self.sent_at + self.properties.timeout


@dataclass(eq=False, kw_only=True)
class Event:
    """One entry of Lambda's queue: CloudFormation's event or a hand-over."""

    number: int
    request: Request
    payload: str
    queued_at: float
    parent: "Invocation | None" = None
    copies: int = 0
    undelivered: int = 0
    discarded: bool = False


@dataclass(eq=False, kw_only=True)
class Invocation:
    """One run of the function, the ``ordinal``-th of its request, from 0.

    ``ended`` is "returned", "raised" or "killed"; ``died`` tells where it was killed.
    """

    number: int
    ordinal: int
    request: Request
    event: Event
    attempt: int
    copy: int
    began_at: float
    ended_at: float = float("inf")
    ended: str = ""
    error: str = ""
    killed_by: str = ""

    @property
    def root(self) -> "Invocation":
        """The invocation with which this one's memory begins: the first of its chain of hand-overs."""
        return self if self.event.parent is None else self.event.parent.root

    @property
    def deadline(self) -> float:
        """The last moment for an answer as far as it can know: a URL tells its age in whole seconds, if at all."""
        began = self.request.dated_at if self.request.dated else self.root.began_at
        return began + self.request.properties.timeout

    def descends_from(self, other: "Invocation") -> bool:
        """Return whether it carries the other one's memory: it is the same, or was handed over to by it."""
        each: Invocation | None = self
        while each is not None:
            if each is other:
                return True
            each = each.event.parent
        return False


@dataclass(eq=False, kw_only=True)
class Call:
    """A call to a service, whether or not it arrived anywhere, and the kind of what struck it, "" for nothing."""

    at: float
    invocation: Invocation
    service: str
    operation: str
    fault_kind: str = ""
    code: str = ""


@dataclass(eq=False, kw_only=True)
class BuilderRead:
    """A DescribeImageBuilders: what it showed (None: no builder), whether that arrived, and what was really so."""

    at: float
    invocation: Invocation
    name: str
    arrived: bool
    shown: Mapping[str, Any] | None
    actual_state: str
    missed: bool = False
    """Whether it did not find a builder that is there."""


@dataclass(eq=False, kw_only=True)
class BuilderChange:
    """A start or stop that took effect; without an invocation it was somebody else's."""

    at: float
    action: str
    name: str
    invocation: Invocation | None
    arrived: bool = True
    agent_version: str | None = None
    scheduled: bool = False
    schedule: str = ""


@dataclass(eq=False, kw_only=True)
class ScheduleChange:
    """A schedule that was set, deleted (due: None) or that fired."""

    at: float
    action: str
    name: str
    due: float | None
    builder: str = ""
    invocation: Invocation | None = None
    actual_state: str = ""
    """The builder's state when it fired."""


@dataclass(frozen=True, kw_only=True)
class ResourceStatus:
    """What a resource shows from a moment on, by which request, and with which physical id."""

    at: float
    status: str
    request: Request
    physical_id: str = ""


@dataclass(eq=False, kw_only=True)
class StackRead:
    """A look at the stack: which, and what it told: a resource's status, the stack's, or all resources of a page."""

    at: float
    invocation: Invocation
    operation: str
    failed: bool = True
    resource_status: ResourceStatus | None = None
    stack_status: str = ""
    listed: tuple[tuple[str, ResourceStatus], ...] = ()
    first_page: bool = True
    last_page: bool = True
    stale: bool = False


@dataclass(eq=False, kw_only=True)
class LoggedWarning:
    """A line of the log that warns, or tells of an error."""

    at: float
    invocation: Invocation
    line: str


@dataclass(frozen=True, kw_only=True)
class RemainingResource:
    """A resource that a stack still has at the end of a run."""

    stack_id: str
    logical_id: str
    physical_id: str
    properties: Properties


@dataclass(eq=False, kw_only=True)
class ResponsePut:
    """An answer on its way: what CloudFormation's end said (None: nothing arrived), and whether it was taken."""

    at: float
    invocation: Invocation
    request: Request | None
    body: bytes
    status: int | None
    accepted: bool


@dataclass(eq=False, kw_only=True)
class History:
    """Everything that happened in one run."""

    scenario: Scenario
    requests: list[Request] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    invocations: list[Invocation] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    builder_reads: list[BuilderRead] = field(default_factory=list)
    builder_changes: list[BuilderChange] = field(default_factory=list)
    schedule_changes: list[ScheduleChange] = field(default_factory=list)
    stack_reads: list[StackRead] = field(default_factory=list)
    puts: list[ResponsePut] = field(default_factory=list)
    warnings: list[LoggedWarning] = field(default_factory=list)
    resources: dict[tuple[str, str], list[ResourceStatus]] = field(default_factory=dict)
    """What each resource has shown, by stack id and logical id."""
    failed_rollbacks: int = 0
    remaining: list[RemainingResource] = field(default_factory=list)
    final_states: dict[str, str] = field(default_factory=dict)
    """The state of each builder at the end, by its name."""
    log_lines: int = 0
    leaks: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[float, str]] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    steps: int = 0
    began_at: float = 0.0
    ended_at: float = 0.0

    def invocations_of(self, request: Request) -> list[Invocation]:
        """Return a request's invocations in the order they began."""
        return [each for each in self.invocations if each.request is request]

    def first_put(self, invocation: Invocation) -> ResponsePut | None:
        """Return an invocation's first try to answer, None where it made none."""
        return next((each for each in self.puts if each.invocation is invocation), None)

    def last_read(self, invocation: Invocation, name: str, *, before: float) -> BuilderRead | None:
        """Return an invocation's last look at a builder that arrived, None where it had none."""
        reads = [
            each
            for each in self.builder_reads
            if each.invocation is invocation and each.name == name and each.arrived and each.at <= before
        ]
        return reads[-1] if reads else None
