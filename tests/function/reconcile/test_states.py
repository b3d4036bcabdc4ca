"""The table of states, row by row; that it has the API's own states is in test_service_model."""

import pytest

from running_image_builder_function.reconcile.states import _UNKNOWN, Action, rule

WAIT, ACT, REACHED, FAIL = Action.WAIT, Action.ACT, Action.REACHED, Action.FAIL
TABLE = {
    "PENDING": (WAIT, WAIT),
    "UPDATING_AGENT": (WAIT, WAIT),
    "RUNNING": (REACHED, ACT),
    "STOPPING": (WAIT, WAIT),
    "STOPPED": (ACT, REACHED),
    "REBOOTING": (WAIT, WAIT),
    "SNAPSHOTTING": (WAIT, WAIT),
    "DELETING": (FAIL, REACHED),
    "FAILED": (FAIL, REACHED),
    "UPDATING": (WAIT, WAIT),
    "PENDING_QUALIFICATION": (WAIT, WAIT),
    "PENDING_SYNCING_APPS": (WAIT, WAIT),
    "SYNCING_APPS": (WAIT, WAIT),
    "PENDING_IMAGE_IMPORT": (WAIT, WAIT),
}


@pytest.mark.parametrize(("state", "meanings"), TABLE.items())
def test_a_state_means_the_same_wherever_it_is_looked_up(state: str, meanings: tuple[Action, Action]) -> None:
    """When starting and when stopping."""
    assert meanings == (rule(state).when_starting, rule(state).when_stopping)


@pytest.mark.parametrize("state", ["", "running", "WARMING_UP"])
def test_any_other_state_is_waited_out(state: str) -> None:
    """A wrong guess costs time, never a wrong call."""
    assert (WAIT, WAIT) == rule(state) == _UNKNOWN
