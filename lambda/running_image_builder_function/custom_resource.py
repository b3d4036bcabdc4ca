"""One invocation from event to answer or hand-over; wired from parts, so that tests can pass their own."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.cloudformation.crhelper_adapter import CrhelperResource, answerable
from running_image_builder_function.cloudformation.physical_ids import builder_arn, failed_create_id, invalid_request_id
from running_image_builder_function.cloudformation.request import Request, parse
from running_image_builder_function.cloudformation.response import Put, deliver, https_put, truncate_to_limit
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestCancelled, RequestFailed, reason
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.observability.logs import ProgressLog, RedactingFilter
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import DesiredState
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.loop import Backoff, Outcome, Verdict, cancelled, reconcile
from running_image_builder_function.reconcile.on_delete import EnsureEnded, desired_on_delete
from running_image_builder_function.reconcile.ports import (
    Calls,
    ImageBuilders,
    Invoke,
    LambdaContext,
    Schedules,
    Stacks,
)
from running_image_builder_function.reconcile.self_invocation import self_invoke
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.timing import LONGEST_CALL, Clock

SELF_INVOCATION_MARGIN = 45.0
"""Seconds before Lambda's limit at which it hands over: enough for two calls that hang, and for the hand-over."""

SELF_INVOCATION_MARGIN_SHARE = 0.5
"""The same as a share of the time an invocation has, for functions with a short limit."""

RESPONSE_RESERVE = 1.0
"""Seconds before Lambda's limit at which sending the answer is given up: Lambda then retries the event."""

RESPONSE_TIME = 5.0
"""Seconds that are kept for an answer which usually takes a fraction of one."""

ROLLBACK_CHECK_TIME = 15.0
"""Seconds after the deadline until which CloudFormation is asked whether a failure would need a person. Its own
ServiceTimeout is a minute after the deadline, and each call can hang for a quarter of one."""

ABANDONED_BUILDER_TIME = 10.0
"""Seconds that a roll-back takes at least for a builder that the failed update may have started."""

_PASSING = (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE)
"""Why a hand-over fails that may go well a minute later."""

logger = logging.getLogger("running_image_builder")


class ResponseNotSent(Exception):
    """Raised out of the handler so that Lambda delivers the event again."""


class SelfInvocationFailed(Exception):
    """Raised out of the handler so that Lambda delivers the event again: no invocation could be queued to go on."""


@dataclass(kw_only=True)
class _Work:
    """What one invocation works on.

    Attributes:
        event: CloudFormation's event, with the journey where it was handed over.
        function_arn: The ARN of the function as it was invoked.
        request: The event as a request.
        journey: The request's memory.
        journal: The log.
        standing: Where the request stands with CloudFormation.
        ends_at: When this invocation must hand over, in seconds since the epoch.
    """

    event: dict[str, Any]
    function_arn: str
    request: Request
    context: CallbackContext
    log: ProgressLog
    checks: StackChecks
    ends_at: float

    @property
    def given_id(self) -> str:
        """The physical id that CloudFormation knows, "" where it knows none."""
        return str(self.event.get("PhysicalResourceId") or "")

    def arn(self, name: str) -> str:
        """Return a builder's ARN."""
        return builder_arn(self.function_arn, name)


