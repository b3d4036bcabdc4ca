"""Handles one invocation for a custom resource: from the event to the response, or to the self-invocation."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from running_image_builder_function import contract
from running_image_builder_function.cloudformation.crhelper_adapter import CrhelperResource, needs_response
from running_image_builder_function.cloudformation.physical_ids import failed_create_id, invalid_request_id
from running_image_builder_function.cloudformation.request import Request, parse
from running_image_builder_function.cloudformation.response import Put, https_put, send_response, truncate_to_limit
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import (
    AwsCallError,
    ErrorKind,
    RequestCancelled,
    RequestEnded,
    RequestFailed,
    reason,
)
from running_image_builder_function.model.image_builder import builder_arn
from running_image_builder_function.observability.logs import RequestLogger
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.observability.redaction import RedactingFilter
from running_image_builder_function.reconcile.backoff import Backoff
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import DesiredState
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.loop import Outcome, Reconciler, cancelled
from running_image_builder_function.reconcile.on_delete import LeaveBuilder, desired_on_delete
from running_image_builder_function.reconcile.ports import Calls, ImageBuilders, Invoke, Schedules, Stacks
from running_image_builder_function.reconcile.self_invocation import self_invoke
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.reconcile.states import STOPPED
from running_image_builder_function.timing import (
    ABANDONED_BUILDER_TIME,
    LONGEST_CALL,
    RESPONSE_RESERVE,
    RESPONSE_TIME,
    ROLLBACK_CHECK_TIME,
    SELF_INVOCATION_MARGIN,
    SELF_INVOCATION_MARGIN_SHARE,
    Clock,
)

_PASSING = (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE)
"""The errors of a self-invocation that may succeed a minute later."""

logger = logging.getLogger("running_image_builder")


class ResponseNotSent(Exception):
    """Raised out of the handler so that Lambda delivers the event again."""


class SelfInvocationFailed(Exception):
    """Raised out of the handler so that Lambda delivers the event again: no next invocation could be queued."""


class LambdaContext(Protocol):
    """What the function uses of Lambda's context object."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


@dataclass(kw_only=True)
class _Invocation:
    """One invocation."""

    event: dict[str, Any]  # CloudFormation's event, with the callback context in a self-invoked one
    function_arn: str  # the ARN that the function was invoked by
    request: Request  # the event as a request
    context: CallbackContext  # the request's callback context
    log: RequestLogger  # the log
    checks: StackChecks  # the checks of the stack
    ends_at: float  # when this invocation must end, in seconds since the epoch

    @property
    def physical_id(self) -> str:
        """The physical id that CloudFormation knows, "" for none."""
        return str(self.event.get("PhysicalResourceId") or "")

    def arn(self, name: str) -> str:
        """Return a builder's ARN."""
        return builder_arn(self.function_arn, name)


