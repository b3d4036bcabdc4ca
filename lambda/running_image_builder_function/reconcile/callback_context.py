"""What one request has come through so far, across invocations; remembers, decides nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from running_image_builder_function.cloudformation.request import issued_at

KEY = "RunningImageBuilderJourney"
"""Where a handed-over event carries the journey; CloudFormation's own events never have it."""

_LATE = 30.0
"""Seconds after which a request is no fresh one. Lambda delivers an event within a few, and again after a minute."""

_AHEAD = 60.0
"""Seconds by which CloudFormation's clock may be ahead of this one; a date beyond that is no date."""


@dataclass(kw_only=True)
class CallbackContext:
    """The memory of a request. Moments are seconds since the epoch.

    Attributes:
        began_at: When the request began, for all deadlines, by CloudFormation's clock where it says so.
        delivered_at: When its first invocation began, by Lambda's clock.
        dated: Whether CloudFormation says when the request began.
        handed_at: When the invocation before handed over, by Lambda's clock; 0 for none.
        invocation: 1 for the first, one more after each hand-over.
        last_state: The state seen last, "" before the first look.
        acted: The last call that was accepted, or may have been: "start", "stop", or "" for none.
        acted_at: When that call was made.
        certain: Whether its acceptance was seen; a lost answer leaves it open.
        moved: Whether the builder has left the state it was in at that call.
        did_start: Whether this request started the builder, or may have.
        restarted: Whether the agent's update has already stopped the builder once.
        running_since: When RUNNING was first seen without interruption; None while it is not.
        late: Whether the request was no fresh one at its first look: Lambda has delivered it before.
        may_have_started: Whether another delivery of this request may have started the builder.
        has_twin: Whether the schedule has shown that there is another delivery of this request.
        seen: Whether a look of this request has found the builder.
        missing_since: When looks began to find no builder; None while they find one.
        complained_at: The time of the newest error of the builder's that is older than this request; None unknown.
        between_since: When the builder was first seen on its way by somebody else's doing; None while it is not.
        status_at: Since when the stack tells of this request, by CloudFormation's clock; None before that was seen.
        rolls_back: Whether this is the Update of a roll-back; None before that was found out.
        refused_since: When calls of a kind ("look", "start", "stop", "schedule") were first refused in a row.
        is_anothers: Whether another resource of the stack has the builder; None before that was asked.
        left_behind: What a request could not do that the answer does not depend on; told in the log.
        abandoned: The memory of the Delete that this request makes of a failed rename's builder.
        held: Whether an earlier scheduled stop was put off, if there was one.
        quiet_until: Until when an earlier scheduled stop may still arrive.
        provided: Whether a stop was scheduled before the start, in case nobody comes back to schedule the real one.
        stops_at: For when the stop is scheduled, with the builder RUNNING; None where it is not.
        unscheduled: Whether the schedule that is not wanted any more was deleted.
        fell_at: When a start that this request did not make was seen to have failed; None where none was.
    """

    began_at: float
    delivered_at: float = 0.0
    dated: bool = True
    handed_at: float = 0.0
    invocation: int = 1
    last_state: str = ""
    acted: str = ""
    acted_at: float = 0.0
    certain: bool = False
    moved: bool = False
    did_start: bool = False
    restarted: bool = False
    running_since: float | None = None
    late: bool = False
    may_have_started: bool = False
    has_twin: bool = False
    seen: bool = False
    missing_since: float | None = None
    complained_at: float | None = None
    between_since: float | None = None
    status_at: float | None = None
    is_rollback: bool | None = None
    refused_since: dict[str, float] = field(default_factory=dict)
    is_anothers: bool | None = None
    left_behind: list[str] = field(default_factory=list)
    abandoned: dict[str, Any] = field(default_factory=dict)
    fell_at: float | None = None
    held: bool = False
    quiet_until: float = 0.0
    provided: bool = False
    stops_at: float | None = None
    unscheduled: bool = False

    @classmethod
    def resume(cls, event: Mapping[str, Any], *, now: float) -> "CallbackContext":
        """Return the journey that the event carries, or a new one.

        A new journey begins when CloudFormation issued the request: so Lambda's retry of a killed invocation does not
        get a second full timeout, and an event that is delivered again much later does nothing. Where the event does
        not tell, it begins now. A date that is a little ahead of this machine's clock is still the better one.
        """
        carried = event.get(KEY)
        if isinstance(carried, Mapping):
            context = cls.of(carried)
            # Delivered again, after an invocation that died: what that one did is not among these memories.
            context.late = context.late or now - context.handed_at >= _LATE
            return context
        issued = issued_at(event)
        if issued is None or issued > now + _AHEAD:
            return cls(began_at=now, delivered_at=now, dated=False)
        return cls(began_at=issued, delivered_at=now, late=now - issued >= _LATE)

    @classmethod
    def of(cls, carried: Mapping[str, Any]) -> "CallbackContext":
        """Return the journey that another one of these has become; fields of another version are passed over."""
        known = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in carried.items() if key in known})

    def self_invoked(self, event: Mapping[str, Any], *, now: float) -> dict[str, Any]:
        """Return the event for the next invocation."""
        return {**event, KEY: {**asdict(self), "handed_at": now, "invocation": self.invocation + 1}}
