"""One invocation from event to answer or hand-over; wired from parts, so that tests can pass their own."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.cloudformation.crhelper_adapter import Relay, answerable
from running_image_builder_function.cloudformation.physical_ids import builder_arn, failed_id, unread_id
from running_image_builder_function.cloudformation.request import Request, parse
from running_image_builder_function.cloudformation.response import Put, deliver, fit, https_put
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import CallFailed, NotWanted, RequestFailed, Trouble, reason
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.observability.logs import Journal, Redaction
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.reconcile.callback_context import Journey
from running_image_builder_function.reconcile.desired_state import Goal
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.loop import Outcome, Pace, Verdict, not_wanted, pursue
from running_image_builder_function.reconcile.on_delete import EnsureEnded, deleted_goal
from running_image_builder_function.reconcile.ports import Calls, Context, ImageBuilders, Invoke, Schedules, Stacks
from running_image_builder_function.reconcile.self_invocation import hand_over
from running_image_builder_function.reconcile.stack_checks import Standing
from running_image_builder_function.timing import LONGEST_CALL, Clock

MARGIN = 45.0
"""Seconds before Lambda's limit at which it hands over: enough for two calls that hang, and for the hand-over."""

MARGIN_SHARE = 0.5
"""The same as a share of the time an invocation has, for functions with a short limit."""

ANSWER_RESERVE = 1.0
"""Seconds before Lambda's limit at which sending the answer is given up: Lambda then retries the event."""

ANSWER_TIME = 5.0
"""Seconds that are kept for an answer which usually takes a fraction of one."""

LAST_WORD = 15.0
"""Seconds after the deadline until which CloudFormation is asked whether a failure would need a person. Its own
ServiceTimeout is a minute after the deadline, and each call can hang for a quarter of one."""

LAST_LOOK = 10.0
"""Seconds that a roll-back takes at least for a builder that the failed update may have started."""

_PASSING = (Trouble.THROTTLED, Trouble.UNAVAILABLE)
"""Why a hand-over fails that may go well a minute later."""

logger = logging.getLogger("running_image_builder")


class AnswerNotDelivered(Exception):
    """Raised out of the handler so that Lambda delivers the event again."""


