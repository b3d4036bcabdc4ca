"""One invocation's loop: look, decide, act, wait, until done, failed or handed over; no boto3, no crhelper."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from running_image_builder_function.model.errors import CallFailed, NotWanted, RequestFailed, Trouble
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.reconcile.desired_state import SCHEDULING, Goal, Step
from running_image_builder_function.reconcile.ports import Calls, ImageBuilders, Journal
from running_image_builder_function.reconcile.stack_checks import Standing
from running_image_builder_function.reconcile.states import Meaning, row
from running_image_builder_function.reconcile.stop_schedule_steps import change_schedule
from running_image_builder_function.timing import Clock

LONGEST_PAUSE = 15.0
"""Seconds between two calls at most, however long AppStream throttles."""

LOOK_LASTS = 30.0
"""Seconds for which a look is good enough to repeat a throttled start without another one, which would take a request
away from others that wait for theirs."""

ASK_EVERY = 60.0
"""Seconds between two looks at whether CloudFormation still waits for the answer."""


SECOND_CALL_PAUSE = 2.0
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


class Pace:
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

    def troubled(self) -> None:
        """Take in a call that was not."""
        self._pause = min(max(LONGEST_PAUSE, self._interval), self._pause * 2)
        self._refused = True

    def next(self) -> float:
        """Return the seconds to pause, at least the interval."""
        pause = self._pause * (0.5 + 0.5 * self._random())
        return max(self._interval, pause * 0.3 if self._refused else pause)


def pursue(
    goal: Goal,
    *,
    calls: Calls,
    standing: Standing,
    clock: Clock,
    ends_at: float,
    pace: Pace,
    journal: Journal,
) -> Outcome:
    """Pursue a goal until it is reached, lost, or this invocation must end.

    Args:
        goal: What to reach, with the request and its memory.
        calls: The calls about the builder and its scheduled stop.
        standing: Where the request stands with CloudFormation; asked before each change and once a minute.
        clock: The time.
        ends_at: When this invocation must hand over, in seconds since the epoch.
        pace: How long to pause.
        journal: The log.

    Returns:
        DONE with the builder, or HAND_OVER.

    Raises:
        RequestFailed: The goal cannot be reached, or not within the request's timeout.
    """
    request, journey = goal.request, goal.journey
    deadline = goal.deadline
    trouble = ""
    troubled_state: str | None = None
    step = Step.WAIT
    looked_at = 0.0
    repeats = False
    # A successor asks at once: where a function's limit is below a minute, nobody else ever would.
    asked_at = clock.time() if journey.invocation == 1 else float("-inf")
    asked_at -= max(0.0, ASK_EVERY - standing.ask_within)
    while True:
        looks = not repeats or clock.time() - looked_at >= LOOK_LASTS
        repeats = accepted = False
        try:
            if looks:
                step = Step.WAIT
                builder = calls.builders.describe(request.name) if goal.needs_look else None
                looked_at = clock.time()
                try:
                    step = goal.looked(builder, now=looked_at)
                finally:
                    journal.seen(goal, now=looked_at)
                pace.well()
                # A refused start or stop explains a missed deadline for as long as it left the builder where it was.
                trouble = trouble if journey.last_state == troubled_state else ""
                if step is Step.DONE:
                    return Outcome(Verdict.DONE, builder)
            # Not in an invocation's last seconds: a call that hangs must not keep it from handing over.
            acts = step is not Step.WAIT and clock.time() < min(deadline, ends_at)
            outwaited = asked_at < goal.outwaits_at <= clock.time()
            if acts or outwaited or clock.time() - asked_at >= ASK_EVERY:
                asked_at = clock.time()
                _still_wanted(goal, standing, now=asked_at)
                # Asking has taken time as well.
                acts = acts and clock.time() < min(deadline, ends_at)
            if acts and step in SCHEDULING:
                journal.noted(
                    goal, change_schedule(goal, step, schedules=calls.schedules, now=clock.time()), now=clock.time()
                )
                continue
            if acts:
                refusal = _act(goal, step, builders=calls.builders, clock=clock, pace=pace, journal=journal)
                accepted = refusal is None
                repeats = refusal is not None and refusal.trouble is Trouble.THROTTLED and step is Step.START
                trouble = "" if refusal is None else f"; last error: {refusal.code}"
                troubled_state = journey.last_state
        except CallFailed as error:
            trouble = f"; last error: {error.code}"
            troubled_state = journey.last_state if step in SCHEDULING else None
            pace.troubled()
            journal.noted(goal, str(error), now=clock.time())
            try:
                if goal.is_enough(now=clock.time()):
                    return Outcome(Verdict.DONE, goal.builder)
                if step in SCHEDULING:
                    goal.scheduling_refused(error, now=clock.time())
                else:
                    goal.unanswered(error, now=clock.time())
                if clock.time() - asked_at >= ASK_EVERY:
                    asked_at = clock.time()
                    _still_wanted(goal, standing, now=asked_at)
            except CallFailed as unknown:
                journal.noted(goal, str(unknown), now=clock.time())
            except RequestFailed:
                # No later look will succeed: what would do at the deadline does now.
                if not goal.is_enough(now=deadline):
                    raise
                return Outcome(Verdict.DONE, goal.builder)
        now = clock.time()
        if now >= deadline:
            if goal.is_enough(now=now):
                return Outcome(Verdict.DONE, goal.builder)
            raise goal.too_late(trouble)
        if now >= ends_at:
            return Outcome(Verdict.HAND_OVER)
        pause = pace.next() + (SECOND_CALL_PAUSE if looks and accepted else 0.0)
        clock.sleep(min(pause, deadline - now, ends_at - now))


def not_wanted(goal: Goal, status: str) -> NotWanted:
    """Return the end of a request that is over, or that a later one has followed, by the status that tells it."""
    journey = goal.journey
    started = journey.did_start or (journey.may_have_started and row(journey.last_state).to_stop is not Meaning.REACHED)
    alone = status.startswith("DELETE_") or status.endswith("_FAILED")
    remedy = "Stop the builder if it should not run." if started and alone else "No action is needed."
    return NotWanted(str(goal.failed(f"CloudFormation no longer waits for this request ({status})", remedy)))


def _still_wanted(goal: Goal, standing: Standing, *, now: float) -> None:
    # This can take its time, and what follows is done only for a request that is waited for at that moment.
    outwaited = goal.outwaits_at <= now and standing.rolls_back()
    if status := standing.over():
        raise not_wanted(goal, status)
    if outwaited:
        raise goal.failed("it is still on its way", "Look at it in the AppStream console.")


def _act(
    goal: Goal, step: Step, *, builders: ImageBuilders, clock: Clock, pace: Pace, journal: Journal
) -> CallFailed | None:
    """Make the call that a step asks for; return its failure, None for none."""
    name = goal.request.name
    try:
        if step is Step.START:
            builders.start(name, goal.request.agent_version)
        else:
            builders.stop(name)
    except CallFailed as error:
        journal.noted(goal, str(error), now=clock.time())
        if error.trouble in (Trouble.THROTTLED, Trouble.UNAVAILABLE, Trouble.BUSY):
            pace.troubled()
        goal.refused(step, error, now=clock.time())
        return error
    pace.well()
    goal.accepted(step, now=clock.time())
    journal.noted(goal, f"{step.value} accepted", now=clock.time())
    return None