class Function:
    """The Lambda function.

    Args:
        builders: The AppStream calls.
        schedules: The EventBridge Scheduler calls.
        stacks: The CloudFormation calls.
        invoke: Queues an invocation of a function, given its ARN and the event.
        clock: The time.
        random: Gives a number from 0 to 1.
        metrics: What is counted.
        log_level: The root logger's level.
        put: Sends the answer.
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
        """Wire crhelper."""
        self._builders = builders
        self._schedules = schedules
        self._stacks = stacks
        self._invoke = invoke
        self._clock = clock
        self._random = random
        self._metrics = metrics
        self._put = put
        self._redaction = RedactingFilter()
        self._until = 0.0
        self._delivered = True
        self._not_handed_over = ""
        self._relay = CrhelperResource(log_level=log_level, send=self._send)
        for register in (self._relay.create, self._relay.update, self._relay.delete):
            register(self._run)

    def __call__(self, event: dict[str, Any], lambda_context: LambdaContext) -> None:
        """Run one invocation.

        Raises:
            ValueError: The event is no request of CloudFormation's; nobody waits for an answer.
            ResponseNotSent: CloudFormation's end could not be reached; Lambda should try the event again.
            SelfInvocationFailed: No other invocation could be queued; the same.
        """
        if not isinstance(event, dict) or not answerable(event):
            raise ValueError("this function answers CloudFormation's custom resource requests only")
        self._redaction.protect(event["ResponseURL"])
        self._until = self._clock.time() + lambda_context.get_remaining_time_in_millis() / 1000 - RESPONSE_RESERVE
        self._delivered = True
        self._not_handed_over = ""
        self._relay(event, lambda_context)
        if self._not_handed_over:
            raise SelfInvocationFailed(self._not_handed_over)
        if not self._delivered:
            raise ResponseNotSent("CloudFormation could not be reached with the answer")

    def _run(self, event: dict[str, Any], lambda_context: LambdaContext) -> str:
        """Handle one request for crhelper: return the physical id, raise RequestFailed for FAILED."""
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
            return self._unreadable(event, failure, checks)
        # Unless it arrives after its deadline, when nobody but Lambda's limit hurries it.
        last_word = max(context.began_at + request.timeout, now) + ROLLBACK_CHECK_TIME
        checks.last_call_at = min(checks.last_call_at, last_word)
        work = _Work(
            event=event,
            function_arn=lambda_context.invoked_function_arn,
            request=request,
            context=context,
            log=ProgressLog(context.last_state if context.invocation > 1 else None),
            checks=checks,
            ends_at=ends_at,
        )
        return self._delete(work) if event["RequestType"] == "Delete" else self._ensure_running(work)

    def _unreadable(self, event: dict[str, Any], failure: RequestFailed, checks: StackChecks) -> str:
        """Answer a request with bad properties: only a Create or Update that somebody can still correct fails."""
        given_id = str(event.get("PhysicalResourceId") or "")
        if event["RequestType"] == "Delete":
            logger.warning("deleted, with the builder left alone: %s", failure)
            return given_id
        self._metrics.not_understood(failure, now=self._clock.time())
        if checks.is_rollback():
            logger.warning("rolled back, but %s", failure)
            self._relay.Data = {**ImageBuilder({}).attributes(), contract.SCHEDULED_STOP_TIME: ""}
            return given_id
        self._relay.PhysicalResourceId = given_id or invalid_request_id(event["LogicalResourceId"])
        logger.error("FAILED: %s", failure)
        raise failure

    def _ensure_running(self, work: _Work) -> str:
        """Handle a Create or Update."""
        request = work.request
        desired = EnsureRunning(request, work.context, arn=work.arn(request.name))
        outcome, lost = self._reach(desired, work)
        if outcome.verdict is Verdict.DONE and request.abandoned is not None:
            if self._stop_abandoned(request.abandoned, work) is Verdict.HAND_OVER:
                outcome = Outcome(Verdict.HAND_OVER)
            elif lost is None:
                # That may have taken its time: what is answered is what is so now.
                outcome, lost = self._reach(desired, work)
        if outcome.verdict is Verdict.HAND_OVER:
            self._relay.self_invoke()
            return work.given_id
        if work.context.did_start and (status := self._over(work)):
            desired.leave_behind(
                f"it runs, and CloudFormation no longer waits for it ({status}): stop it if it should not"
            )
        now = self._clock.time()
        self._relay.Data = desired.data(outcome.builder)
        self._tell_left_behind(desired, work)
        if lost is None:
            self._metrics.succeeded(desired, now=now)
        else:
            self._metrics.failed(desired, lost, now=now)
        work.log.noted(desired, f"SUCCESS: {work.context.last_state or 'gone'}", now=now)
        return request.name

    def _reach(self, desired: DesiredState, work: _Work) -> tuple[Outcome, RequestFailed | None]:
        """Return how far a Create or Update has come, and why not further where it is the Update of a roll-back.

        Raises:
            RequestFailed: It has failed, or nobody waits for it any more.
        """
        try:
            return self._pursue(desired, work), None
        except RequestCancelled as failure:
            self._fail(desired, work, failure)
            raise
        except RequestFailed as failure:
            return Outcome(Verdict.DONE, desired.builder), self._undone(desired, work, failure)

    def _undone(self, desired: DesiredState, work: _Work, failure: RequestFailed) -> RequestFailed:
        """Return the failure of a roll-back's Update, which is answered with what there is; raise any other one.

        A roll-back that fails needs a person, and gives nothing back: the builder is as it is either way.
        """
        if not work.checks.is_rollback(guess=work.request.abandoned is not None):
            self._fail(desired, work, failure)
            raise failure
        if status := self._over(work):
            # It is the first update's retry, and the roll-back's Update has followed it.
            late = cancelled(desired, status)
            self._fail(desired, work, late)
            raise late
        work.log.noted(desired, f"rolled back, but {failure}", now=self._clock.time(), level=logging.WARNING)
        return failure

    def _stop_abandoned(self, abandoned: Request, work: _Work) -> Verdict:
        """Stop, or leave to its scheduled stop, the builder that a failed rename may have started."""
        began_at, now = work.context.began_at, self._clock.time()
        if now > work.checks.last_call_at:
            work.context.left_behind.append(
                f"{abandoned.name}, which the failed update may have started, may still run"
            )
            return Verdict.DONE
        # A start that took all the time leaves enough for a look and a stop before ServiceTimeout.
        request = replace(abandoned, timeout=max(work.request.timeout, now - began_at + ABANDONED_BUILDER_TIME))
        context = CallbackContext.of(work.context.abandoned or {"began_at": began_at, "delivered_at": now})
        context.invocation, context.dated = work.context.invocation, work.context.dated
        desired = self._deleted_goal(request, context, work, only_started=True)
        if desired is None:
            work.context.left_behind.append(
                f"{request.name}, which the failed update may have started, is left as it is"
            )
            return Verdict.DONE
        try:
            verdict = self._pursue(desired, work).verdict
        except RequestCancelled as failure:
            self._fail(desired, work, failure)
            raise
        except RequestFailed as failure:
            work.context.left_behind.append(f"what the failed update may have started may still run: {failure}")
            return Verdict.DONE
        work.context.left_behind.extend(context.left_behind)
        return verdict

    def _delete(self, work: _Work) -> str:
        """Handle a Delete."""
        desired = self._deleted_goal(work.request, work.context, work)
        if desired is None:
            name = work.request.name
            logger.info("%s: deleted, the builder is left as it is", name, extra={"builder": name})
            return work.given_id
        try:
            outcome = self._pursue(desired, work)
        except RequestCancelled as failure:
            self._fail(desired, work, failure)
            raise
        except RequestFailed as failure:
            if not isinstance(desired, EnsureEnded):
                self._fail(desired, work, failure)
                raise
            # No stop was asked for: what could not be tidied up is no reason to keep the stack.
            logger.warning("deleted, with the builder left alone: %s", failure)
            return work.given_id
        if outcome.verdict is Verdict.HAND_OVER:
            self._relay.self_invoke()
            return work.given_id
        self._tell_left_behind(desired, work)
        work.log.noted(desired, f"SUCCESS: {work.context.last_state or 'gone'}", now=self._clock.time())
        return work.given_id

    def _deleted_goal(
        self, request: Request, context: CallbackContext, work: _Work, *, only_started: bool = False
    ) -> DesiredState | None:
        """Return the goal of a Delete, after a look for another resource that has the builder by now."""
        acts = request.schedule or (request.stop_on_delete and request.started_here)
        if acts and context.is_anothers is None:
            told = work.checks.has_another(request.name)
            if told is None:
                # A builder that nobody stops is paid for: what is not known is taken to be this resource's own.
                context.left_behind.append("CloudFormation does not tell whether another resource of the stack has it")
            context.is_anothers = bool(told)
            if context.is_anothers:
                logger.info("%s: another resource of the stack has the builder, which is left to it", request.name)
        return desired_on_delete(
            request,
            context,
            arn=work.arn(request.name),
            is_anothers=bool(context.is_anothers),
            only_started=only_started,
        )

    def _pursue(self, desired: DesiredState, work: _Work) -> Outcome:
        """Pursue a goal until this invocation's end, and hand over there.

        Raises:
            RequestFailed: The goal cannot be reached.
        """
        try:
            outcome = reconcile(
                desired,
                calls=Calls(self._builders, self._schedules),
                checks=work.checks,
                clock=self._clock,
                ends_at=work.ends_at,
                pace=Backoff(desired.request.poll_interval, random=self._random),
                log=work.log,
            )
            return self._hand_over(desired, work) if outcome.verdict is Verdict.HAND_OVER else outcome
        except RequestFailed:
            raise
        except Exception as error:
            # Anything else is a bug of ours. It must not hold the stack: it is answered, and told in the log.
            logger.exception("%s: internal error", desired.request.name)
            raise desired.failed(
                f"internal error {type(error).__name__}", "Report it with the function's log."
            ) from error

    def _hand_over(self, desired: DesiredState, work: _Work) -> Outcome:
        """Queue the successor, with some time kept for the answer should that stay refused."""
        if desired.context is not work.context:
            work.context.abandoned = asdict(desired.context)
        now = self._clock.time()
        try:
            self_invoke(
                self._invoke,
                work.function_arn,
                work.context.self_invoked(work.event, now=now),
                clock=self._clock,
                # Should it stay refused, there is time to ask what that means for the stack, and to answer.
                until=max(now, self._until - RESPONSE_TIME - LONGEST_CALL),
            )
        except AwsCallError as error:
            # Nobody will look again: what is enough at the deadline is enough now.
            if desired.is_enough(now=desired.deadline):
                return Outcome(Verdict.DONE, desired.builder)
            if error.trouble in _PASSING and not (error.may_have_taken_effect and work.context.late):
                # A start that goes well must not fail for it: Lambda delivers the event again in a minute. Only where
                # it has done so before, and this hand-over may have arrived as well, successors would multiply.
                self._not_handed_over = f"{error.code} on {error.action}"
                work.log.noted(desired, f"not handed over ({self._not_handed_over})", now=self._clock.time())
                return Outcome(Verdict.HAND_OVER)
            raise desired.failed(
                f"{desired.missing}, and the wait could not be handed over: {error_messages.cause(error)}",
                error_messages.remedy(error),
                f"AWS: {error.code} on {error.action}: {error.detail}",
            ) from error
        work.log.noted(desired, "handed over to a fresh invocation", now=self._clock.time())
        return Outcome(Verdict.HAND_OVER)

    def _fail(self, desired: DesiredState, work: _Work, failure: RequestFailed) -> None:
        """Choose the id of a failure: an existing one stays; a new one tells a later Delete whether to stop."""
        self._relay.PhysicalResourceId = work.given_id or failed_create_id(desired.request, desired.context)
        wanted = not isinstance(failure, RequestCancelled)
        said, level = (f"FAILED: {failure}", logging.ERROR) if wanted else (f"ended: {failure}", logging.WARNING)
        work.log.noted(desired, said, now=self._clock.time(), level=level)
        self._metrics.failed(desired, failure, now=self._clock.time())

    def _over(self, work: _Work) -> str:
        """Return how a request has ended elsewhere, "" while it is waited for, or where that stays open."""
        try:
            return work.checks.over()
        except AwsCallError:
            return ""

    def _tell_left_behind(self, desired: DesiredState, work: _Work) -> None:
        for what in work.context.left_behind:
            work.log.noted(desired, what, now=self._clock.time(), level=logging.WARNING)

    def _send(self, url: str, body: dict[str, Any]) -> None:
        if body["Status"] == "FAILED":
            # Empty only where crhelper itself failed; CloudFormation refuses a failure without a reason.
            body["Reason"] = body["Reason"] or reason(name="", state="", cause="internal error", remedy="See its log.")
        encoded, cut = truncate_to_limit(body)
        if cut:
            logger.warning("attributes cut to keep the answer within CloudFormation's limit: %s", ", ".join(cut))
        self._delivered = deliver(url, encoded, clock=self._clock, until=self._until, put=self._put)
