"""One invocation: works towards a desired state until its end, and invokes the next one there."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from running_image_builder_function.cloudformation.crhelper_adapter import CrhelperResource
from running_image_builder_function.cloudformation.physical_ids import failed_create_id
from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.custom_resource.time_limits import TimeLimits
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import (
    AwsCallError,
    ErrorKind,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
)
from running_image_builder_function.model.image_builder import builder_arn
from running_image_builder_function.observability.logs import RequestLogger
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.reconcile.backoff import Backoff
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.loop import Reconciler
from running_image_builder_function.reconcile.ports import Calls, Invoke
from running_image_builder_function.reconcile.self_invocation import self_invoke
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.reconcile.states import STOPPED
from running_image_builder_function.timing import CONSISTENCY_WINDOW, Clock

_PASSING = (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE)
"""The errors of a self-invocation that may succeed a minute later."""

logger = logging.getLogger("running_image_builder")


@dataclass(kw_only=True)
class Invocation:
    """One invocation for a request with valid properties."""

    event: dict[str, Any]  # CloudFormation's event, with the callback context in a self-invoked one
    function_arn: str  # the ARN that the function was invoked by
    limits: TimeLimits  # the moments that bound it
    request: Request  # the event as a request
    context: CallbackContext  # the request's callback context
    checks: StackChecks  # the checks of the stack
    resource: CrhelperResource  # takes the response
    calls: Calls  # the calls about the builder and its scheduled stop
    invoke: Invoke  # queues an invocation
    clock: Clock  # the time
    random: Callable[[], float]  # returns a number from 0 to 1
    metrics: Metrics  # the metrics
    request_log: RequestLogger  # the log
    self_invocation_error: str = ""  # why no next invocation is queued, where Lambda is to deliver the event again

    @property
    def physical_id(self) -> str:
        """The physical id that CloudFormation knows, "" for none."""
        return str(self.event.get("PhysicalResourceId") or "")

    def arn(self, name: str) -> str:
        """Return a builder's ARN."""
        return builder_arn(self.function_arn, name)

    def reconcile(self, desired: DesiredState) -> bool:
        """Work towards a desired state until this invocation's end, and invoke the next one there.

        Returns:
            Whether the desired state is reached; else another invocation must go on.

        Raises:
            RequestEnded: The desired state can't be reached, or nobody waits for it any more.
        """
        try:
            done = Reconciler(
                desired=desired,
                calls=self.calls,
                checks=self.checks,
                clock=self.clock,
                ends_at=self.limits.ends_at,
                backoff=Backoff(desired.request.poll_interval, random=self.random),
                log=self.request_log,
            ).run()
            return done or self._self_invoke(desired)
        except RequestCancelled as end:
            self.fail(desired, end)
            raise
        except RequestFailed:
            raise
        except Exception as error:
            # Anything else is a bug of ours. It must not hold the stack: it is in the response, and in the log.
            logger.exception("%s: internal error", desired.request.name)
            cause = f"internal error {type(error).__name__}"
            raise desired.failed(cause, "Report it with the function's log.") from error

    def _self_invoke(self, desired: DesiredState) -> bool:
        """Queue the next invocation; some time is kept for the response where Lambda refuses it.

        Returns:
            Whether the builder as last described is enough where nobody will describe it again.
        """
        context, now = self.context, self.clock.time()
        if desired.context is not context:
            context.abandoned = asdict(desired.context)
        try:
            # It leaves time to check what a failure means for the stack, and to respond.
            until = max(now, self.limits.last_call_at)
            event = context.next_event(self.event, now=now)
            self_invoke(
                self.invoke, self.function_arn, event, clock=self.clock, until=until, redelivered=context.redelivered
            )
        except AwsCallError as error:
            passes = error.kind in _PASSING and not (error.may_have_taken_effect and context.redelivered)
            may_be_redelivered = passes and context.dated and not context.redelivered
            # Nobody may describe it again: what is enough at the deadline is enough now.
            if desired.is_enough_alone(now=self.clock.time(), may_be_redelivered=may_be_redelivered):
                return True
            if passes:
                # It must not fail a start that goes well: Lambda delivers the event again in a minute. Only where it
                # has done so before, and this call may have taken effect as well, invocations would multiply.
                self.self_invocation_error = f"{error.code} on {error.action}"
                self.log(desired, f"self-invocation failed ({self.self_invocation_error})")
                return False
            # The builder's own errors are better than those of this call.
            details = f"AWS: {desired.context.builder.errors}"
            if not desired.context.builder.errors:
                details = f"AWS: {error.code} on {error.action}: {error.detail}"
            raise desired.failed(
                f"{desired.unmet}, and the function could not invoke itself: {error_messages.cause(error)}",
                error_messages.remedy(error),
                details,
            ) from error
        self.log(desired, "continues in a new invocation")
        return False

    def end_without_response(self) -> str:
        """Let another invocation respond; return the physical id that CloudFormation knows."""
        self.resource.send_no_response()
        return self.physical_id

    def fail(self, desired: DesiredState, end: RequestEnded) -> None:
        """Choose the physical id of a FAILED response, which tells the Delete whether to stop; log and count it."""
        self.resource.PhysicalResourceId = self.physical_id or _failed_create_id(desired, now=self.clock.time())
        self.log_warnings(desired)
        if isinstance(end, RequestCancelled):
            self.log(desired, f"ended: {end}", level=logging.WARNING)
        else:
            self.log(desired, f"FAILED: {end}", level=logging.ERROR)
        self.metrics.failed(desired, end, now=self.clock.time())

    def log_warnings(self, desired: DesiredState) -> None:
        """Log what could not be done and doesn't change the response."""
        for warning in self.context.warnings:
            self.log(desired, warning, level=logging.WARNING)

    def log_success(self, desired: DesiredState) -> None:
        """Log that the desired state is reached."""
        builder = self.context.builder
        is_missing = builder.missing_since is not None and not desired.is_newly_missing
        is_gone = builder.is_stopped or (desired.needs_description and is_missing)
        self.log(desired, f"SUCCESS: {builder.state or ('gone' if is_gone else 'unknown')}")

    def log(self, desired: DesiredState, message: str, *, level: int = logging.INFO) -> None:
        """Log a line of the request."""
        self.request_log.log(desired, message, now=self.clock.time(), level=level)

    def cancelled_by(self) -> str:
        """Return the status that shows that nobody waits for the request; "" where that can't be determined."""
        try:
            return self.checks.cancelled_by()
        except AwsCallError:
            return ""


def _failed_create_id(desired: DesiredState, *, now: float) -> str:
    context = desired.context
    builder, starts, last_call = context.builder, context.starts, context.last_call
    is_recent = last_call.step == Step.START.value and now - last_call.at < CONSISTENCY_WINDOW
    # An earlier delivery may have started what this one hasn't even seen; an earlier request's start shows by now.
    by_others = starts.maybe_by_other_delivery or context.redelivered
    by_others = by_others or (starts.maybe_by_earlier_request and builder.state != STOPPED)
    return failed_create_id(
        desired.request.name,
        may_have_started=starts.made or by_others,
        # A later description can be older than a recent start, and show STOPPED; one that has fallen back is STOPPED.
        start_is_shown=last_call.took_effect if builder.state == STOPPED else not is_recent,
    )
