"""Decides from a look whether the waiting is over, and how; makes no calls and prints nothing."""

from enum import Enum

from appstream_image_builder_cli.observation import Observation
from running_image_builder_function.reconcile.states import RUNNING, STATES, Meaning


class Verdict(Enum):
    """How the waiting stands."""

    OPEN = "open"
    RUNNING = "running"
    LOST = "lost"


def for_watch(seen: Observation, *, since: float) -> Verdict:
    """Return whether a watched deploy is over.

    Args:
        seen: The look.
        since: From when on a deploy's end counts: what had ended before is not the deploy that is watched.
    """
    deploy = seen.deploy
    if deploy is not None and deploy.in_progress:
        return Verdict.OPEN
    if deploy is not None and deploy.ended_at is not None and deploy.ended_at >= since:
        return Verdict.RUNNING if seen.state == RUNNING and not deploy.failed else Verdict.LOST
    return for_wait(seen)


def for_wait(seen: Observation) -> Verdict:
    """Return whether a wait for RUNNING is over; a stopped builder may still be started by somebody."""
    if seen.builder is not None and seen.state == RUNNING:
        return Verdict.RUNNING
    if seen.deploy is not None and seen.deploy.in_progress:
        return Verdict.OPEN
    row = STATES.get(seen.state)
    gone = seen.builder is None and not seen.notes
    return Verdict.LOST if gone or (row is not None and row.to_run is Meaning.FAIL) else Verdict.OPEN
