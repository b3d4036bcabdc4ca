"""What all goals share: what a failed call means, and for how long what is seen may be stale; makes no calls."""

from enum import Enum
from typing import ClassVar

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestFailed, reason
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import ScheduledStop
from running_image_builder_function.reconcile.callback_context import CallbackContext

CONSISTENCY_WINDOW = 100.0
"""Seconds for which a description may be stale, so that it shows the state from before an accepted call: a minute and a
half has been seen, and a call takes its time."""

UNCONFIRMED_RETRY = 10.0
"""Seconds after a call whose answer was lost before it is made again, where the state is still the one from before."""

NOT_FOUND_CONFIRMATION = 10.0
"""Seconds between two looks that must both find no builder: one look is no verdict."""

SCHEDULING_RESERVE = 10.0
"""Seconds before the deadline at which a late scheduled stop is waited for no longer: a builder that runs by then is a
success, and its stop has still to be scheduled."""

IAM_PROPAGATION = 90.0
"""Seconds for which "access denied" may be a policy that still spreads through IAM."""

REFUSAL_RETRY = 10.0
"""Seconds for which a call is repeated that was refused for a reason that nobody documents."""

NO_ENDPOINT_RETRY = 60.0
"""Seconds for which a name that does not resolve may be a passing failure; then the Region lacks the service."""

PATIENCE = {
    ErrorKind.BUSY: 300.0,
    ErrorKind.DENIED: IAM_PROPAGATION,
    ErrorKind.REFUSED: REFUSAL_RETRY,
    ErrorKind.NOT_FOUND: REFUSAL_RETRY,
}
"""Seconds for which a refusal is tried again, from the first one in a row. AWS's own word on ConcurrentModification is
"a few minutes". What is not here is tried again until the deadline (no answer), or not at all (invalid)."""


class Step(Enum):
    """What comes next after a look at the builder."""

    DONE = "done"
    START = "start"
    STOP = "stop"
    WAIT = "wait"
    POSTPONE_STOP = "postpone the scheduled stop"
    SET_FALLBACK_STOP = "set a fallback stop"
    SCHEDULE_STOP = "schedule the stop"
    CANCEL_STOP = "cancel the scheduled stop"


SCHEDULE_STEPS = (Step.POSTPONE_STOP, Step.SET_FALLBACK_STOP, Step.SCHEDULE_STOP, Step.CANCEL_STOP)
"""The steps that change a schedule; each may be made again."""

_LOOK = "look"
_SCHEDULE = "schedule"


