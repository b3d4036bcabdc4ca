"""One invocation's loop: look, decide, act, wait, until done, failed or handed over; no boto3, no crhelper."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestCancelled, RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.reconcile.desired_state import SCHEDULE_STEPS, DesiredState, Step
from running_image_builder_function.reconcile.ports import Calls, ImageBuilders, ProgressLog
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.reconcile.states import Action, row
from running_image_builder_function.reconcile.stop_schedule_steps import change_schedule
from running_image_builder_function.timing import Clock

MAX_DELAY = 15.0
"""Seconds between two calls at most, however long AppStream throttles."""

DESCRIPTION_MAX_AGE = 30.0
"""Seconds for which a look is good enough to repeat a throttled start without another one, which would take a request
away from others that wait for theirs."""

CANCELLATION_CHECK_INTERVAL = 60.0
"""Seconds between two looks at whether CloudFormation still waits for the answer."""


EXTRA_CALL_DELAY = 2.0
"""Seconds that a start or stop adds to the pause, since it was made at once after a look: so there are never more calls
than one each 2 s."""


class Verdict(Enum):
    """How an invocation ends that did not fail."""

    DONE = "done"
    HAND_OVER = "hand over"


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended, with the builder as last seen (None where it does not exist)."""

    verdict: Verdict
    builder: ImageBuilder | None = None


class Backoff:
    """How long to pause between two calls: steady; slower once AWS is in trouble, then recovering little by little.

    Many builders that share a limit find the pace at which it suffices for all: a refused call doubles a builder's
    pause, and only many answered ones shorten it again. The refused call itself is repeated sooner than that, since
    whoever is refused has waited already.

    Args:
        interval: Seconds between two looks when all is well.
        random: Gives a number from 0 to 1.
    """

    def __init__(self, interval: float, *, random: Callable[[], float]) -> None:
        """Start at the steady pace."""
        self._interval = interval
        self._random = random
        self._pause = interval
        self._refused = False

    def well(self) -> None:
        """Take in a call that was answered."""
        self._pause = max(self._interval, self._pause * 0.9)
        self._refused = False

    def on_failure(self) -> None:
        """Take in a call that was not."""
        self._pause = min(max(MAX_DELAY, self._interval), self._pause * 2)
        self._refused = True

    def next(self) -> float:
        """Return the seconds to pause, at least the interval."""
        pause = self._pause * (0.5 + 0.5 * self._random())
        return max(self._interval, pause * 0.3 if self._refused else pause)


