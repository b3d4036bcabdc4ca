"""The table of image builder states: what each means for a start and for a stop; no calls and no time here."""

from enum import Enum
from typing import NamedTuple


class Action(Enum):
    """What a state asks for, seen from a goal."""

    REACHED = "reached"
    ACT = "act"
    WAIT = "wait"
    FAIL = "fail"


class StateRule(NamedTuple):
    """One state's meaning for the goal "running" and for the goal "stopped"."""

    when_starting: Action
    when_stopping: Action


PENDING = "PENDING"
RUNNING = "RUNNING"
STOPPED = "STOPPED"
STOPPING = "STOPPING"

STARTING = (PENDING, "UPDATING_AGENT")
"""What a start leads through; no other state is a start's doing."""

# All the states of the AppStream API's service model. What follows on each is in no AWS document except for the plain
# ones; whatever is not an end is waited out, so that a wrong guess costs time and never a wrong action.
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

UNKNOWN = StateRule(when_starting=Action.WAIT, when_stopping=Action.WAIT)
"""A state that AWS added later: waited out, never acted on."""


def row(state: str) -> StateRule:
    """Return what a state means; a state that is not in the table is waited out."""
    return STATES.get(state, UNKNOWN)
