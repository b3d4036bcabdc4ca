"""What a request remembers across invocations: a self-invoked event carries it, as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

from running_image_builder_function.cloudformation.response_url import signed_at
from running_image_builder_function.timing import MAX_CLOCK_AHEAD, REDELIVERED_AFTER

KEY = "RunningImageBuilderCallbackContext"
"""The key in a self-invoked event; CloudFormation's own events never have it."""


@dataclass(kw_only=True)
class Observation:
    """What descriptions of the builder have shown. Moments are seconds since the epoch."""

    state: str = ""  # the last state, "" before the first description
    found: bool = False  # whether a description of a Delete has found it
    is_stopped: bool = False  # whether the last description of a Delete has shown that there is nothing to stop
    start_may_follow: bool = False  # whether it has shown STOPPED, but a start of a moment ago may not show yet
    # When descriptions of a Delete that leaves it began to show it STOPPED or STOPPING; None while they don't.
    stopped_since: float | None = None
    starting_at: float | None = None  # when a Delete last saw it in a state that a start leads through; None for never
    missing_since: float | None = None  # when descriptions began to find no builder; None while they find one
    errors: str = ""  # the builder's errors since the request began
    attributes: dict[str, str] = field(default_factory=dict)  # of a Create or Update; empty where no builder was found
    is_running: bool = False  # whether the last description has shown RUNNING as requested
    lacks_address: bool = False  # whether such a builder had no address yet
    running_since: float | None = None  # when RUNNING was first seen without interruption; None while it isn't
    # When a transition that this request didn't cause was first seen; None while there is none.
    in_transition_since: float | None = None
    # The time of the builder's newest error that is older than this request; None for unknown.
    known_error_at: float | None = None
    # When a start that this request didn't make was seen to have failed; None for none.
    other_start_failed_at: float | None = None
    # When descriptions began to contradict this request's own start of a moment ago; None while they don't.
    contradicted_since: float | None = None


@dataclass(kw_only=True)
class LastCall:
    """The last start or stop that AppStream accepted, or may have."""

    step: str = ""  # "start", "stop", or "" for none
    at: float = 0.0  # when it was made, in seconds since the epoch
    confirmed: bool = False  # whether its acceptance was seen; a lost response leaves it open
    took_effect: bool = False  # whether the builder has left the state that it was in


@dataclass(kw_only=True)
class Starts:
    """What is known of starts and restarts."""

    made: bool = False  # whether this request started the builder, or may have
    maybe_by_other_delivery: bool = False  # whether another delivery of this request may have
    has_other_delivery: bool = False  # whether the schedule has shown that there is another delivery
    # Whether the schedule has shown that an earlier request of this resource may have: without rollback, another Create
    # follows a failed one.
    maybe_by_earlier_request: bool = False
    restarted: bool = False  # whether the agent's update has stopped the builder once


@dataclass(kw_only=True)
class StopScheduleProgress:
    """What was done about the scheduled stop. Moments are seconds since the epoch."""

    postponed: bool = False  # whether an earlier scheduled stop was postponed, if there was one
    earlier_stop_until: float = 0.0  # until when an earlier scheduled stop may still arrive
    has_fallback: bool = False  # whether a stop is scheduled in case the function never runs again
    due_at: float | None = None  # when the resource's schedule, as this request has left it, is due; None for unknown
    stops_at: float | None = None  # when the running builder will be stopped; None where that isn't scheduled
    cancelled: bool = False  # whether the schedule that isn't wanted any more was deleted


@dataclass(kw_only=True)
class StackFindings:
    """What CloudFormation has said."""

    undecided_since: float | None = None  # when the stack's status, where it decides, was asked for in vain first
    may_be_rollback: bool = False  # whether a status that may be this Update's own was found while the stack rolls back
    unreachable: bool = False  # whether it was asked in vain for as long as it is asked, and has not responded since
    # Since when the resource shows this request, by CloudFormation's clock; None for unknown.
    request_shown_at: float | None = None
    is_rollback: bool | None = None  # whether this is the Update of a rollback; None before that was found out
    # The logical id of another resource of the stack that has the builder, "" for none; None before that was asked.
    another_owner: str | None = None
    another_checked_at: float = 0.0  # when that was known, or given up


@dataclass(kw_only=True)
class CallbackContext:
    """The state of one request. Moments are seconds since the epoch."""

    began_at: float  # when the request began, for all deadlines, by CloudFormation's clock where the request has a date
    delivered_at: float = 0.0  # when its first invocation began, by Lambda's clock
    dated: bool = True  # whether the request has a date
    self_invoked_at: float = 0.0  # when the invocation before invoked the function, by Lambda's clock; 0 for none
    invocation: int = 1  # 1 for the first, one more after each self-invocation
    redelivered: bool = False  # whether Lambda has delivered the event before
    builder: Observation = field(default_factory=Observation)  # what descriptions have shown
    last_call: LastCall = field(default_factory=LastCall)  # the last start or stop
    starts: Starts = field(default_factory=Starts)  # what is known of starts
    # What was done about the scheduled stop.
    schedule: StopScheduleProgress = field(default_factory=StopScheduleProgress)
    stack: StackFindings = field(default_factory=StackFindings)  # what CloudFormation has said
    # When calls of a kind ("describe", "start", "stop", "schedule") were first refused in a row.
    refused_since: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)  # what could not be done and doesn't change the response; logged
    # The callback context of the Delete that this request makes of a failed rename's builder.
    abandoned: dict[str, Any] = field(default_factory=dict)
    abandoned_is_done: bool = False  # whether that Delete has ended: what somebody starts after it isn't stopped

    @classmethod
    def resume(cls, event: Mapping[str, Any], *, now: float) -> "CallbackContext":
        """Return the callback context that the event carries, or a new one.

        A new one begins at the date of the request: so Lambda's retry of a killed invocation doesn't get a second full
        timeout, and an event that is delivered again much later does nothing. A request without a date begins now. A
        date a little ahead of this clock is still better than none.
        """
        carried = event.get(KEY)
        if isinstance(carried, Mapping):
            context = cls.from_json(carried)
            # Delivered again after an invocation that died: this context doesn't know what that one did.
            if now - context.self_invoked_at >= REDELIVERED_AFTER:
                context.redelivered = True
                schedule = context.schedule
                schedule.postponed = schedule.has_fallback = schedule.cancelled = False
                schedule.due_at = None
            return context
        issued_at = signed_at(str(event.get("ResponseURL")))
        if issued_at is None or issued_at > now + MAX_CLOCK_AHEAD:
            return cls(began_at=now, delivered_at=now, dated=False)
        return cls(began_at=issued_at, delivered_at=now, redelivered=now - issued_at >= REDELIVERED_AFTER)

    @classmethod
    def from_json(cls, carried: Mapping[str, Any]) -> "CallbackContext":
        """Return the callback context of a JSON object; what another version of the function has added is ignored."""
        context: CallbackContext = _restored(cls, carried)
        return context

    def next_event(self, event: Mapping[str, Any], *, now: float) -> dict[str, Any]:
        """Return the event for the next invocation."""
        return {**event, KEY: {**asdict(self), "self_invoked_at": now, "invocation": self.invocation + 1}}


def _restored(cls: Any, carried: Mapping[str, Any]) -> Any:
    values: dict[str, Any] = {}
    for each in fields(cls):
        if each.name in carried:
            value, nested = carried[each.name], each.default_factory
            values[each.name] = _restored(nested, value) if is_dataclass(nested) else value
    return cls(**values)
