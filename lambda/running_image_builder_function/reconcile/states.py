"""The table of image builder states: what each asks for when starting and when stopping."""

from enum import Enum
from typing import NamedTuple


class Action(Enum):
    """What a state asks for."""

    REACHED = "reached"
    ACT = "act"
    WAIT = "wait"
    FAIL = "fail"


class StateRule(NamedTuple):
    """What one state asks for on a Create or Update, and on a Delete that stops."""

    when_starting: Action
    when_stopping: Action


PENDING = "PENDING"
RUNNING = "RUNNING"
STOPPED = "STOPPED"
STOPPING = "STOPPING"

STARTING = (PENDING, "UPDATING_AGENT")
"""The states that a start leads through."""

# All states of the AppStream API's service model. For most, AWS doesn't document what follows. Whatever is no end is
# waited out: a wrong guess costs time, and never causes a wrong action.
STATES: dict[str, StateRule] = {
    "PENDING": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "UPDATING_AGENT": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "RUNNING": StateRule(when_starting=Action.REACHED, when_stopping=Action.ACT),
    "STOPPING": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "STOPPED": StateRule(when_starting=Action.ACT, when_stopping=Action.REACHED),
    "REBOOTING": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "SNAPSHOTTING": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "DELETING": StateRule(when_starting=Action.FAIL, when_stopping=Action.REACHED),
    "FAILED": StateRule(when_starting=Action.FAIL, when_stopping=Action.REACHED),
    "UPDATING": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "PENDING_QUALIFICATION": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "PENDING_SYNCING_APPS": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "SYNCING_APPS": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
    "PENDING_IMAGE_IMPORT": StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT),
}

_UNKNOWN = StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT)
"""For a state that AWS has added since: wait, never act."""


def rule(state: str) -> StateRule:
    """Return a state's rule; a state that isn't in the table is waited out."""
    return STATES.get(state, _UNKNOWN)
