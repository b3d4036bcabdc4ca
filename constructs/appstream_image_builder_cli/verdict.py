"""Decides from an observation whether a wait is over, and with which outcome."""

from enum import Enum

from appstream_image_builder_cli.observation import Observation
from running_image_builder_function.reconcile.states import RUNNING, STATES, Action


class Verdict(Enum):
    """The outcome of a wait."""

    OPEN = "open"
    RUNNING = "running"
    LOST = "lost"


def for_watch(seen: Observation, *, since: float) -> Verdict:
    """Return whether a watched deploy is over.

    Args:
        seen: The observation.
        since: When the watch began: a deploy that ended before is not the watched one.
    """
    deploy = seen.deploy
    if deploy is not None and deploy.in_progress:
        return Verdict.OPEN
    if deploy is not None and deploy.ended_at is not None and deploy.ended_at >= since:
        return Verdict.RUNNING if seen.state == RUNNING and not deploy.failed else Verdict.LOST
    return for_wait(seen)


def for_wait(seen: Observation) -> Verdict:
    """Return whether a wait for RUNNING is over; somebody may still start a stopped builder."""
    if seen.builder is not None and seen.state == RUNNING:
        return Verdict.RUNNING
    if seen.deploy is not None and seen.deploy.in_progress:
        return Verdict.OPEN
    row = STATES.get(seen.state)
    gone = seen.builder is None and not seen.notes
    return Verdict.LOST if gone or (row is not None and row.when_starting is Action.FAIL) else Verdict.OPEN
