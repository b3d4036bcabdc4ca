"""The 14 states of an image builder, and the transitions between them as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .settings import Durations

# Documented: the values of ImageBuilderState in the service model.
STATES: Final = (
    "PENDING",
    "UPDATING_AGENT",
    "RUNNING",
    "STOPPING",
    "STOPPED",
    "REBOOTING",
    "SNAPSHOTTING",
    "DELETING",
    "FAILED",
    "UPDATING",
    "PENDING_QUALIFICATION",
    "PENDING_SYNCING_APPS",
    "SYNCING_APPS",
    "PENDING_IMAGE_IMPORT",
)

# What follows DELETING; AWS has no name for it.
GONE: Final = ""


@dataclass(frozen=True)
class Step:
    """One state of a transition.

    Attributes:
        state: The state.
        lasts: The field of `Durations` for how long it lasts; None for the last state.
    """

    state: str
    lasts: str | None = None


@dataclass(frozen=True)
class Transition:
    """What one trigger does to an image builder.

    Attributes:
        needs: The states that allow it.
        steps: The states it passes through, in order.
    """

    needs: frozenset[str]
    steps: tuple[Step, ...]


_STOPPED: Final = frozenset({"STOPPED"})
_RUNNING: Final = frozenset({"RUNNING"})

# AWS documents start, stop, create and snapshot. The order of the others' states is an assumption.
TRANSITIONS: Final[Mapping[str, Transition]] = {
    # The admin guide: a stopped builder is PENDING while it starts.
    "start": Transition(_STOPPED, (Step("PENDING", "start"), Step("RUNNING"))),
    # The state is documented. That it precedes PENDING is an assumption.
    "start_with_agent_update": Transition(
        _STOPPED, (Step("UPDATING_AGENT", "agent_update"), Step("PENDING", "start"), Step("RUNNING"))
    ),
    "stop": Transition(_RUNNING, (Step("STOPPING", "stop"), Step("STOPPED"))),
    "create": Transition(frozenset(), (Step("PENDING", "create"), Step("RUNNING"))),
    "delete": Transition(frozenset({"STOPPED", "FAILED"}), (Step("DELETING", "delete"), Step(GONE))),
    "reboot": Transition(_RUNNING, (Step("REBOOTING", "reboot"), Step("RUNNING"))),
    # The admin guide: creating an image takes a snapshot of the builder and leaves it stopped.
    "snapshot": Transition(_RUNNING, (Step("SNAPSHOTTING", "snapshot"), Step("STOPPED"))),
    "update": Transition(_STOPPED, (Step("UPDATING", "update"), Step("STOPPED"))),
    "sync_apps": Transition(
        _RUNNING,
        (Step("PENDING_SYNCING_APPS", "sync_apps_pending"), Step("SYNCING_APPS", "sync_apps"), Step("RUNNING")),
    ),
    "image_import": Transition(_STOPPED, (Step("PENDING_IMAGE_IMPORT", "image_import"), Step("STOPPED"))),
    "qualification": Transition(_RUNNING, (Step("PENDING_QUALIFICATION", "qualification"), Step("RUNNING"))),
}


@dataclass(frozen=True)
class Change:
    """The moment (epoch seconds) at which a builder enters a state."""

    at: float
    state: str


@dataclass(frozen=True)
class Timeline:
    """The states of one builder, past and scheduled, earliest first.

    Nothing runs: the state is computed when it is read, so an hour takes no longer than a second.
    """

    changes: tuple[Change, ...]

    def current(self, now: float) -> Change:
        """Return the newest change that is due."""
        due = [change for change in self.changes if change.at <= now]
        return due[-1] if due else self.changes[0]


def scheduled(steps: tuple[Step, ...], *, durations: Durations, start: float) -> Timeline:
    """Return the timeline of a transition that begins at a moment (epoch seconds)."""
    changes: list[Change] = []
    at = start
    for step in steps:
        changes.append(Change(at, step.state))
        if step.lasts is None:
            break
        at += getattr(durations, step.lasts)
    return Timeline(tuple(changes))
