"""One invocation from event to answer or hand-over; wired from parts, so that tests can pass their own."""

import logging
from collections.abc import Callable
from typing import Any

from running_image_builder_function.answer import Put, deliver, fit, https_put
from running_image_builder_function.clock import Clock
from running_image_builder_function.ensure_ended import LeftAlone
from running_image_builder_function.errors import CallFailed, RequestFailed, reason
from running_image_builder_function.goal import Goal
from running_image_builder_function.goals import goal_of
from running_image_builder_function.identity import builder_arn, failed_id, unread_id
from running_image_builder_function.journal import Journal, Redaction
from running_image_builder_function.journey import Journey
from running_image_builder_function.lifecycle import Outcome, Pace, Verdict, pursue
from running_image_builder_function.metrics import Metrics
from running_image_builder_function.ports import Calls, Context, ImageBuilders, Invoke, Schedules, Stacks
from running_image_builder_function.relay import Relay, answerable
from running_image_builder_function.request import parse
from running_image_builder_function.successor import hand_over

MARGIN = 30.0
"""Seconds before Lambda's limit at which it hands over: enough for a call that hangs, and for the hand-over."""

MARGIN_SHARE = 0.25
"""The same as a share of the time an invocation has, for functions with a short limit."""

ANSWER_RESERVE = 1.0
"""Seconds before Lambda's limit at which sending the answer is given up: Lambda then retries the event."""

_DELETED = ("DELETE_COMPLETE", "DELETE_SKIPPED")
"""A Delete that Lambda delivers again after these must leave the builder alone: somebody else may use it by then."""

_GOING_ON = "_IN_PROGRESS"
_DELETION = "DELETE_"

logger = logging.getLogger("running_image_builder")


