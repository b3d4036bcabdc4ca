"""What all goals share: what a failed call means, and for how long what is seen may be stale; makes no calls."""

from enum import Enum
from typing import ClassVar

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import CallFailed, RequestFailed, Trouble, reason
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import ScheduledStop
from running_image_builder_function.reconcile.callback_context import Journey

LAG = 100.0
"""Seconds for which a description may be stale, so that it shows the state from before an accepted call: a minute and a
half has been seen, and a call takes its time."""

DOUBT = 10.0
"""Seconds after a call whose answer was lost before it is made again, where the state is still the one from before."""

NOT_FOUND_AGAIN = 10.0
"""Seconds between two looks that must both find no builder: one look is no verdict."""

QUIET_RESERVE = 10.0
"""Seconds before the deadline at which a late scheduled stop is waited for no longer: a builder that runs by then is a
success, and its stop has still to be scheduled."""

DENIED_PATIENCE = 90.0
"""Seconds for which "access denied" may be a policy that still spreads through IAM."""

REFUSED_PATIENCE = 10.0
"""Seconds for which a call is repeated that was refused for a reason that nobody documents."""

NO_ENDPOINT_PATIENCE = 60.0
"""Seconds for which a name that does not resolve may be a passing failure; then the Region lacks the service."""

PATIENCE = {
    Trouble.BUSY: 300.0,
    Trouble.DENIED: DENIED_PATIENCE,
    Trouble.REFUSED: REFUSED_PATIENCE,
    Trouble.NOT_FOUND: REFUSED_PATIENCE,
}
"""Seconds for which a refusal is tried again, from the first one in a row. AWS's own word on ConcurrentModification is
"a few minutes". What is not here is tried again until the deadline (no answer), or not at all (invalid)."""


class Step(Enum):
    """What comes next after a look at the builder."""

    DONE = "done"
    START = "start"
    STOP = "stop"
    WAIT = "wait"
    HOLD = "put off the scheduled stop"
    PROVIDE = "schedule a stop in any case"
    SCHEDULE = "schedule the stop"
    UNSCHEDULE = "unschedule the stop"


SCHEDULING = (Step.HOLD, Step.PROVIDE, Step.SCHEDULE, Step.UNSCHEDULE)
"""The steps that change a schedule; each may be made again."""

_LOOK = "look"
_SCHEDULE = "schedule"