class CustomResourceFunction:
    """The Lambda function, for CloudFormation's requests.

    Args:
        builders: The AppStream calls.
        schedules: The EventBridge Scheduler calls.
        stacks: The CloudFormation calls.
        invoke: Queues an invocation of a function, given its ARN and the event.
        clock: The time.
        random: Returns a number from 0 to 1.
        metrics: The metrics.
        log_level: The root logger's level.
        put: Sends the response.
    """

    def __init__(
        self,
        *,
        builders: ImageBuilders,
        schedules: Schedules,
        stacks: Stacks,
        invoke: Invoke,
        clock: Clock,
        random: Callable[[], float],
        metrics: Metrics,
        log_level: str = "INFO",
        put: Put = https_put,
    ) -> None:
        self._calls = Calls(builders, schedules)
        self._stacks = stacks
        self._invoke = invoke
        self._clock = clock
        self._random = random
        self._metrics = metrics
        self._put = put
        self._redaction = RedactingFilter()
        self._until = 0.0
        self._is_sent = True
        self._self_invocation_error = ""
        self._resource = CrhelperResource(log_level=log_level, send=self._send)
        for register in (self._resource.create, self._resource.update, self._resource.delete):
            register(self._run)

    def __call__(self, event: dict[str, Any], lambda_context: LambdaContext) -> None:
        """Run one invocation.

        Raises:
            ValueError: The event is no request of CloudFormation's; nobody waits for a response.
            ResponseNotSent: CloudFormation could not be reached; Lambda should retry the event.
            SelfInvocationFailed: No next invocation could be queued; the same.
        """
        if not isinstance(event, dict) or not needs_response(event):
            raise ValueError("this function handles CloudFormation's custom resource requests only")
        self._redaction.protect(event["ResponseURL"])
        self._until = self._clock.time() + lambda_context.get_remaining_time_in_millis() / 1000 - RESPONSE_RESERVE
        self._is_sent = True
        self._self_invocation_error = ""
        self._resource(event, lambda_context)
        if self._self_invocation_error:
            raise SelfInvocationFailed(self._self_invocation_error)
        if not self._is_sent:
            raise ResponseNotSent("CloudFormation could not be reached with the response")

    def _run(self, event: dict[str, Any], lambda_context: LambdaContext) -> str:
        """Handle one request for crhelper: return the physical id, or raise the Reason of a FAILED response."""
        now = self._clock.time()
        remaining = lambda_context.get_remaining_time_in_millis() / 1000
        context = CallbackContext.resume(event, now=now)
        checks = StackChecks(self._stacks, event, context, clock=self._clock)
        ends_at = now + max(remaining - SELF_INVOCATION_MARGIN, remaining * (1 - SELF_INVOCATION_MARGIN_SHARE))
        # A function with a short limit has no room for a call that hangs.
        checks.last_call_at = max(ends_at, self._until - RESPONSE_TIME - LONGEST_CALL)
        try:
            request = parse(event)
        except RequestFailed as failure:
            return self._invalid(event, failure, checks)
        # A request that arrives after its deadline is hurried by Lambda's limit only.
        last_check_at = max(context.began_at + request.timeout, now) + ROLLBACK_CHECK_TIME
        checks.last_call_at = min(checks.last_call_at, last_check_at)
        invocation = _Invocation(
            event=event,
            function_arn=lambda_context.invoked_function_arn,
            request=request,
            context=context,
            log=RequestLogger(context.builder.state if context.invocation > 1 else None),
            checks=checks,
            ends_at=ends_at,
        )
        return self._delete(invocation) if event["RequestType"] == "Delete" else self._ensure_running(invocation)

    def _invalid(self, event: dict[str, Any], failure: RequestFailed, checks: StackChecks) -> str:
        """Respond to invalid properties: only a Create or Update that somebody can still correct fails."""
        physical_id = str(event.get("PhysicalResourceId") or "")
        if event["RequestType"] == "Delete":
            logger.warning("deleted, the builder is left as it is: %s", failure)
            return physical_id
        self._metrics.invalid(failure, now=self._clock.time())
        if checks.is_rollback():
            logger.warning("rolled back, but %s", failure)
            self._resource.Data = dict.fromkeys((*contract.ATTRIBUTES, contract.SCHEDULED_STOP_TIME), "")
            return physical_id
        self._resource.PhysicalResourceId = physical_id or invalid_request_id(event["LogicalResourceId"])
        logger.error("FAILED: %s", failure)
        raise failure

    def _ensure_running(self, invocation: _Invocation) -> str:
        """Handle a Create or Update."""
        request, context = invocation.request, invocation.context
        desired = EnsureRunning(request, context, arn=invocation.arn(request.name))
        outcome, failure = self._reach(desired, invocation)
        if outcome.done and request.abandoned is not None:
            if not self._stop_abandoned(request.abandoned, invocation):
                outcome = Outcome(False)
            elif failure is None:
                # That may have taken its time: respond with what is so now.
                outcome, failure = self._reach(desired, invocation)
        if not outcome.done:
            self._resource.send_no_response()
            return invocation.physical_id
        if context.starts.made and (status := self._cancelled_by(invocation)):
            desired.warn(f"it runs, and CloudFormation no longer waits for it ({status}): stop it if it should not")
        now = self._clock.time()
        self._resource.Data = desired.attributes(outcome.builder)
        self._log_warnings(desired, invocation)
        if failure is None:
            self._metrics.succeeded(desired, now=now)
        else:
            self._metrics.failed(desired, failure, now=now)
        self._log_success(desired, invocation, now=now)
        return request.name

    def _reach(self, desired: DesiredState, invocation: _Invocation) -> tuple[Outcome, RequestFailed | None]:
        """Return how far a Create or Update has come, and the failure of a rollback's Update that gets no further.

        Raises:
            RequestEnded: It has failed, or nobody waits for it any more.
        """
        try:
            return self._reconcile(desired, invocation), None
        except RequestFailed as failure:
            return Outcome(True, desired.builder), self._failed_rollback(desired, invocation, failure)

    def _failed_rollback(self, desired: DesiredState, invocation: _Invocation, failure: RequestFailed) -> RequestFailed:
        """Return the failure of a rollback's Update, which succeeds with what there is; raise any other failure.

        A rollback that fails needs a person and changes nothing: the builder is as it is either way.
        """
        if not invocation.checks.is_rollback(guess=invocation.request.abandoned is not None):
            self._fail(desired, invocation, failure)
            raise failure
        if status := self._cancelled_by(invocation):
            # It is the first update's retry, and the rollback's Update has followed it.
            end = cancelled(desired, status)
            self._fail(desired, invocation, end)
            raise end
        now = self._clock.time()
        invocation.log.log(desired, f"rolled back, but {failure}", now=now, level=logging.WARNING)
        return failure

    def _stop_abandoned(self, abandoned: Request, invocation: _Invocation) -> bool:
        """Stop, or leave to its scheduled stop, the builder that a failed rename may have started.

        Returns:
            Whether that is done; else another invocation must go on.
        """
        context, now = invocation.context, self._clock.time()
        if now > invocation.checks.last_call_at:
            context.warnings.append(f"{abandoned.name}, which the failed update may have started, may still run")
            return True
        # A start that took all the time leaves enough for a description and a stop before ServiceTimeout.
        timeout = max(invocation.request.timeout, now - context.began_at + ABANDONED_BUILDER_TIME)
        request = replace(abandoned, timeout=timeout)
        its_context = CallbackContext.from_json(
            context.abandoned or {"began_at": context.began_at, "delivered_at": now}
        )
        its_context.invocation, its_context.dated = context.invocation, context.dated
        desired = self._desired_on_delete(request, its_context, invocation, only_started=True)
        if desired is None:
            context.warnings.append(f"{request.name}, which the failed update may have started, is left as it is")
            return True
        try:
            outcome = self._reconcile(desired, invocation)
        except RequestFailed as failure:
            context.warnings.append(f"what the failed update may have started may still run: {failure}")
            return True
        context.warnings.extend(its_context.warnings)
        return outcome.done

    def _delete(self, invocation: _Invocation) -> str:
        """Handle a Delete."""
        name = invocation.request.name
        desired = self._desired_on_delete(invocation.request, invocation.context, invocation)
        if desired is None:
            logger.info("%s: deleted, the builder is left as it is", name, extra={"builder": name})
            return invocation.physical_id
        try:
            outcome = self._reconcile(desired, invocation)
        except RequestFailed as failure:
            if not isinstance(desired, LeaveBuilder):
                self._fail(desired, invocation, failure)
                raise
            # No stop was asked for: what could not be cleaned up is no reason to keep the stack.
            logger.warning("deleted, the builder is left as it is: %s", failure)
            return invocation.physical_id
        if not outcome.done:
            self._resource.send_no_response()
            return invocation.physical_id
        self._log_warnings(desired, invocation)
        self._log_success(desired, invocation, now=self._clock.time())
        return invocation.physical_id

    def _desired_on_delete(
        self, request: Request, context: CallbackContext, invocation: _Invocation, *, only_started: bool = False
    ) -> DesiredState | None:
        """Return what a Delete wants, after a check whether another resource has the builder by now."""
        acts = request.schedule or (request.stop_on_delete and request.started_here)
        if acts and context.stack.has_another is None:
            has_another = invocation.checks.has_another(request.name)
            if has_another is None:
                # A builder that nobody stops is paid for: if in doubt, it is this resource's own.
                context.warnings.append("CloudFormation doesn't say whether another resource of the stack has it")
            context.stack.has_another = bool(has_another)
            if has_another:
                logger.info("%s: another resource of the stack has the builder, which is left to it", request.name)
        return desired_on_delete(
            request,
            context,
            arn=invocation.arn(request.name),
            has_another=bool(context.stack.has_another),
            only_started=only_started,
        )

    def _reconcile(self, desired: DesiredState, invocation: _Invocation) -> Outcome:
        """Work towards a desired state until this invocation's end, and invoke the next one there.

        Raises:
            RequestEnded: The desired state can't be reached, or nobody waits for it any more.
        """
        try:
            outcome = Reconciler(
                desired=desired,
                calls=self._calls,
                checks=invocation.checks,
                clock=self._clock,
                ends_at=invocation.ends_at,
                backoff=Backoff(desired.request.poll_interval, random=self._random),
                log=invocation.log,
            ).run()
            return outcome if outcome.done else self._self_invoke(desired, invocation)
        except RequestCancelled as end:
            self._fail(desired, invocation, end)
            raise
        except RequestFailed:
            raise
        except Exception as error:
            # Anything else is a bug of ours. It must not hold the stack: it is in the response, and in the log.
            logger.exception("%s: internal error", desired.request.name)
            cause = f"internal error {type(error).__name__}"
            raise desired.failed(cause, "Report it with the function's log.") from error

    def _self_invoke(self, desired: DesiredState, invocation: _Invocation) -> Outcome:
        """Queue the next invocation; some time is kept for the response where Lambda refuses it."""
        context, log, now = invocation.context, invocation.log, self._clock.time()
        if desired.context is not context:
            context.abandoned = asdict(desired.context)
        try:
            self_invoke(
                self._invoke,
                invocation.function_arn,
                context.next_event(invocation.event, now=now),
                clock=self._clock,
                # Time to check what a failure means for the stack, and to respond.
                until=max(now, self._until - RESPONSE_TIME - LONGEST_CALL),
            )
        except AwsCallError as error:
            # Nobody will describe it again: what is enough at the deadline is enough now.
            if desired.is_enough(now=desired.deadline):
                return Outcome(True, desired.builder)
            if error.kind in _PASSING and not (error.may_have_taken_effect and context.redelivered):
                # It must not fail a start that goes well: Lambda delivers the event again in a minute. Only where it
                # has done so before, and this call may have taken effect as well, invocations would multiply.
                self._self_invocation_error = f"{error.code} on {error.action}"
                log.log(desired, f"self-invocation failed ({self._self_invocation_error})", now=self._clock.time())
                return Outcome(False)
            raise desired.failed(
                f"{desired.unmet}, and the function could not invoke itself: {error_messages.cause(error)}",
                error_messages.remedy(error),
                f"AWS: {error.code} on {error.action}: {error.detail}",
            ) from error
        log.log(desired, "continues in a new invocation", now=self._clock.time())
        return Outcome(False)

    def _fail(self, desired: DesiredState, invocation: _Invocation, end: RequestEnded) -> None:
        """Choose the physical id of a FAILED response: a new one tells the Delete whether to stop."""
        self._resource.PhysicalResourceId = invocation.physical_id or _failed_create_id(desired)
        message, level = f"FAILED: {end}", logging.ERROR
        if isinstance(end, RequestCancelled):
            message, level = f"ended: {end}", logging.WARNING
        invocation.log.log(desired, message, now=self._clock.time(), level=level)
        self._metrics.failed(desired, end, now=self._clock.time())

    def _cancelled_by(self, invocation: _Invocation) -> str:
        """Return the status that shows that nobody waits for the request; "" where that can't be determined."""
        try:
            return invocation.checks.cancelled_by()
        except AwsCallError:
            return ""

    def _log_warnings(self, desired: DesiredState, invocation: _Invocation) -> None:
        for warning in invocation.context.warnings:
            invocation.log.log(desired, warning, now=self._clock.time(), level=logging.WARNING)

    def _log_success(self, desired: DesiredState, invocation: _Invocation, *, now: float) -> None:
        invocation.log.log(desired, f"SUCCESS: {invocation.context.builder.state or 'gone'}", now=now)

    def _send(self, url: str, body: dict[str, Any]) -> None:
        if body["Status"] == "FAILED":
            # Empty only where crhelper itself failed; CloudFormation refuses a failure without a reason.
            body["Reason"] = body["Reason"] or reason(name="", state="", cause="internal error", remedy="See its log.")
        encoded, cut = truncate_to_limit(body)
        if cut:
            logger.warning("attributes cut to keep the response within CloudFormation's limit: %s", ", ".join(cut))
        self._is_sent = send_response(url, encoded, clock=self._clock, until=self._until, put=self._put)


def _failed_create_id(desired: DesiredState) -> str:
    context = desired.context
    builder, starts = context.builder, context.starts
    # An earlier delivery may have seen, and started, what this one hasn't even seen.
    unknown = context.redelivered and not builder.found
    return failed_create_id(
        desired.request.name,
        may_have_started=starts.made or starts.maybe_by_other_delivery or unknown,
        start_is_shown=builder.state != STOPPED or context.last_call.took_effect,
    )