def reconcile(
    desired: DesiredState,
    *,
    calls: Calls,
    checks: StackChecks,
    clock: Clock,
    ends_at: float,
    pace: Backoff,
    log: ProgressLog,
) -> Outcome:
    """Pursue a goal until it is reached, lost, or this invocation must end.

    Args:
        desired: What to reach, with the request and its memory.
        calls: The calls about the builder and its scheduled stop.
        checks: Where the request stands with CloudFormation; asked before each change and once a minute.
        clock: The time.
        ends_at: When this invocation must hand over, in seconds since the epoch.
        pace: How long to pause.
        log: The log.

    Returns:
        DONE with the builder, or HAND_OVER.

    Raises:
        RequestFailed: The goal cannot be reached, or not within the request's timeout.
    """
    request, context = desired.request, desired.context
    deadline = desired.deadline
    trouble = ""
    troubled_state: str | None = None
    step = Step.WAIT
    looked_at = 0.0
    repeats = False
    # A successor asks at once: where a function's limit is below a minute, nobody else ever would.
    asked_at = clock.time() if context.invocation == 1 else float("-inf")
    asked_at -= max(0.0, CANCELLATION_CHECK_INTERVAL - checks.ask_within)
    while True:
        looks = not repeats or clock.time() - looked_at >= DESCRIPTION_MAX_AGE
        repeats = accepted = False
        try:
            if looks:
                step = Step.WAIT
                builder = calls.builders.describe(request.name) if desired.needs_look else None
                looked_at = clock.time()
                try:
                    step = desired.looked(builder, now=looked_at)
                finally:
                    log.seen(desired, now=looked_at)
                pace.well()
                # A refused start or stop explains a missed deadline for as long as it left the builder where it was.
                trouble = trouble if context.last_state == troubled_state else ""
                if step is Step.DONE:
                    return Outcome(Verdict.DONE, builder)
            # Not in an invocation's last seconds: a call that hangs must not keep it from handing over.
            acts = step is not Step.WAIT and clock.time() < min(deadline, ends_at)
            outwaited = asked_at < desired.outwaits_at <= clock.time()
            if acts or outwaited or clock.time() - asked_at >= CANCELLATION_CHECK_INTERVAL:
                asked_at = clock.time()
                _still_wanted(desired, checks, now=asked_at)
                # Asking has taken time as well.
                acts = acts and clock.time() < min(deadline, ends_at)
            if acts and step in SCHEDULE_STEPS:
                log.noted(
                    desired,
                    change_schedule(desired, step, schedules=calls.schedules, now=clock.time()),
                    now=clock.time(),
                )
                continue
            if acts:
                refusal = _act(desired, step, builders=calls.builders, clock=clock, pace=pace, log=log)
                accepted = refusal is None
                repeats = refusal is not None and refusal.trouble is ErrorKind.THROTTLED and step is Step.START
                trouble = "" if refusal is None else f"; last error: {refusal.code}"
                troubled_state = context.last_state
        except AwsCallError as error:
            trouble = f"; last error: {error.code}"
            troubled_state = context.last_state if step in SCHEDULE_STEPS else None
            pace.on_failure()
            log.noted(desired, str(error), now=clock.time())
            try:
                if desired.is_enough(now=clock.time()):
                    return Outcome(Verdict.DONE, desired.builder)
                if step in SCHEDULE_STEPS:
                    desired.scheduling_refused(error, now=clock.time())
                else:
                    desired.unanswered(error, now=clock.time())
                if clock.time() - asked_at >= CANCELLATION_CHECK_INTERVAL:
                    asked_at = clock.time()
                    _still_wanted(desired, checks, now=asked_at)
            except AwsCallError as unknown:
                log.noted(desired, str(unknown), now=clock.time())
            except RequestFailed:
                # No later look will succeed: what would do at the deadline does now.
                if not desired.is_enough(now=deadline):
                    raise
                return Outcome(Verdict.DONE, desired.builder)
        now = clock.time()
        if now >= deadline:
            if desired.is_enough(now=now):
                return Outcome(Verdict.DONE, desired.builder)
            raise desired.too_late(trouble)
        if now >= ends_at:
            return Outcome(Verdict.HAND_OVER)
        pause = pace.next() + (EXTRA_CALL_DELAY if looks and accepted else 0.0)
        clock.sleep(min(pause, deadline - now, ends_at - now))


def cancelled(desired: DesiredState, status: str) -> RequestCancelled:
    """Return the end of a request that is over, or that a later one has followed, by the status that tells it."""
    context = desired.context
    started = context.did_start or (
        context.may_have_started and row(context.last_state).when_stopping is not Action.REACHED
    )
    alone = status.startswith("DELETE_") or status.endswith("_FAILED")
    remedy = "Stop the builder if it should not run." if started and alone else "No action is needed."
    return RequestCancelled(str(desired.failed(f"CloudFormation no longer waits for this request ({status})", remedy)))


def _still_wanted(desired: DesiredState, checks: StackChecks, *, now: float) -> None:
    # This can take its time, and what follows is done only for a request that is waited for at that moment.
    outwaited = desired.outwaits_at <= now and checks.is_rollback()
    if status := checks.over():
        raise cancelled(desired, status)
    if outwaited:
        raise desired.failed("it is still on its way", "Look at it in the AppStream console.")


def _act(
    desired: DesiredState, step: Step, *, builders: ImageBuilders, clock: Clock, pace: Backoff, log: ProgressLog
) -> AwsCallError | None:
    """Make the call that a step asks for; return its failure, None for none."""
    name = desired.request.name
    try:
        if step is Step.START:
            builders.start(name, desired.request.agent_version)
        else:
            builders.stop(name)
    except AwsCallError as error:
        log.noted(desired, str(error), now=clock.time())
        if error.trouble in (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE, ErrorKind.BUSY):
            pace.on_failure()
        desired.refused(step, error, now=clock.time())
        return error
    pace.well()
    desired.accepted(step, now=clock.time())
    log.noted(desired, f"{step.value} accepted", now=clock.time())
    return None
