"""The table of image builder states: what each means for a start and for a stop; no calls and no time here."""

from enum import Enum
from typing import NamedTuple


class Meaning(Enum):
    """What a state asks for, seen from a goal."""

    REACHED = "reached"
    ACT = "act"
    WAIT = "wait"
    FAIL = "fail"


class Row(NamedTuple):
    """One state's meaning for the goal "running" and for the goal "stopped"."""

    to_run: Meaning
    to_stop: Meaning


PENDING = "PENDING"
RUNNING = "RUNNING"
STOPPED = "STOPPED"
STOPPING = "STOPPING"

STARTING = (PENDING, "UPDATING_AGENT")
"""What a start leads through; no other state is a start's doing."""

# All the states of the AppStream API's service model. What follows on each is in no AWS document except for the plain
# ones; whatever is not an end is waited out, so that a wrong guess costs time and never a wrong action.
STATES: dict[str, Row] = {
    "PENDING": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "UPDATING_AGENT": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "RUNNING": Row(to_run=Meaning.REACHED, to_stop=Meaning.ACT),
    "STOPPING": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "STOPPED": Row(to_run=Meaning.ACT, to_stop=Meaning.REACHED),
    "REBOOTING": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "SNAPSHOTTING": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "DELETING": Row(to_run=Meaning.FAIL, to_stop=Meaning.REACHED),
    "FAILED": Row(to_run=Meaning.FAIL, to_stop=Meaning.REACHED),
    "UPDATING": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "PENDING_QUALIFICATION": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "PENDING_SYNCING_APPS": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "SYNCING_APPS": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
    "PENDING_IMAGE_IMPORT": Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT),
}

UNKNOWN = Row(to_run=Meaning.WAIT, to_stop=Meaning.WAIT)
"""A state that AWS added later: waited out, never acted on."""


def row(state: str) -> Row:
    """Return what a state means; a state that is not in the table is waited out."""
    return STATES.get(state, UNKNOWN)
