"""What all desired states share: what a failed call means, and for how long a description may be stale."""

from enum import Enum
from typing import ClassVar

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestFailed, reason
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import ScheduledStop
from running_image_builder_function.reconcile.callback_context import CallbackContext, LastCall
from running_image_builder_function.timing import (
    BUSY_RETRY,
    CONSISTENCY_WINDOW,
    IAM_PROPAGATION,
    NO_ENDPOINT_RETRY,
    REFUSAL_RETRY,
    SECOND_DESCRIPTION,
    UNCONFIRMED_RETRY,
)

_RETRY_FOR = {
    ErrorKind.BUSY: BUSY_RETRY,
    ErrorKind.DENIED: IAM_PROPAGATION,
    ErrorKind.REFUSED: REFUSAL_RETRY,
    ErrorKind.NOT_FOUND: REFUSAL_RETRY,
}
"""Seconds for which a failed call is tried again. What isn't here is tried until the deadline (no response), or not at
all (invalid)."""


class Step(Enum):
    """What comes next after a description of the builder."""

    DONE = "done"
    START = "start"
    STOP = "stop"
    WAIT = "wait"
    POSTPONE_STOP = "postpone the scheduled stop"
    SET_FALLBACK_STOP = "set a fallback stop"
    SCHEDULE_STOP = "schedule the stop"
    CANCEL_STOP = "cancel the scheduled stop"


SCHEDULE_STEPS = (Step.POSTPONE_STOP, Step.SET_FALLBACK_STOP, Step.SCHEDULE_STOP, Step.CANCEL_STOP)
"""The steps that change a schedule; each can be repeated."""

_MAX_ERRORS = 1000
"""The characters of a builder's errors that are kept for a Reason, which has fewer."""

_DESCRIBE = "describe"
_SCHEDULE = "schedule"


