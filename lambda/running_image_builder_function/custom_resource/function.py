"""The Lambda function for CloudFormation's requests: takes an event, and sends the response."""

import logging
from collections.abc import Callable
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.cloudformation.crhelper_adapter import CrhelperResource, needs_response
from running_image_builder_function.cloudformation.physical_ids import invalid_request_id, named_builder
from running_image_builder_function.cloudformation.request import parse
from running_image_builder_function.cloudformation.response import Put, https_put, send_response, truncate_to_limit
from running_image_builder_function.custom_resource.create_or_update import create_or_update
from running_image_builder_function.custom_resource.delete import delete
from running_image_builder_function.custom_resource.invocation import Invocation
from running_image_builder_function.custom_resource.time_limits import LambdaContext, TimeLimits, time_limits
from running_image_builder_function.model.errors import RequestFailed, reason
from running_image_builder_function.observability.logs import RequestLogger
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.observability.redaction import RedactingFilter
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.ports import Calls, ImageBuilders, Invoke, Schedules, Stacks
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.timing import LEAVE_BUILDER_TIMEOUT, LEAVE_BUILDER_TRY, ROLLBACK_CHECK_TIME, Clock

logger = logging.getLogger("running_image_builder")


class ResponseNotSent(Exception):
    """Raised out of the handler so that Lambda delivers the event again."""


class SelfInvocationFailed(Exception):
    """Raised out of the handler so that Lambda delivers the event again: no next invocation could be queued."""


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

    # Of the invocation that runs:
    _limits: TimeLimits
    _is_sent: bool
    _self_invocation_error: str

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
        self._limits = time_limits(lambda_context, now=self._clock.time())
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
        context = CallbackContext.resume(event, now=now)
        checks = StackChecks(self._stacks, event, context, clock=self._clock)
        # A function with a short limit has no room for a call that hangs.
        checks.last_call_at = max(self._limits.ends_at, self._limits.last_call_at)
        try:
            request = parse(event)
        except RequestFailed as failure:
            return self._invalid(event, failure, checks)
        # A request that arrives after its deadline is hurried by Lambda's limit only.
        ends_by = LEAVE_BUILDER_TIMEOUT + LEAVE_BUILDER_TRY if event["RequestType"] == "Delete" else ROLLBACK_CHECK_TIME
        last_check_at = max(context.began_at + request.timeout, now) + ends_by
        checks.last_call_at = min(checks.last_call_at, last_check_at)
        invocation = Invocation(
            event=event,
            function_arn=lambda_context.invoked_function_arn,
            limits=self._limits,
            request=request,
            context=context,
            checks=checks,
            resource=self._resource,
            calls=self._calls,
            invoke=self._invoke,
            clock=self._clock,
            random=self._random,
            metrics=self._metrics,
            request_log=RequestLogger(context.builder.state if context.invocation > 1 else None),
        )
        physical_id = delete(invocation) if event["RequestType"] == "Delete" else create_or_update(invocation)
        self._self_invocation_error = invocation.self_invocation_error
        return physical_id

    def _invalid(self, event: dict[str, Any], failure: RequestFailed, checks: StackChecks) -> str:
        """Respond to invalid properties: only a Create or Update that somebody can still correct fails."""
        physical_id = str(event.get("PhysicalResourceId") or "")
        if event["RequestType"] == "Delete":
            builder = named_builder(physical_id, event["LogicalResourceId"]) or "the builder"
            logger.warning("deleted, %s is left as it is: %s", builder, failure)
            return physical_id
        self._metrics.invalid(failure, now=self._clock.time())
        if checks.is_rollback():
            logger.warning("rolled back, but %s", failure)
            self._resource.Data = dict.fromkeys((*contract.ATTRIBUTES, contract.SCHEDULED_STOP_TIME), "")
            return physical_id
        self._resource.PhysicalResourceId = physical_id or invalid_request_id(event["LogicalResourceId"])
        logger.error("FAILED: %s", failure)
        raise failure

    def _send(self, url: str, body: dict[str, Any]) -> None:
        if body["Status"] == "FAILED":
            # Empty only where crhelper itself failed; CloudFormation refuses a failure without a reason.
            body["Reason"] = body["Reason"] or reason(name="", state="", cause="internal error", remedy="See its log.")
        encoded, cut = truncate_to_limit(body)
        if cut:
            logger.warning("attributes cut to keep the response within CloudFormation's limit: %s", ", ".join(cut))
        until = self._limits.response_until
        self._is_sent = send_response(url, encoded, clock=self._clock, until=until, put=self._put)
