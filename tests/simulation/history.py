"""Records of what happened in a run, which the invariants read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulation.scenario import Properties, Scenario

ANSWERED = "answered"
TIMED_OUT = "ended by ServiceTimeout"
CANCELLED = "cancelled"

MAX_BODY = 4096
"""The most bytes of a response that CloudFormation accepts."""

URL_LIFETIME = 7200.0
"""Seconds for which a ResponseURL can be used."""


@dataclass(eq=False, kw_only=True)
class Request:
    """A request of CloudFormation, and how CloudFormation saw it end."""

    number: int
    kind: str
    stack_id: str
    logical_id: str
    properties: Properties
    physical_id: str
    url: str
    dated: bool
    """Whether the URL shows its age, by a date or by its expiry."""
    dated_at: float
    """When it was sent by the function's clock, in whole seconds of CloudFormation's clock."""
    shown_at: float
    """When the resource's status first showed it."""
    sent_at: float
    service_timeout: float
    old_properties: Properties | None = None
    is_rollback: bool = False
    id_generated: bool = False
    """Whether CloudFormation generated its physical id."""
    ended: str = ""
    ended_at: float = float("inf")
    response: dict[str, Any] = field(default_factory=dict)
    rejection: str = ""
    """Why CloudFormation rejected the response, "" where it accepted it."""
    responder: "Invocation | None" = None

    @property
    def resource(self) -> tuple[str, str]:
        """Its resource, as the key of the history's resources."""
        return self.stack_id, self.logical_id

    @property
    def succeeded(self) -> bool:
        """Whether the response was SUCCESS."""
        return self.ended == ANSWERED and self.response.get("Status") == "SUCCESS"

    @property
    def deadline(self) -> float:
        """The last moment for a response, by the request's own timeout."""
        return self.sent_at + self.properties.timeout


@dataclass(eq=False, kw_only=True)
class Event:
    """One entry of Lambda's queue: CloudFormation's event or a self-invocation."""

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

    ``ended`` is "returned", "raised" or "killed"; ``killed_by`` says where or why.
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
        """The first of its chain of self-invocations, with which its callback context begins."""
        return self if self.event.parent is None else self.event.parent.root

    @property
    def deadline(self) -> float:
        """The last moment for a response as far as it can know: a URL shows its age in whole seconds, if at all."""
        began = self.request.dated_at if self.request.dated else self.root.began_at
        return began + self.request.properties.timeout

    def descends_from(self, other: "Invocation") -> bool:
        """Return whether it has the other one's callback context: it is the same, or was invoked by it."""
        each: Invocation | None = self
        while each is not None:
            if each is other:
                return True
            each = each.event.parent
        return False


@dataclass(eq=False, kw_only=True)
class Call:
    """A call to a service, whether or not it arrived, and the kind of fault that it met, "" for none.

    ``ended_at`` is when its response arrived, or was waited for no longer.
    """

    at: float
    invocation: Invocation
    service: str
    operation: str
    fault_kind: str = ""
    code: str = ""
    ended_at: float = float("inf")


@dataclass(eq=False, kw_only=True)
class BuilderRead:
    """A DescribeImageBuilders: what it showed (None: no builder), whether that arrived, and the actual state."""

    at: float
    invocation: Invocation
    name: str
    arrived: bool
    shown: Mapping[str, Any] | None
    actual_state: str
    missed: bool = False
    """Whether it did not find a builder that exists."""


@dataclass(eq=False, kw_only=True)
class BuilderChange:
    """A start or stop that took effect; without an invocation somebody else made it."""

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
    """A schedule that was set, was deleted (due: None) or fired."""

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
    """A resource's status from a moment on, the request that caused it, and the physical id."""

    at: float
    status: str
    request: Request
    physical_id: str = ""


@dataclass(eq=False, kw_only=True)
class StackRead:
    """A read of the stack, and what it showed: a resource's status, the stack's, or a page of resources."""

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
    """A log line of level WARNING or above."""

    at: float
    invocation: Invocation
    line: str


@dataclass(frozen=True)
class RemainingResource:
    """A resource that a stack still has when the run ends."""

    stack_id: str
    logical_id: str
    physical_id: str
    properties: Properties


@dataclass(eq=False, kw_only=True)
class ResponsePut:
    """A PUT of a response: the HTTP status (None: nothing came back), and whether CloudFormation accepted it."""

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
    """The statuses of each resource, by stack id and logical id."""
    failed_rollbacks: int = 0
    remaining: list[RemainingResource] = field(default_factory=list)
    final_states: dict[str, str] = field(default_factory=dict)
    """The state of each builder when the run ended, by name."""
    log_lines: int = 0
    leaks: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[float, str]] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    steps: int = 0
    began_at: float = 0.0
    ended_at: float = 0.0

    def note(self, at: float, what: str) -> None:
        """Add a line to the run's story."""
        self.notes.append((at, what))

    def invocations_of(self, request: Request) -> list[Invocation]:
        """Return a request's invocations in the order they began."""
        return [each for each in self.invocations if each.request is request]

    def calls_of(self, invocation: Invocation, service: str = "") -> list[Call]:
        """Return an invocation's calls, to one service if one is given."""
        return [each for each in self.calls if each.invocation is invocation and service in ("", each.service)]

    def schedule_changes_of(self, name: str, *, until: float) -> list[ScheduleChange]:
        """Return the changes of a schedule until a moment."""
        return [each for each in self.schedule_changes if each.name == name and each.at <= until]