class DesiredState:
    """The state that a request wants for one builder; decides the next step. Subclasses add ``next_step``.

    Args:
        request: The request.
        context: The request's callback context, kept up to date here.
        arn: The builder's ARN, for messages about missing permissions.

    Attributes:
        is_newly_missing: Whether descriptions have found no builder for too short a time to believe it.
    """

    wanted: ClassVar[str]
    """The state's name."""

    was_recreated: bool = False
    """Whether another Create of the resource has succeeded since, whose schedule has the same name."""

    def __init__(self, request: Request, context: CallbackContext, *, arn: str) -> None:
        self.request = request
        self.context = context
        self.is_newly_missing = False
        self._arn = arn

    @property
    def deadline(self) -> float:
        """The last moment for a response, in seconds since the epoch."""
        return self.context.began_at + self.request.timeout

    @property
    def needs_description(self) -> bool:
        """Whether the next step depends on the builder."""
        return True

    @property
    def longest_pause(self) -> float:
        """The longest pause before the next description, in seconds, however long the poll interval is."""
        return SECOND_DESCRIPTION if self.is_newly_missing else float("inf")

    @property
    def rollback_waits_until(self) -> float:
        """When a rollback has waited long enough for a builder in transition, in seconds since the epoch."""
        return float("inf")

    @property
    def region(self) -> str:
        """The builder's Region."""
        return self._arn.split(":")[3]

    @property
    def owner(self) -> str:
        """What a schedule says of who has set it: the resource and its request, the same in each delivery."""
        return f"{self.request.logical_id}/{self.request.request_id}"

    @property
    def unmet(self) -> str:
        """What isn't reached, for the message about a missed deadline."""
        return f"not {self.wanted}"

    def observe(self, builder: ImageBuilder | None, *, asked_at: float, now: float) -> Step:
        """Take in a description of the builder and return the next step.

        Args:
            builder: The builder; None where the description found none, or where none is needed.
            asked_at: When the description was requested, in seconds since the epoch: it can take seconds to arrive.
            now: When it arrived.

        Raises:
            RequestFailed: The desired state can't be reached any more.
        """
        if not self.needs_description:
            return self.next_step(None, now=now)
        observation = self.context.builder
        self.context.refused_since.pop(_DESCRIBE, None)
        if builder is not None:
            observation.missing_since = None
        elif observation.missing_since is None:
            observation.missing_since = now
        missing_since = observation.missing_since
        self.is_newly_missing = missing_since is not None and asked_at - missing_since < SECOND_DESCRIPTION
        if not self.is_newly_missing:
            said = "" if builder is None else builder.errors_since(self.context.began_at)
            observation.errors = said[:_MAX_ERRORS]
        return self.next_step(builder, now=now)

    def next_step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step; None stands for a builder that doesn't exist.

        Raises:
            RequestFailed: The desired state can't be reached any more.
        """
        raise NotImplementedError

    def is_enough(self, *, now: float, is_last: bool = False) -> bool:
        """Return whether the builder as last described is enough although a later description failed.

        Args:
            now: The time.
            is_last: Whether no later description is possible, as at the deadline.
        """
        return False

    def is_enough_alone(self, *, now: float, may_be_redelivered: bool) -> bool:
        """Return whether the builder as last described is enough where no other invocation can be queued.

        Args:
            now: The time.
            may_be_redelivered: Whether Lambda can deliver the event again, so that there is another description.
        """
        return self.is_enough(now=now, is_last=True)

    def change_accepted(self, step: Step, *, now: float, confirmed: bool = True) -> None:
        """Remember that a start or stop was accepted, or (not confirmed) that its response was lost."""
        context = self.context
        context.last_call = LastCall(step=step.value, at=now, confirmed=confirmed)
        context.builder.running_since = None
        context.refused_since.pop(step.value, None)
        context.starts.made = context.starts.made or step is Step.START
        context.starts.restarted = context.starts.restarted or step is Step.STOP

    def change_failed(self, step: Step, error: AwsCallError, *, now: float) -> None:
        """Take in a start or stop that failed; returning means: describe and decide again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        if error.kind is ErrorKind.UNAVAILABLE and not error.has_no_endpoint:
            self.change_accepted(step, now=now, confirmed=False)
            return
        if error.kind in (ErrorKind.BUSY, ErrorKind.REFUSED) and step is Step.START:
            # Shown as STOPPED but can't be started: another delivery may have started it.
            self.context.starts.maybe_by_other_delivery = True
        # A stale description may show for so long what the refusal contradicts.
        at_least = CONSISTENCY_WINDOW if error.kind is ErrorKind.REFUSED else 0.0
        self._retry_or_fail(step.value, error, now=now, at_least=at_least)

    def stop_postponed(
        self, found: ScheduledStop, *, at: float | None, is_fallback: bool, earlier_stop_until: float
    ) -> None:
        """Remember that a scheduled stop was postponed.

        Args:
            found: The schedule as it was. One that this very request has set shows that there is another delivery of
                it, which may have started the builder. One that the same resource has set shows an earlier request.
            at: When it is due now, in seconds since the epoch.
            is_fallback: Whether it is the schedule that this request sets, so that it is a fallback already.
            earlier_stop_until: Until when its earlier stop may still arrive; 0 where it may not.
        """
        starts, schedule = self.context.starts, self.context.schedule
        starts.has_other_delivery = starts.has_other_delivery or found.request_id == self.owner
        starts.maybe_by_other_delivery = starts.maybe_by_other_delivery or starts.has_other_delivery
        is_own = found.request_id.startswith(f"{self.request.logical_id}/")
        starts.maybe_by_earlier_request = starts.maybe_by_earlier_request or is_own
        schedule.has_fallback = schedule.has_fallback or is_fallback
        if is_fallback:
            schedule.due_at = at
            schedule.stops_at = schedule.stops_at if schedule.stops_at == at else None
        self.stop_may_come(until=earlier_stop_until)

    def stop_may_come(self, *, until: float) -> None:
        """Remember until when an earlier scheduled stop may still arrive, or not show yet; 0 where it may not."""
        schedule = self.context.schedule
        schedule.earlier_stop_until = max(schedule.earlier_stop_until, until)

    def schedule_changed(self, step: Step, *, at: float | None = None) -> None:
        """Remember that a step of ``SCHEDULE_STEPS`` was made.

        Args:
            step: The step.
            at: For when it has set the stop, if it has; seconds since the epoch.
        """
        schedule = self.context.schedule
        self.context.refused_since.pop(_SCHEDULE, None)
        schedule.postponed = schedule.postponed or step is Step.POSTPONE_STOP
        schedule.has_fallback = schedule.has_fallback or step in (Step.SET_FALLBACK_STOP, Step.SCHEDULE_STOP)
        schedule.cancelled = schedule.cancelled or step is Step.CANCEL_STOP
        schedule.due_at = at if at is not None else schedule.due_at
        if step is Step.SCHEDULE_STOP:
            schedule.stops_at = at

    def schedule_failed(self, error: AwsCallError, *, now: float) -> None:
        """Take in a step of ``SCHEDULE_STEPS`` that failed; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        self._retry_or_fail(_SCHEDULE, error, now=now)

    def describe_failed(self, error: AwsCallError, *, now: float) -> None:
        """Take in a description that failed; returning means: try again.

        Raises:
            RequestFailed: No later try can succeed.
        """
        # One refusal is no proof, whatever it says: a start's parameters can be wrong, a description has only a name.
        self._retry_or_fail(_DESCRIBE, error, now=now, at_least=REFUSAL_RETRY)

    def _retry_or_fail(self, call: str, error: AwsCallError, *, now: float, at_least: float = 0.0) -> None:
        if error.kind in (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE) and not error.has_no_endpoint:
            return
        retry_for = NO_ENDPOINT_RETRY if error.has_no_endpoint else _RETRY_FOR.get(error.kind, 0.0)
        since = self.context.refused_since.setdefault(call, now)
        if now - since >= max(retry_for, at_least):
            raise self.call_failed(error)

    def may_be_stale(self, *, now: float) -> bool:
        """Return whether the unchanged state after a call may still be the one before it."""
        last_call = self.context.last_call
        return now - last_call.at < (CONSISTENCY_WINDOW if last_call.confirmed else UNCONFIRMED_RETRY)

    def warn(self, what: str) -> None:
        """Remember what could not be done and doesn't change the response."""
        if what not in self.context.warnings:
            self.context.warnings.append(what)

    def timed_out(self, error: AwsCallError | None) -> RequestFailed:
        """Return the failure of a request whose deadline has passed, with the builder's errors since it began.

        Args:
            error: The last call's error, None where it succeeded.
        """
        errors = self.context.builder.errors
        said = f"AWS: {errors}" if errors else ""
        minutes = f"{self.request.timeout / 60:.3g} minute{'' if self.request.timeout == 60 else 's'}"
        cause = f"{self.unmet} within {minutes}"
        if error is not None:
            return self.call_failed(error, before=f"{cause}; last error: ", said=said)
        return self.failed(cause, "See the AppStream console, or raise the timeout.", said)

    def call_failed(self, error: AwsCallError, *, before: str = "", said: str = "") -> RequestFailed:
        """Return the failure for a call that can't succeed.

        Args:
            error: The call's error.
            before: What the message says before its cause.
            said: AWS's own words that are more important than those about the call, "" for none.
        """
        details = f"AWS: {error.code} on {error.action}: {error.detail}"
        if error_messages.lacks_permission(error):
            any_resource = error.action.startswith("appstream:Describe")
            details = f"Resource: {error.resource or ('*' if any_resource else self._arn)}"
        return self.failed(before + error_messages.cause(error), error_messages.remedy(error), said or details)

    def failed(self, cause: str, remedy: str, details: str = "") -> RequestFailed:
        """Return the failure with the builder's name and its last state."""
        name, state = self.request.name, self.context.builder.state
        return RequestFailed(reason(name=name, state=state, cause=cause, remedy=remedy, details=details))
