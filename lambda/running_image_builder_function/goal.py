"""What both goals share: what a failed call means, and how long a lag is believed; makes no calls."""

from enum import Enum
from typing import ClassVar

from running_image_builder_function import remedies
from running_image_builder_function.errors import CallFailed, RequestFailed, Trouble, reason
from running_image_builder_function.image_builder import ImageBuilder
from running_image_builder_function.journey import Journey
from running_image_builder_function.request import Request

LAG = 60.0
"""Seconds for which the state from before an accepted call is believed to be eventual consistency."""

DOUBT = 10.0
"""The same for a call whose answer was lost: after it the call is made again."""

DENIED_PATIENCE = 90.0
"""Seconds of a request in which "access denied" is believed to be a policy still spreading through IAM."""

QUIET_RESERVE = 10.0
"""Seconds before the deadline at which a late scheduled stop is waited for no longer: a builder that runs by then is a
success, and its stop has still to be scheduled."""

PATIENCE = {Trouble.BUSY: 300.0, Trouble.REFUSED: 10.0}
"""Seconds for which a refusal is tried again. AWS's own word on ConcurrentModification is "a few minutes"."""


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


class Goal:
    """A goal for one builder: decides the next step from what was seen. Subclasses add ``step``.

    Args:
        request: What CloudFormation asks for.
        journey: The request's memory; the goal keeps it up to date.
        arn: The builder's ARN, for messages about missing permissions.
    """

    wanted: ClassVar[str]
    """The state that the goal is."""

    def __init__(self, request: Request, journey: Journey, *, arn: str) -> None:
        """Keep the parts."""
        self.request = request
        self.journey = journey
        self._arn = arn

    @property
    def deadline(self) -> float:
        """The last moment for an answer, in seconds since the epoch."""
        return self.journey.began_at + self.request.timeout

    @property
    def region(self) -> str:
        """The Region that the builder is looked for in."""
        return self._arn.split(":")[3]

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step; None stands for a builder that does not exist.

        Raises:
            RequestFailed: The goal cannot be reached any more.
        """
        raise NotImplementedError

    def enough(self, error: CallFailed, *, now: float) -> ImageBuilder | None:
        """Return the builder as last seen where that will do although this later look failed; else None."""
        return None

    def accepted(self, step: Step, *, now: float, certain: bool = True) -> None:
        """Remember that a start or stop was accepted, or (not certain) that its answer was lost."""
        journey = self.journey
        journey.acted, journey.acted_at, journey.certain, journey.moved = step.value, now, certain, False
        journey.running_since = journey.busy_since = None
        journey.did_start = journey.did_start or step is Step.START
        journey.restarted = journey.restarted or step is Step.STOP

    def refused(self, step: Step, error: CallFailed, *, now: float) -> None:
        """Take in a start or stop that failed; returning means: look again, then decide anew.

        Raises:
            RequestFailed: No later try can succeed.
        """
        if error.trouble is Trouble.UNAVAILABLE:
            self.accepted(step, now=now, certain=False)
        elif error.trouble in PATIENCE:
            self.journey.busy_since = now if self.journey.busy_since is None else self.journey.busy_since
            if now - self.journey.busy_since >= PATIENCE[error.trouble]:
                raise self.failed_call(error)
        else:
            self.unanswered(error, now=now)

    def scheduled(self, step: Step, *, at: float | None = None, quiet_until: float = 0.0) -> None:
        """Remember that a step of ``SCHEDULING`` was made.

        Args:
            step: The step.
            at: For when ``SCHEDULE`` has set the stop; seconds since the epoch.
            quiet_until: Until when a stop that was scheduled before may still arrive; 0 where none may.
        """
        journey = self.journey
        journey.busy_since = None
        journey.held = journey.held or step is Step.HOLD
        journey.provided = journey.provided or step in (Step.PROVIDE, Step.SCHEDULE)
        journey.unscheduled = journey.unscheduled or step is Step.UNSCHEDULE
        if step is Step.SCHEDULE:
            journey.stops_at = at
        else:
            journey.quiet_until = max(journey.quiet_until, min(quiet_until, self.deadline - QUIET_RESERVE))

    def scheduling_refused(self, error: CallFailed, *, now: float) -> None:
        """Take in a step of ``SCHEDULING`` that failed; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        if error.trouble in PATIENCE:
            self.refused(Step.WAIT, error, now=now)
        else:
            self.unanswered(error, now=now)

    def unanswered(self, error: CallFailed, *, now: float) -> None:
        """Take in a failed call that changed nothing; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        if error.trouble in (Trouble.THROTTLED, Trouble.UNAVAILABLE):
            return
        if error.trouble is Trouble.DENIED and now - self.journey.began_at < DENIED_PATIENCE:
            return
        raise self.failed_call(error)

    def believes_lag(self, *, now: float) -> bool:
        """Return whether the unchanged state after an accepted call may still be eventual consistency."""
        return now - self.journey.acted_at < (LAG if self.journey.certain else DOUBT)

    @property
    def missing(self) -> str:
        """What has not come about, for the message about a missed deadline."""
        return f"not {self.wanted}"

    def data(self, builder: ImageBuilder) -> dict[str, str]:
        """Return the answer's attributes; a Delete has none."""
        return {}

    def failed_call(self, error: CallFailed) -> RequestFailed:
        """Return the failure for a call that cannot succeed."""
        details = f"AWS: {error.code} on {error.action}: {error.detail}"
        if error.trouble is Trouble.DENIED:
            everything = error.action.startswith("appstream:Describe")
            details = f"Resource: {error.resource or ('*' if everything else self._arn)}"
        return self.failed(remedies.cause(error), remedies.remedy(error), details)

    def failed(self, cause: str, what_to_do: str, details: str = "") -> RequestFailed:
        """Return the failure with the builder's name and the last state seen."""
        name, state = self.request.name, self.journey.last_state
        return RequestFailed(reason(name=name, state=state, cause=cause, remedy=what_to_do, details=details))
