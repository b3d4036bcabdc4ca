"""The desired states of a Delete: the builder is stopped, or left as it is without a needless scheduled stop."""

import logging
from dataclasses import replace

from running_image_builder_function import contract
from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.reconcile.states import STARTING, STOPPED, STOPPING, Action, rule
from running_image_builder_function.timing import (
    CANCEL_STOP_RETRY,
    CONSISTENCY_WINDOW,
    LATE_DELETE_TIME,
    LEAVE_BUILDER_CHECK_RETRY,
    LEAVE_BUILDER_INTERVAL,
    LEAVE_BUILDER_TIMEOUT,
    LEAVE_BUILDER_TRY,
    LONGEST_CALL,
    SECOND_DESCRIPTION,
    STACK_CHECK_RETRY,
    STACK_CONSISTENCY_WINDOW,
    Clock,
)

logger = logging.getLogger("running_image_builder")


def desired_on_delete(
    request: Request,
    context: CallbackContext,
    checks: StackChecks,
    *,
    arn: str,
    clock: Clock,
    only_started: bool = False,
) -> DesiredState | None:
    """Return what a Delete wants; None where it has nothing to do.

    Args:
        request: The Delete.
        context: The request's callback context.
        checks: The checks of the stack: another resource may have the builder by now.
        arn: The builder's ARN.
        clock: The time.
        only_started: Whether only what a start may have led to is stopped.
    """
    stops = request.stop_on_delete and request.started_here
    if not stops and not request.schedule:
        return None
    if context.stack.another_owner is None:
        retry_for = LEAVE_BUILDER_CHECK_RETRY
        if stops:
            # A description, a check and a stop must follow, also where calls hang.
            until = context.began_at + request.timeout - LATE_DELETE_TIME - LONGEST_CALL
            at_least = 0.0 if context.redelivered or only_started else STACK_CONSISTENCY_WINDOW
            retry_for = min(STACK_CHECK_RETRY, max(until - clock.time(), at_least))
        context.stack.another_owner = _another_owner(request, context, checks, retry_for=retry_for)
        context.stack.another_checked_at = clock.time()
    owner = context.stack.another_owner
    if stops and not owner:
        return EnsureStopped(request, context, arn=arn, only_started=only_started)
    if not request.schedule:
        return None
    unwanted = bool(owner) or request.stop_on_delete
    may_start = request.may_start or only_started
    late_by = 0.0 if only_started else contract.RESPONSE_MARGIN_SECONDS
    leave = LeaveBuilder(request, context, arn=arn, unwanted=unwanted, may_start=may_start, late_by=late_by)
    # Created again, a resource has a schedule of the same name. The failed Create's own is a fallback stop.
    leave.was_recreated = owner == request.logical_id
    return leave


def _another_owner(request: Request, context: CallbackContext, checks: StackChecks, *, retry_for: float) -> str:
    """Return the logical id of another resource of the stack that has the builder, "" for none."""
    owner = checks.another_owner(request.name, retry_for=retry_for)
    if owner is None:
        # A builder that nobody stops is paid for: if in doubt, it is this resource's own.
        context.warnings.append("CloudFormation doesn't say whether another resource of the stack has it")
    if owner:
        logger.info("%s: another resource of the stack has the builder, which is left to it", request.name)
    return owner or ""