class NotHandedOver(Exception):
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
    journey: Journey
    journal: Journal
    standing: Standing
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
        self._redaction = Redaction()
        self._until = 0.0
        self._delivered = True
        self._not_handed_over = ""
        self._relay = Relay(log_level=log_level, send=self._send)
        for register in (self._relay.create, self._relay.update, self._relay.delete):
            register(self._run)

    def __call__(self, event: dict[str, Any], context: Context) -> None:
        """Run one invocation.

        Raises:
            ValueError: The event is no request of CloudFormation's; nobody waits for an answer.
            AnswerNotDelivered: CloudFormation's end could not be reached; Lambda should try the event again.
            NotHandedOver: No other invocation could be queued; the same.
        """
        if not isinstance(event, dict) or not answerable(event):
            raise ValueError("this function answers CloudFormation's custom resource requests only")
        self._redaction.protect(event["ResponseURL"])
        self._until = self._clock.time() + context.get_remaining_time_in_millis() / 1000 - ANSWER_RESERVE
        self._delivered = True
        self._not_handed_over = ""
        self._relay(event, context)
        if self._not_handed_over:
            raise NotHandedOver(self._not_handed_over)
        if not self._delivered:
            raise AnswerNotDelivered("CloudFormation could not be reached with the answer")

    def _run(self, event: dict[str, Any], context: Context) -> str:
        """Handle one request for crhelper: return the physical id, raise RequestFailed for FAILED."""
        now = self._clock.time()
        remaining = context.get_remaining_time_in_millis() / 1000
        journey = Journey.resume(event, now=now)
        standing = Standing(self._stacks, event, journey, clock=self._clock)
        ends_at = now + max(remaining - MARGIN, remaining * (1 - MARGIN_SHARE))
        # A function with a short limit has no room for a call that hangs.
        standing.last_call_at = max(ends_at, self._until - ANSWER_TIME - LONGEST_CALL)
        try:
            request = parse(event)
        except RequestFailed as failure:
            return self._unreadable(event, failure, standing)
        # Unless it arrives after its deadline, when nobody but Lambda's limit hurries it.
        last_word = max(journey.began_at + request.timeout, now) + LAST_WORD
        standing.last_call_at = min(standing.last_call_at, last_word)
        work = _Work(
            event=event,
            function_arn=context.invoked_function_arn,
            request=request,
            journey=journey,
            journal=Journal(journey.last_state if journey.invocation > 1 else None),
            standing=standing,
            ends_at=ends_at,
        )
        return self._delete(work) if event["RequestType"] == "Delete" else self._ensure_running(work)

    def _unreadable(self, event: dict[str, Any], failure: RequestFailed, standing: Standing) -> str:
        """Answer a request with bad properties: only a Create or Update that somebody can still correct fails."""
        given_id = str(event.get("PhysicalResourceId") or "")
        if event["RequestType"] == "Delete":
            logger.warning("deleted, with the builder left alone: %s", failure)
            return given_id
        self._metrics.not_understood(failure, now=self._clock.time())
        if standing.rolls_back():
            logger.warning("rolled back, but %s", failure)
            self._relay.Data = {**ImageBuilder({}).attributes(), contract.SCHEDULED_STOP_TIME: ""}
            return given_id
        self._relay.PhysicalResourceId = given_id or unread_id(event["LogicalResourceId"])
        logger.error("FAILED: %s", failure)
        raise failure

    def _ensure_running(self, work: _Work) -> str:
        """Handle a Create or Update."""
        request = work.request
        goal = EnsureRunning(request, work.journey, arn=work.arn(request.name))
        outcome, lost = self._reach(goal, work)
        if outcome.verdict is Verdict.DONE and request.abandoned is not None:
            if self._stop_abandoned(request.abandoned, work) is Verdict.HAND_OVER:
                outcome = Outcome(Verdict.HAND_OVER)
            elif lost is None:
                # That may have taken its time: what is answered is what is so now.
                outcome, lost = self._reach(goal, work)
        if outcome.verdict is Verdict.HAND_OVER:
            self._relay.hand_over()
            return work.given_id
        if work.journey.did_start and (status := self._over(work)):
            goal.leave_behind(
                f"it runs, and CloudFormation no longer waits for it ({status}): stop it if it should not"
            )
        now = self._clock.time()
        self._relay.Data = goal.data(outcome.builder)
        self._tell_left_behind(goal, work)
        if lost is None:
            self._metrics.succeeded(goal, now=now)
        else:
            self._metrics.failed(goal, lost, now=now)
        work.journal.noted(goal, f"SUCCESS: {work.journey.last_state or 'gone'}", now=now)
        return request.name

    def _reach(self, goal: Goal, work: _Work) -> tuple[Outcome, RequestFailed | None]:
        """Return how far a Create or Update has come, and why not further where it is the Update of a roll-back.

        Raises:
            RequestFailed: It has failed, or nobody waits for it any more.
        """
        try:
            return self._pursue(goal, work), None
        except NotWanted as failure:
            self._fail(goal, work, failure)
            raise
        except RequestFailed as failure:
            return Outcome(Verdict.DONE, goal.builder), self._undone(goal, work, failure)

    def _undone(self, goal: Goal, work: _Work, failure: RequestFailed) -> RequestFailed:
        """Return the failure of a roll-back's Update, which is answered with what there is; raise any other one.

        A roll-back that fails needs a person, and gives nothing back: the builder is as it is either way.
        """
        if not work.standing.rolls_back(guess=work.request.abandoned is not None):
            self._fail(goal, work, failure)
            raise failure
        if status := self._over(work):
            # It is the first update's retry, and the roll-back's Update has followed it.
            late = not_wanted(goal, status)
            self._fail(goal, work, late)
            raise late
        work.journal.noted(goal, f"rolled back, but {failure}", now=self._clock.time(), level=logging.WARNING)
        return failure

    def _stop_abandoned(self, abandoned: Request, work: _Work) -> Verdict:
        """Stop, or leave to its scheduled stop, the builder that a failed rename may have started."""
        began_at, now = work.journey.began_at, self._clock.time()
        if now > work.standing.last_call_at:
            work.journey.left_behind.append(
                f"{abandoned.name}, which the failed update may have started, may still run"
            )
            return Verdict.DONE
        # A start that took all the time leaves enough for a look and a stop before ServiceTimeout.
        request = replace(abandoned, timeout=max(work.request.timeout, now - began_at + LAST_LOOK))
        journey = Journey.of(work.journey.abandoned or {"began_at": began_at, "delivered_at": now})
        journey.invocation, journey.dated = work.journey.invocation, work.journey.dated
        goal = self._deleted_goal(request, journey, work, only_started=True)
        if goal is None:
            work.journey.left_behind.append(
                f"{request.name}, which the failed update may have started, is left as it is"
            )
            return Verdict.DONE
        try:
            verdict = self._pursue(goal, work).verdict
        except NotWanted as failure:
            self._fail(goal, work, failure)
            raise
        except RequestFailed as failure:
            work.journey.left_behind.append(f"what the failed update may have started may still run: {failure}")
            return Verdict.DONE
        work.journey.left_behind.extend(journey.left_behind)
        return verdict

    def _delete(self, work: _Work) -> str:
        """Handle a Delete."""
        goal = self._deleted_goal(work.request, work.journey, work)
        if goal is None:
            name = work.request.name
            logger.info("%s: deleted, the builder is left as it is", name, extra={"builder": name})
            return work.given_id
        try:
            outcome = self._pursue(goal, work)
        except NotWanted as failure:
            self._fail(goal, work, failure)
            raise
        except RequestFailed as failure:
            if not isinstance(goal, EnsureEnded):
                self._fail(goal, work, failure)
                raise
            # No stop was asked for: what could not be tidied up is no reason to keep the stack.
            logger.warning("deleted, with the builder left alone: %s", failure)
            return work.given_id
        if outcome.verdict is Verdict.HAND_OVER:
            self._relay.hand_over()
            return work.given_id
        self._tell_left_behind(goal, work)
        work.journal.noted(goal, f"SUCCESS: {work.journey.last_state or 'gone'}", now=self._clock.time())
        return work.given_id

    def _deleted_goal(
        self, request: Request, journey: Journey, work: _Work, *, only_started: bool = False
    ) -> Goal | None:
        """Return the goal of a Delete, after a look for another resource that has the builder by now."""
        acts = request.schedule or (request.stop_on_delete and request.started_here)
        if acts and journey.is_anothers is None:
            told = work.standing.has_another(request.name)
            if told is None:
                # A builder that nobody stops is paid for: what is not known is taken to be this resource's own.
                journey.left_behind.append("CloudFormation does not tell whether another resource of the stack has it")
            journey.is_anothers = bool(told)
            if journey.is_anothers:
                logger.info("%s: another resource of the stack has the builder, which is left to it", request.name)
        return deleted_goal(
            request,
            journey,
            arn=work.arn(request.name),
            is_anothers=bool(journey.is_anothers),
            only_started=only_started,
        )

    def _pursue(self, goal: Goal, work: _Work) -> Outcome:
        """Pursue a goal until this invocation's end, and hand over there.

        Raises:
            RequestFailed: The goal cannot be reached.
        """
        try:
            outcome = pursue(
                goal,
                calls=Calls(self._builders, self._schedules),
                standing=work.standing,
                clock=self._clock,
                ends_at=work.ends_at,
                pace=Pace(goal.request.poll_interval, random=self._random),
                journal=work.journal,
            )
            return self._hand_over(goal, work) if outcome.verdict is Verdict.HAND_OVER else outcome
        except RequestFailed:
            raise
        except Exception as error:
            # Anything else is a bug of ours. It must not hold the stack: it is answered, and told in the log.
            logger.exception("%s: internal error", goal.request.name)
            raise goal.failed(f"internal error {type(error).__name__}", "Report it with the function's log.") from error

    def _hand_over(self, goal: Goal, work: _Work) -> Outcome:
        """Queue the successor, with some time kept for the answer should that stay refused."""
        if goal.journey is not work.journey:
            work.journey.abandoned = asdict(goal.journey)
        now = self._clock.time()
        try:
            hand_over(
                self._invoke,
                work.function_arn,
                work.journey.handed_over(work.event, now=now),
                clock=self._clock,
                # Should it stay refused, there is time to ask what that means for the stack, and to answer.
                until=max(now, self._until - ANSWER_TIME - LONGEST_CALL),
            )
        except CallFailed as error:
            # Nobody will look again: what is enough at the deadline is enough now.
            if goal.is_enough(now=goal.deadline):
                return Outcome(Verdict.DONE, goal.builder)
            if error.trouble in _PASSING and not (error.may_have_taken_effect and work.journey.late):
                # A start that goes well must not fail for it: Lambda delivers the event again in a minute. Only where
                # it has done so before, and this hand-over may have arrived as well, successors would multiply.
                self._not_handed_over = f"{error.code} on {error.action}"
                work.journal.noted(goal, f"not handed over ({self._not_handed_over})", now=self._clock.time())
                return Outcome(Verdict.HAND_OVER)
            raise goal.failed(
                f"{goal.missing}, and the wait could not be handed over: {error_messages.cause(error)}",
                error_messages.remedy(error),
                f"AWS: {error.code} on {error.action}: {error.detail}",
            ) from error
        work.journal.noted(goal, "handed over to a fresh invocation", now=self._clock.time())
        return Outcome(Verdict.HAND_OVER)

    def _fail(self, goal: Goal, work: _Work, failure: RequestFailed) -> None:
        """Choose the id of a failure: an existing one stays; a new one tells a later Delete whether to stop."""
        self._relay.PhysicalResourceId = work.given_id or failed_id(goal.request, goal.journey)
        wanted = not isinstance(failure, NotWanted)
        said, level = (f"FAILED: {failure}", logging.ERROR) if wanted else (f"ended: {failure}", logging.WARNING)
        work.journal.noted(goal, said, now=self._clock.time(), level=level)
        self._metrics.failed(goal, failure, now=self._clock.time())

    def _over(self, work: _Work) -> str:
        """Return how a request has ended elsewhere, "" while it is waited for, or where that stays open."""
        try:
            return work.standing.over()
        except CallFailed:
            return ""

    def _tell_left_behind(self, goal: Goal, work: _Work) -> None:
        for what in work.journey.left_behind:
            work.journal.noted(goal, what, now=self._clock.time(), level=logging.WARNING)

    def _send(self, url: str, body: dict[str, Any]) -> None:
        if body["Status"] == "FAILED":
            # Empty only where crhelper itself failed; CloudFormation refuses a failure without a reason.
            body["Reason"] = body["Reason"] or reason(name="", state="", cause="internal error", remedy="See its log.")
        encoded, cut = fit(body)
        if cut:
            logger.warning("attributes cut to keep the answer within CloudFormation's limit: %s", ", ".join(cut))
        self._delivered = deliver(url, encoded, clock=self._clock, until=self._until, put=self._put)