class DesiredState:
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

    def __init__(self, request: Request, context: CallbackContext, *, arn: str) -> None:
        """Keep the parts."""
        self.request = request
        self.context = context
        self.builder: ImageBuilder | None = None
        self._arn = arn

    @property
    def deadline(self) -> float:
        """The last moment for an answer, in seconds since the epoch."""
        return self.context.began_at + self.request.timeout

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
        context = self.context
        self.builder = builder
        context.refused_since.pop(_LOOK, None)
        if builder is not None:
            context.seen, context.missing_since = True, None
        elif context.missing_since is None:
            context.missing_since = now
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
        context = self.context
        context.acted, context.acted_at, context.certain, context.moved = step.value, now, certain, False
        context.running_since = None
        context.refused_since.pop(step.value, None)
        context.did_start = context.did_start or step is Step.START
        context.restarted = context.restarted or step is Step.STOP

    def refused(self, step: Step, error: AwsCallError, *, now: float) -> None:
        """Take in a start or stop that failed; returning means: look again, then decide anew.

        Raises:
            RequestFailed: No later try can succeed.
        """
        context = self.context
        if error.trouble is ErrorKind.UNAVAILABLE and not error.has_no_endpoint:
            self.accepted(step, now=now, certain=False)
            return
        if error.trouble in (ErrorKind.BUSY, ErrorKind.REFUSED):
            # A builder that was shown STOPPED and cannot be started may be on its way already, by another delivery.
            context.may_have_started = context.may_have_started or step is Step.START
        # A stale description may show for so long what the refusal contradicts.
        self._be_patient(
            step.value, error, now=now, at_least=CONSISTENCY_WINDOW if error.trouble is ErrorKind.REFUSED else 0.0
        )

    def held(self, found: ScheduledStop, *, provides: bool, quiet_until: float) -> None:
        """Remember that a schedule was put off.

        Args:
            found: The schedule as it was. One that this very request has set tells of another delivery of it, which may
                have started the builder.
            provides: Whether it is the one that this request sets, so that it is an end already.
            quiet_until: Until when its stop of before may still arrive; 0 where it may not.
        """
        context = self.context
        context.has_twin = context.has_twin or found.request_id == self.owner
        context.may_have_started = context.may_have_started or context.has_twin
        context.provided = context.provided or provides
        context.quiet_until = max(context.quiet_until, quiet_until)

    def scheduled(self, step: Step, *, at: float | None = None) -> None:
        """Remember that a step of ``SCHEDULING`` was made.

        Args:
            step: The step.
            at: For when ``SCHEDULE`` has set the stop; seconds since the epoch.
        """
        context = self.context
        context.refused_since.pop(_SCHEDULE, None)
        context.held = context.held or step is Step.POSTPONE_STOP
        context.provided = context.provided or step in (Step.SET_FALLBACK_STOP, Step.SCHEDULE_STOP)
        context.unscheduled = context.unscheduled or step is Step.CANCEL_STOP
        if step is Step.SCHEDULE_STOP:
            context.stops_at = at

    def scheduling_refused(self, error: AwsCallError, *, now: float) -> None:
        """Take in a step of ``SCHEDULING`` that failed; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        self._be_patient(_SCHEDULE, error, now=now)

    def unanswered(self, error: AwsCallError, *, now: float) -> None:
        """Take in a look that failed; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        # One refused look is no verdict, whatever it says: a start's parameters can be wrong, a look's only its name.
        self._be_patient(_LOOK, error, now=now, at_least=REFUSAL_RETRY)

    def _be_patient(self, kind: str, error: AwsCallError, *, now: float, at_least: float = 0.0) -> None:
        patience = NO_ENDPOINT_RETRY if error.has_no_endpoint else PATIENCE.get(error.trouble, 0.0)
        if error.trouble in (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE) and not error.has_no_endpoint:
            return
        since = self.context.refused_since.setdefault(kind, now)
        if now - since >= max(patience, at_least):
            raise self.failed_call(error)

    def is_first_miss(self, *, now: float) -> bool:
        """Return whether looks have found no builder for too short a time to believe it."""
        return now - (self.context.missing_since or now) < NOT_FOUND_CONFIRMATION

    def leave_behind(self, what: str) -> None:
        """Remember what could not be done, and what the answer does not depend on: the log tells it."""
        if what not in self.context.left_behind:
            self.context.left_behind.append(what)

    def may_be_stale(self, *, now: float) -> bool:
        """Return whether the unchanged state after a call may still be the one from before it."""
        return now - self.context.acted_at < (CONSISTENCY_WINDOW if self.context.certain else UNCONFIRMED_RETRY)

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
        said = "" if self.builder is None else self.builder.complaint_since(self.context.began_at)
        minutes = f"{self.request.timeout / 60:g} minute{'' if self.request.timeout == 60 else 's'}"
        return self.failed(
            f"{self.missing} within {minutes}{trouble}",
            "Look at it in the AppStream console, or raise the timeout.",
            f"AWS: {said}" if said else "",
        )

    def failed_call(self, error: AwsCallError) -> RequestFailed:
        """Return the failure for a call that cannot succeed."""
        details = f"AWS: {error.code} on {error.action}: {error.detail}"
        if error_messages.lacks_permission(error):
            everything = error.action.startswith("appstream:Describe")
            details = f"Resource: {error.resource or ('*' if everything else self._arn)}"
        return self.failed(error_messages.cause(error), error_messages.remedy(error), details)

    def failed(self, cause: str, what_to_do: str, details: str = "") -> RequestFailed:
        """Return the failure with the builder's name and the last state seen."""
        name, state = self.request.name, self.context.last_state
        return RequestFailed(reason(name=name, state=state, cause=cause, remedy=what_to_do, details=details))