class Goal:
    """A goal for one builder: decides the next step from what was seen. Subclasses add ``step``.

    Args:
        request: What CloudFormation asks for.
        journey: The request's memory; the goal keeps it up to date.
        arn: The builder's ARN, for messages about missing permissions.

    Attributes:
        builder: The builder as last seen in this invocation; None before that, and where there is none.
    """

    wanted: ClassVar[str]
    """The state that the goal is."""

    needs_look: bool = True
    """Whether the next step depends on the builder."""

    def __init__(self, request: Request, journey: Journey, *, arn: str) -> None:
        """Keep the parts."""
        self.request = request
        self.journey = journey
        self.builder: ImageBuilder | None = None
        self._arn = arn

    @property
    def deadline(self) -> float:
        """The last moment for an answer, in seconds since the epoch."""
        return self.journey.began_at + self.request.timeout

    @property
    def region(self) -> str:
        """The Region that the builder is looked for in."""
        return self._arn.split(":")[3]

    @property
    def owner(self) -> str:
        """What a schedule tells of who has set it: the resource and its request, the same in each delivery."""
        return f"{self.request.logical_id}/{self.request.request_id}"

    def looked(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Take in a look at the builder and return the next step.

        Raises:
            RequestFailed: The goal cannot be reached any more.
        """
        journey = self.journey
        self.builder = builder
        journey.refused_since.pop(_LOOK, None)
        if builder is not None:
            journey.seen, journey.missing_since = True, None
        elif journey.missing_since is None:
            journey.missing_since = now
        return self.step(builder, now=now)

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step; None stands for a builder that does not exist.

        Raises:
            RequestFailed: The goal cannot be reached any more.
        """
        raise NotImplementedError

    def is_enough(self, *, now: float) -> bool:
        """Return whether the builder as last seen will do although a later look failed."""
        return False

    @property
    def outwaits_at(self) -> float:
        """When a roll-back has waited long enough for a builder that is on its way, in seconds since the epoch."""
        return float("inf")

    def accepted(self, step: Step, *, now: float, certain: bool = True) -> None:
        """Remember that a start or stop was accepted, or (not certain) that its answer was lost."""
        journey = self.journey
        journey.acted, journey.acted_at, journey.certain, journey.moved = step.value, now, certain, False
        journey.running_since = None
        journey.refused_since.pop(step.value, None)
        journey.did_start = journey.did_start or step is Step.START
        journey.restarted = journey.restarted or step is Step.STOP

    def refused(self, step: Step, error: CallFailed, *, now: float) -> None:
        """Take in a start or stop that failed; returning means: look again, then decide anew.

        Raises:
            RequestFailed: No later try can succeed.
        """
        journey = self.journey
        if error.trouble is Trouble.UNAVAILABLE and not error.has_no_endpoint:
            self.accepted(step, now=now, certain=False)
            return
        if error.trouble in (Trouble.BUSY, Trouble.REFUSED):
            # A builder that was shown STOPPED and cannot be started may be on its way already, by another delivery.
            journey.may_have_started = journey.may_have_started or step is Step.START
        # A stale description may show for so long what the refusal contradicts.
        self._be_patient(step.value, error, now=now, at_least=LAG if error.trouble is Trouble.REFUSED else 0.0)

    def held(self, found: ScheduledStop, *, provides: bool, quiet_until: float) -> None:
        """Remember that a schedule was put off.

        Args:
            found: The schedule as it was. One that this very request has set tells of another delivery of it, which may
                have started the builder.
            provides: Whether it is the one that this request sets, so that it is an end already.
            quiet_until: Until when its stop of before may still arrive; 0 where it may not.
        """
        journey = self.journey
        journey.has_twin = journey.has_twin or found.request_id == self.owner
        journey.may_have_started = journey.may_have_started or journey.has_twin
        journey.provided = journey.provided or provides
        journey.quiet_until = max(journey.quiet_until, quiet_until)

    def scheduled(self, step: Step, *, at: float | None = None) -> None:
        """Remember that a step of ``SCHEDULING`` was made.

        Args:
            step: The step.
            at: For when ``SCHEDULE`` has set the stop; seconds since the epoch.
        """
        journey = self.journey
        journey.refused_since.pop(_SCHEDULE, None)
        journey.held = journey.held or step is Step.HOLD
        journey.provided = journey.provided or step in (Step.PROVIDE, Step.SCHEDULE)
        journey.unscheduled = journey.unscheduled or step is Step.UNSCHEDULE
        if step is Step.SCHEDULE:
            journey.stops_at = at

    def scheduling_refused(self, error: CallFailed, *, now: float) -> None:
        """Take in a step of ``SCHEDULING`` that failed; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        self._be_patient(_SCHEDULE, error, now=now)

    def unanswered(self, error: CallFailed, *, now: float) -> None:
        """Take in a look that failed; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        # One refused look is no verdict, whatever it says: a start's parameters can be wrong, a look's only its name.
        self._be_patient(_LOOK, error, now=now, at_least=REFUSED_PATIENCE)

    def _be_patient(self, kind: str, error: CallFailed, *, now: float, at_least: float = 0.0) -> None:
        patience = NO_ENDPOINT_PATIENCE if error.has_no_endpoint else PATIENCE.get(error.trouble, 0.0)
        if error.trouble in (Trouble.THROTTLED, Trouble.UNAVAILABLE) and not error.has_no_endpoint:
            return
        since = self.journey.refused_since.setdefault(kind, now)
        if now - since >= max(patience, at_least):
            raise self.failed_call(error)

    def is_first_miss(self, *, now: float) -> bool:
        """Return whether looks have found no builder for too short a time to believe it."""
        return now - (self.journey.missing_since or now) < NOT_FOUND_AGAIN

    def leave_behind(self, what: str) -> None:
        """Remember what could not be done, and what the answer does not depend on: the log tells it."""
        if what not in self.journey.left_behind:
            self.journey.left_behind.append(what)

    def may_be_stale(self, *, now: float) -> bool:
        """Return whether the unchanged state after a call may still be the one from before it."""
        return now - self.journey.acted_at < (LAG if self.journey.certain else DOUBT)

    @property
    def missing(self) -> str:
        """What has not come about, for the message about a missed deadline."""
        return f"not {self.wanted}"

    def data(self, builder: ImageBuilder | None) -> dict[str, str]:
        """Return the answer's attributes; a Delete has none."""
        return {}

    def too_late(self, trouble: str) -> RequestFailed:
        """Return the failure of a request whose deadline has passed, with what AppStream says of the time since.

        Args:
            trouble: What the last calls met, "" for nothing.
        """
        said = "" if self.builder is None else self.builder.complaint_since(self.journey.began_at)
        minutes = f"{self.request.timeout / 60:g} minute{'' if self.request.timeout == 60 else 's'}"
        return self.failed(
            f"{self.missing} within {minutes}{trouble}",
            "Look at it in the AppStream console, or raise the timeout.",
            f"AWS: {said}" if said else "",
        )

    def failed_call(self, error: CallFailed) -> RequestFailed:
        """Return the failure for a call that cannot succeed."""
        details = f"AWS: {error.code} on {error.action}: {error.detail}"
        if error_messages.lacks_permission(error):
            everything = error.action.startswith("appstream:Describe")
            details = f"Resource: {error.resource or ('*' if everything else self._arn)}"
        return self.failed(error_messages.cause(error), error_messages.remedy(error), details)

    def failed(self, cause: str, what_to_do: str, details: str = "") -> RequestFailed:
        """Return the failure with the builder's name and the last state seen."""
        name, state = self.request.name, self.journey.last_state
        return RequestFailed(reason(name=name, state=state, cause=cause, remedy=what_to_do, details=details))
