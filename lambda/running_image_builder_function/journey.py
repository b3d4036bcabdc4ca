"""What one request has come through so far, across invocations; remembers, decides nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from running_image_builder_function.request import issued_at

KEY = "RunningImageBuilderJourney"
"""Where a handed-over event carries the journey; CloudFormation's own events never have it."""

_LATE = 30.0
"""Seconds after which a request is no fresh one. Lambda delivers an event within a few, and again after a minute."""


@dataclass(kw_only=True)
class Journey:
    """The memory of a request. Moments are seconds since the epoch.

    Attributes:
        began_at: When the request began, for all deadlines.
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
        held: Whether an earlier scheduled stop was put off, if there was one.
        quiet_until: Until when an earlier scheduled stop may still arrive.
        provided: Whether a stop was scheduled before the start, in case nobody comes back to schedule the real one.
        stops_at: For when the stop is scheduled, with the builder RUNNING; None where it is not.
        unscheduled: Whether the schedule that is not wanted any more was deleted.
        fell_at: When a start that this request did not make was seen to have failed; None where none was.
        busy_since: When AppStream first answered that the builder is being changed; None when it does not.
    """

    began_at: float
    invocation: int = 1
    last_state: str = ""
    acted: str = ""
    acted_at: float = 0.0
    certain: bool = False
    moved: bool = False
    did_start: bool = False
    restarted: bool = False
    running_since: float | None = None
    busy_since: float | None = None
    late: bool = False
    fell_at: float | None = None
    held: bool = False
    quiet_until: float = 0.0
    provided: bool = False
    stops_at: float | None = None
    unscheduled: bool = False

    @classmethod
    def resume(cls, event: Mapping[str, Any], *, now: float) -> "Journey":
        """Return the journey that the event carries, or a new one.

        A new journey begins when CloudFormation issued the request: so Lambda's retry of a killed invocation does not
        get a second full timeout, and an event that is delivered again much later does nothing. Where the event does
        not tell, it begins now.
        """
        carried = event.get(KEY)
        if isinstance(carried, Mapping):
            known = {field.name for field in fields(cls)}
            return cls(**{key: value for key, value in carried.items() if key in known})
        issued = issued_at(event)
        if issued is None or issued > now:
            return cls(began_at=now)
        return cls(began_at=issued, late=now - issued >= _LATE)

    def handed_over(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the event for the next invocation."""
        return {**event, KEY: {**asdict(self), "invocation": self.invocation + 1}}