class EnsureStopped(DesiredState):
    """Stop the builder as soon as it can be stopped; one that is gone, failed or being deleted needs no stop.

    Args:
        request: The Delete.
        context: The request's callback context.
        arn: The builder's ARN.
        only_started: Whether the builder is one that a failed rename may have started: a transition that no start leads
            to is left alone.
    """

    wanted = STOPPED

    def __init__(self, request: Request, context: CallbackContext, *, arn: str, only_started: bool) -> None:
        super().__init__(request, context, arn=arn)
        self._only_started = only_started
        self._owes_try = not only_started

    @property
    def deadline(self) -> float:
        """A little later where the Delete was delivered late and neither a description nor its stop was tried yet."""
        deadline = super().deadline
        is_late = self.context.delivered_at + LATE_DELETE_TIME > deadline
        return deadline + LATE_DELETE_TIME if is_late and self._owes_try else deadline

    @property
    def needs_description(self) -> bool:
        """Whether the builder isn't known to be stopped yet; after that, only its schedule is left to delete."""
        return not self.context.builder.is_stopped

    @property
    def longest_pause(self) -> float:
        """The longest pause before the next try, in seconds."""
        return LEAVE_BUILDER_INTERVAL if self.context.builder.is_stopped else super().longest_pause

    @property
    def _has_schedule(self) -> bool:
        return self.request.schedule is not None and not self.context.schedule.cancelled

    def next_step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a description of the builder."""
        if not self.needs_description:
            return Step.CANCEL_STOP if self._has_schedule else Step.DONE
        observation = self.context.builder
        if builder is None and self.is_newly_missing:
            # One description is no proof: what was seen before still counts.
            observation.state, self._owes_try = "", False
            return Step.WAIT
        observation.start_may_follow = False
        step = self._decide(builder, now=now)
        observation.is_stopped = step is Step.DONE
        cancels = observation.is_stopped and self._has_schedule
        self._owes_try = (step is Step.STOP or cancels) and not self._only_started
        return Step.CANCEL_STOP if cancels else step

    def is_enough(self, *, now: float, is_last: bool = False) -> bool:
        """Return whether the builder was last described as stopped, or was never found."""
        observation = self.context.builder
        if now < self.deadline and not is_last:
            return observation.is_stopped and not self._has_schedule
        never_found = observation.missing_since is not None and not observation.found
        if observation.start_may_follow:
            self.warn("it is STOPPED, but a start of a moment ago may not show yet")
        if never_found and not observation.is_stopped:
            self.warn("AppStream did not show it, and there was no time to check again: stop it if it should not run")
        is_enough = observation.is_stopped or observation.start_may_follow or never_found
        if is_enough and self.request.schedule and self._has_schedule:
            self.warn(f"its schedule {self.request.schedule.name} stays: there was no time to delete it")
        return is_enough

    def is_enough_alone(self, *, now: float, may_be_redelivered: bool) -> bool:
        """Return whether nothing is to be stopped; what isn't known yet is for another delivery to find out."""
        is_open = may_be_redelivered and not self.context.builder.is_stopped
        return not is_open and self.is_enough(now=now, is_last=True)

    def _decide(self, builder: ImageBuilder | None, *, now: float) -> Step:
        context, last_call = self.context, self.context.last_call
        context.builder.state = "" if builder is None else builder.state
        context.builder.found = context.builder.found or builder is not None
        if builder is None:
            return Step.DONE
        action = rule(builder.state).when_stopping
        if action is Action.REACHED:
            # A start of a moment ago may not show yet, or not any more.
            started_at = context.delivered_at if self.request.may_start or self._only_started else 0.0
            recent = now < max(started_at, context.builder.starting_at or 0.0) + CONSISTENCY_WINDOW
            is_stopped = bool(last_call.step) and (last_call.confirmed or last_call.took_effect)
            context.builder.start_may_follow = builder.state == STOPPED and recent and not is_stopped
            return Step.WAIT if context.builder.start_may_follow else Step.DONE
        if action is Action.WAIT:
            if builder.state in STARTING:
                context.builder.starting_at = now
            if self._only_started and builder.state not in (*STARTING, STOPPING):
                self.warn(f"{self.request.name} is {builder.state} and left as it is: stop it if it should not run")
                return Step.DONE
            context.refused_since.pop(Step.STOP.value, None)
            # A stop whose response was lost is known to have been accepted only where STOPPING is seen.
            shown = last_call.confirmed or builder.state == STOPPING
            last_call.took_effect = last_call.took_effect or (bool(last_call.step) and shown)
            return Step.WAIT
        if not last_call.step:
            return Step.STOP
        if last_call.took_effect:
            # Somebody has started it since this stop. That start isn't this request's to undo.
            return Step.DONE
        if self.may_be_stale(now=now):
            return Step.WAIT
        if last_call.confirmed:
            raise self.failed(
                "the stop was accepted, but it still runs", "Stop it in the AppStream console, then delete again."
            )
        return Step.STOP

    def change_accepted(self, step: Step, *, now: float, confirmed: bool = True) -> None:
        """Remember that a stop was accepted, or that its response was lost."""
        self._owes_try = False
        super().change_accepted(step, now=now, confirmed=confirmed)

    def change_failed(self, step: Step, error: AwsCallError, *, now: float) -> None:
        """Take in a stop that failed; the next description shows a builder that is gone."""
        self._owes_try = False
        if error.kind is not ErrorKind.NOT_FOUND:
            super().change_failed(step, error, now=now)

    def schedule_failed(self, error: AwsCallError, *, now: float) -> None:
        """Take in that the schedule could not be deleted; after a while it stays, since the builder is stopped."""
        context = self.context
        self._owes_try = False
        try:
            super().schedule_failed(error, now=now)
            if now - context.refused_since.setdefault(Step.CANCEL_STOP.value, now) < CANCEL_STOP_RETRY:
                return
            failure = self.call_failed(error)
        except RequestFailed as failed:
            failure = failed
        context.schedule.cancelled = True
        self.warn(f"its schedule {self.request.schedule and self.request.schedule.name} stays: {failure}")


