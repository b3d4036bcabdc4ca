"""What a Delete does with the image builder and its scheduled stop."""

from typing import ClassVar

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import CONSISTENCY_WINDOW, DesiredState, Step
from running_image_builder_function.reconcile.states import STARTING, STOPPED, STOPPING, Action, row

CANCEL_STOP_RETRY = 40.0
"""Seconds for which the schedule of a stopped builder is tried to be deleted. One that stays has nothing to stop."""


class EnsureStopped(DesiredState):
    """Stop the builder as soon as it can be stopped; one that is gone, failed or being deleted needs no stop.

    Args:
        request: The Delete.
        journey: Its memory.
        arn: The builder's ARN.
        only_started: Whether the builder is one that a failed rename may have started: what is on its way, but not by
            a start, is left alone.
    """

    wanted = STOPPED

    def __init__(self, request: Request, context: CallbackContext, *, arn: str, only_started: bool = False) -> None:
        """Keep the parts."""
        super().__init__(request, context, arn=arn)
        self._only_started = only_started
        self._reached = False
        self._doubtful = False

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a look at the builder."""
        self._doubtful = False
        step = self._look(builder, now=now)
        self._reached = step is Step.DONE
        unwanted = self.request.schedule and not self.context.unscheduled
        return Step.CANCEL_STOP if self._reached and unwanted else step

    def is_enough(self, *, now: float) -> bool:
        """Return whether the builder was stopped at the last look: the stop that was asked for was made."""
        if self._doubtful and now >= self.deadline:
            self.leave_behind("it is STOPPED, but a start of a moment ago may not show yet")
            return True
        if self._reached and self.request.schedule and not self.context.unscheduled and now >= self.deadline:
            self.leave_behind(f"its schedule {self.request.schedule.name} stays: there was no time to delete it")
            return True
        return self._reached and (not self.request.schedule or self.context.unscheduled)

    def _look(self, builder: ImageBuilder | None, *, now: float) -> Step:
        context = self.context
        context.last_state = "" if builder is None else builder.state
        if builder is None:
            return Step.WAIT if self.is_first_miss(now=now) else Step.DONE
        meaning = row(builder.state).when_stopping
        if meaning is Action.REACHED:
            # A start of a moment ago may not show yet.
            may_be = (self.request.doubtful or self._only_started) and builder.state == STOPPED and not context.acted
            self._doubtful = may_be and now < context.delivered_at + CONSISTENCY_WINDOW
            return Step.WAIT if self._doubtful else Step.DONE
        if meaning is Action.WAIT:
            if self._only_started and builder.state not in (*STARTING, STOPPING):
                return Step.DONE
            context.refused_since.pop(Step.STOP.value, None)
            # A stop whose answer was lost is known to have been taken only where STOPPING is seen.
            context.moved = context.moved or (bool(context.acted) and (context.certain or builder.state == STOPPING))
            return Step.WAIT
        if not context.acted:
            return Step.STOP
        if context.moved:
            # Somebody started it after this stop. That start is not this request's to undo.
            return Step.DONE
        if self.may_be_stale(now=now):
            return Step.WAIT
        if context.certain:
            raise self.failed(
                "the stop was accepted, but it still runs", "Stop it in the AppStream console, then delete again."
            )
        return Step.STOP

    def refused(self, step: Step, error: AwsCallError, *, now: float) -> None:
        """Take in a stop that failed; a builder that is gone is seen at the next look."""
        if error.trouble is not ErrorKind.NOT_FOUND:
            super().refused(step, error, now=now)

    def scheduling_refused(self, error: AwsCallError, *, now: float) -> None:
        """Take in that the schedule could not be deleted; after a while it is given up, since the stop was made."""
        context = self.context
        try:
            super().scheduling_refused(error, now=now)
            if now - context.refused_since.setdefault(Step.CANCEL_STOP.value, now) < CANCEL_STOP_RETRY:
                return
            failure = self.failed_call(error)
        except RequestFailed as failed:
            failure = failed
        context.unscheduled = True
        self.leave_behind(f"its schedule {self.request.schedule and self.request.schedule.name} stays: {failure}")


class EnsureEnded(DesiredState):
    """Keep the schedule of a builder that is left running; delete it where the builder does not run any more.

    Nothing was asked to be stopped, so whatever goes wrong here is no reason to keep a stack: the request succeeds.

    Args:
        request: The Delete.
        journey: Its memory.
        arn: The builder's ARN.
        doubtful: Whether a start may be on its way that no description shows yet: STOPPED is no end then.
        unwanted: Whether the schedule goes whatever the builder does: another resource has the builder, or a create has
            started nothing, and the scheduler's role goes with it.
    """

    wanted = "rid of its scheduled stop"
    PATIENCE: ClassVar[float] = 40.0
    """Seconds from the first invocation to the last try: with a call that hangs the answer comes within a minute."""

    def __init__(
        self, request: Request, context: CallbackContext, *, arn: str, unwanted: bool, doubtful: bool = False
    ) -> None:
        """Keep the parts."""
        super().__init__(request, context, arn=arn)
        self._doubtful = doubtful
        self._unwanted = unwanted
        self.needs_look = not unwanted

    @property
    def deadline(self) -> float:
        """Soon, and never later than any other request's."""
        return min(super().deadline, self.context.delivered_at + self.PATIENCE)

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a look at the builder."""
        context = self.context
        state = context.last_state = "" if builder is None else builder.state
        if builder is None and not self._unwanted and self.is_first_miss(now=now):
            return Step.WAIT
        stopped = state == STOPPING or (state == STOPPED and not self._doubtful)
        ends = builder is None or stopped or (state != STOPPED and row(state).when_stopping is Action.REACHED)
        return Step.CANCEL_STOP if (ends or self._unwanted) and not context.unscheduled else Step.DONE

    def too_late(self, trouble: str) -> RequestFailed:
        """Return the failure of a request that has no more time, which the log tells."""
        name = self.request.schedule.name if self.request.schedule else ""
        return self.failed(f"its scheduled stop stays{trouble}", f"Delete schedule {name} if it is not wanted.")


def desired_on_delete(
    request: Request, context: CallbackContext, *, arn: str, is_anothers: bool, only_started: bool = False
) -> DesiredState | None:
    """Return the goal of a Delete; None where it has nothing to do.

    Args:
        request: What CloudFormation asks for.
        context: The request's memory.
        arn: The builder's ARN.
        is_anothers: Whether another resource of the stack has the builder.
        only_started: Whether only what a start may have led to is stopped.
    """
    stops = request.stop_on_delete and request.started_here and not is_anothers
    if stops:
        return EnsureStopped(request, context, arn=arn, only_started=only_started)
    unwanted = is_anothers or request.stop_on_delete
    doubtful = request.doubtful or only_started
    return EnsureEnded(request, context, arn=arn, unwanted=unwanted, doubtful=doubtful) if request.schedule else None
