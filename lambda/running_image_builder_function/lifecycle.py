"""One invocation's loop: look, decide, act, wait, until done, failed or handed over; no boto3, no crhelper."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from running_image_builder_function.clock import Clock
from running_image_builder_function.errors import CallFailed, NotWanted, Trouble
from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.image_builder import ImageBuilder
from running_image_builder_function.ports import ImageBuilders, Journal

LONGEST_PAUSE = 30.0
"""Seconds between two calls at most, however long AppStream throttles."""

ASK_EVERY = 60.0
"""Seconds between two looks at whether CloudFormation still waits for the answer."""


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
    """How long to pause between two calls: steady, slower with jitter while AWS is in trouble, then recovering.

    Args:
        interval: Seconds between two looks when all is well.
        random: Gives a number from 0 to 1.
    """

    def __init__(self, interval: float, *, random: Callable[[], float]) -> None:
        """Start at the steady pace."""
        self._interval = interval
        self._random = random
        self._pause = interval

    def well(self) -> None:
        """Take in a call that was answered."""
        self._pause = max(self._interval, self._pause * 0.75)

    def troubled(self) -> None:
        """Take in a call that was not."""
        self._pause = min(max(LONGEST_PAUSE, self._interval), self._pause * 2)

    def next(self) -> float:
        """Return the seconds to pause."""
        if self._pause <= self._interval:
            return self._interval
        return self._interval + self._random() * (self._pause - self._interval)


def pursue(
    goal: Goal,
    *,
    builders: ImageBuilders,
    ended: Callable[[], str],
    clock: Clock,
    ends_at: float,
    pace: Pace,
    journal: Journal,
) -> Outcome:
    """Pursue a goal until it is reached, lost, or this invocation must end.

    Args:
        goal: What to reach, with the request and its memory.
        builders: The calls.
        ended: Tells how the request has ended elsewhere, "" while it is wanted; asked before each start or stop and
            once a minute.
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
    # A successor asks at once: where a function's limit is below a minute, nobody else ever would.
    asked_at = clock.time() if journey.invocation == 1 else float("-inf")
    while True:
        try:
            builder = builders.describe(request.name)
            try:
                step = goal.step(builder, now=clock.time())
            finally:
                journal.seen(goal, now=clock.time())
            pace.well()
            # A refused start or stop explains a missed deadline for as long as it has left the builder where it was.
            trouble = trouble if journey.last_state == troubled_state else ""
            if step is Step.DONE:
                return Outcome(Verdict.DONE, builder)
            acts = step in (Step.START, Step.STOP) and clock.time() < deadline
            if acts or clock.time() - asked_at >= ASK_EVERY:
                asked_at = clock.time()
                _still_wanted(goal, ended())
            if acts:
                trouble = _act(goal, step, builders=builders, clock=clock, pace=pace, journal=journal)
                troubled_state = journey.last_state
        except CallFailed as error:
            trouble, troubled_state = f"; last error: {error.code}", None
            pace.troubled()
            journal.noted(goal, str(error), now=clock.time())
            last = goal.enough(error, now=clock.time())
            if last is not None:
                return Outcome(Verdict.DONE, last)
            goal.unanswered(error, now=clock.time())
        now = clock.time()
        if now >= deadline:
            raise goal.failed(
                f"not {goal.wanted} within {_in_minutes(request.timeout)}{trouble}",
                "Look at it in the AppStream console, or raise the timeout.",
            )
        if now >= ends_at:
            return Outcome(Verdict.HAND_OVER)
        clock.sleep(min(pace.next(), deadline - now, ends_at - now))


def _in_minutes(seconds: float) -> str:
    return f"{seconds / 60:g} minute{'' if seconds == 60 else 's'}"


def _still_wanted(goal: Goal, status: str) -> None:
    if status:
        told = goal.failed(f"CloudFormation no longer waits for this request ({status})", "Nothing is to be done.")
        raise NotWanted(str(told))


def _act(goal: Goal, step: Step, *, builders: ImageBuilders, clock: Clock, pace: Pace, journal: Journal) -> str:
    """Make the call that a step asks for; return what a later message should say of its failure, "" for none."""
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
        return f"; last error: {error.code}"
    goal.accepted(step, now=clock.time())
    journal.noted(goal, f"{step.value} accepted", now=clock.time())
    return ""