class LeaveBuilder(DesiredState):
    """Leave the builder as it is, and its scheduled stop for as long as there is something to stop.

    No stop was asked for, so whatever goes wrong here is no reason to keep a stack: the request succeeds.

    Args:
        request: The Delete.
        context: The request's callback context.
        arn: The builder's ARN.
        may_start: Whether a start may be under way that no description shows yet: STOPPED is no end then.
        unwanted: Whether the schedule goes whatever the builder does: another resource has the builder, or a Create has
            started nothing, and the scheduler's role goes with it.
        late_by: Seconds after the request's own deadline in which it may still try, where it is delivered late: a
            Delete has until ServiceTimeout, a rollback responds before that.
    """

    wanted = "rid of its scheduled stop"

    def __init__(
        self,
        request: Request,
        context: CallbackContext,
        *,
        arn: str,
        unwanted: bool,
        may_start: bool,
        late_by: float,
    ) -> None:
        interval = min(request.poll_interval, LEAVE_BUILDER_INTERVAL)
        super().__init__(replace(request, poll_interval=interval), context, arn=arn)
        self._may_start = may_start
        self._unwanted = unwanted
        self._late_by = late_by

    @property
    def needs_description(self) -> bool:
        """Whether the builder decides."""
        return not self._unwanted

    @property
    def deadline(self) -> float:
        """Soon after the delivery, with time for a try; not after ServiceTimeout, when nobody waits any more."""
        context = self.context
        until = max(context.delivered_at + LEAVE_BUILDER_TIMEOUT, context.stack.another_checked_at + LEAVE_BUILDER_TRY)
        return min(until, super().deadline + self._late_by)

    def next_step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a description of the builder."""
        context = self.context
        state = context.builder.state = "" if builder is None else builder.state
        if builder is None and not self._unwanted and self.is_newly_missing:
            return Step.WAIT
        stops = state == STOPPING or (state == STOPPED and not self._may_start)
        if not stops:
            context.builder.stopped_since = None
        elif context.builder.stopped_since is None:
            context.builder.stopped_since = now
        stopped_since = context.builder.stopped_since
        if stopped_since is not None and now - stopped_since < SECOND_DESCRIPTION and not self._unwanted:
            # One description may be older than a start: the builder would run on without its scheduled stop.
            return Step.WAIT
        is_over = builder is None or stops or (state != STOPPED and rule(state).when_stopping is Action.REACHED)
        if context.schedule.cancelled and not (is_over or self._unwanted):
            self.warn("its scheduled stop was deleted, since AppStream did not show it: stop it if it should not run")
        return Step.CANCEL_STOP if (is_over or self._unwanted) and not context.schedule.cancelled else Step.DONE

    def is_enough(self, *, now: float, is_last: bool = False) -> bool:
        """Return whether the schedule is deleted."""
        return self.context.schedule.cancelled

    def timed_out(self, error: AwsCallError | None) -> RequestFailed:
        """Return the failure of a request that has no more time; it is only logged."""
        name = self.request.schedule and self.request.schedule.name
        last_error = "" if error is None else f"; last error: {error.code} on {error.action}"
        return self.failed(f"its scheduled stop stays{last_error}", f"Delete schedule {name} if it is not wanted.")