class AnswerNotDelivered(Exception):
    """Raised out of the handler so that Lambda delivers the event again."""


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
        self._redaction = Redaction()
        self._until = 0.0
        self._delivered = True
        self._relay = Relay(log_level=log_level, send=self._send)
        for register in (self._relay.create, self._relay.update, self._relay.delete):
            register(self._run)

    def __call__(self, event: dict[str, Any], context: Context) -> None:
        """Run one invocation.

        Raises:
            ValueError: The event is no request of CloudFormation's; nobody waits for an answer.
            AnswerNotDelivered: CloudFormation's end could not be reached; Lambda should try the event again.
        """
        if not isinstance(event, dict) or not answerable(event):
            raise ValueError("this function answers CloudFormation's custom resource requests only")
        self._redaction.protect(event["ResponseURL"])
        self._until = self._clock.time() + context.get_remaining_time_in_millis() / 1000 - ANSWER_RESERVE
        self._delivered = True
        self._relay(event, context)
        if not self._delivered:
            raise AnswerNotDelivered("CloudFormation could not be reached with the answer")

    def _run(self, event: dict[str, Any], context: Context) -> str:
        """Handle one request for crhelper: return the physical id, raise RequestFailed for FAILED."""
        journey = Journey.resume(event, now=self._clock.time())
        journal = Journal(journey.last_state if journey.invocation > 1 else None)
        given_id = str(event.get("PhysicalResourceId") or "")
        try:
            request = parse(event)
        except RequestFailed as failure:
            if event["RequestType"] == "Delete":
                logger.warning("deleted, with the builder left alone: %s", failure)
                return given_id
            self._relay.PhysicalResourceId = given_id or unread_id(event["LogicalResourceId"])
            logger.error("FAILED: %s", failure)
            self._metrics.not_understood(failure, now=self._clock.time())
            raise
        arn = builder_arn(context.invoked_function_arn, request.name)
        goal = goal_of(request, journey, deletes=(deletes := event["RequestType"] == "Delete"), arn=arn)
        if goal is None:
            logger.info("%s: deleted, the builder is left as it is", request.name, extra={"builder": request.name})
            return given_id
        try:
            outcome = self._pursue(goal, event, context, journal)
        except LeftAlone as left:
            logger.warning("deleted, with the builder left alone: %s", left)
            return given_id
        except RequestFailed as failure:
            self._fail(goal, journal, failure, given_id)
            raise
        except Exception as error:
            # Anything else is a bug of ours. It must not hold the stack: it is answered, and told in the log.
            logger.exception("%s: internal error", request.name)
            bug = goal.failed(f"internal error {type(error).__name__}", "Report it with the function's log.")
            self._fail(goal, journal, bug, given_id)
            raise bug from error
        if outcome.verdict is Verdict.HAND_OVER:
            self._relay.hand_over()
            return given_id
        if outcome.builder is not None and not deletes:
            self._relay.Data = goal.data(outcome.builder)
            self._metrics.succeeded(goal, now=self._clock.time())
        journal.noted(goal, f"SUCCESS: {journey.last_state or 'gone'}", now=self._clock.time())
        return given_id if deletes else request.name

    def _pursue(self, goal: Goal, event: dict[str, Any], context: Context, journal: Journal) -> Outcome:
        remaining = context.get_remaining_time_in_millis() / 1000
        outcome = pursue(
            goal,
            calls=Calls(self._builders, self._schedules),
            ended=lambda: self._has_ended(goal, event),
            clock=self._clock,
            ends_at=self._clock.time() + max(remaining - MARGIN, remaining * (1 - MARGIN_SHARE)),
            pace=Pace(goal.request.poll_interval, random=self._random),
            journal=journal,
        )
        if outcome.verdict is Verdict.HAND_OVER:
            return self._hand_over(goal, event, context, journal)
        return outcome

    def _has_ended(self, goal: Goal, event: dict[str, Any]) -> str:
        """Return how the request has ended elsewhere, "" while it is wanted."""
        try:
            status, changed_at = self._stacks.resource(event["StackId"], event["LogicalResourceId"])
        except CallFailed as error:
            # Not knowing must not fail a deploy: the request is then taken to be going on.
            logger.info("no look at the stack: %s", error.code)
            return ""
        if not status.startswith(_DELETION):
            # What ended before this request began was another one.
            is_later = changed_at is not None and changed_at > goal.journey.began_at
            status = status if is_later and not status.endswith(_GOING_ON) else ""
        if event["RequestType"] == "Delete" and status not in _DELETED:
            # What shows while a Delete is wanted: its own deletion, or the update that replaced what it deletes.
            return ""
        return status

    def _hand_over(self, goal: Goal, event: dict[str, Any], context: Context, journal: Journal) -> Outcome:
        """Queue the successor, with a third of the time left kept for the answer should that stay refused."""
        function_arn = context.invoked_function_arn
        left = context.get_remaining_time_in_millis() / 1000
        try:
            hand_over(
                self._invoke,
                function_arn,
                goal.journey.handed_over(event),
                clock=self._clock,
                until=self._clock.time() + left * 2 / 3,
            )
        except CallFailed as error:
            # Nobody will look again: what is enough at the deadline is enough now.
            last = goal.enough(error, now=goal.deadline)
            if last is not None:
                return Outcome(Verdict.DONE, last)
            raise goal.failed(
                "the wait could not be handed over",
                "Allow the role to invoke the function.",
                f"AWS: {error.code} on {error.action}: {error.detail}",
            ) from error
        journal.noted(goal, "handed over to a fresh invocation", now=self._clock.time())
        return Outcome(Verdict.HAND_OVER)

    def _fail(self, goal: Goal, journal: Journal, failure: RequestFailed, given_id: str) -> None:
        """Choose the id of a failure: an existing one stays; a new one tells a later Delete whether to stop."""
        self._relay.PhysicalResourceId = given_id or failed_id(goal.request, goal.journey)
        journal.noted(goal, f"FAILED: {failure}", now=self._clock.time(), level=logging.ERROR)
        self._metrics.failed(goal, failure, now=self._clock.time())

    def _send(self, url: str, body: dict[str, Any]) -> None:
        if body["Status"] == "FAILED":
            # Empty only where crhelper itself failed; CloudFormation refuses a failure without a reason.
            body["Reason"] = body["Reason"] or reason(name="", state="", cause="internal error", remedy="See its log.")
        encoded, cut = fit(body)
        if cut:
            logger.warning("attributes cut to keep the answer within CloudFormation's limit: %s", ", ".join(cut))
        self._delivered = deliver(url, encoded, clock=self._clock, until=self._until, put=self._put)
