"""The state table: it is AWS's, and every transition can be walked."""

import pytest

from appstream_local.service.settings import Durations, changed
from appstream_local.service.states import GONE, STATES, TRANSITIONS, Change, Timeline, scheduled
from appstream_local.service.validation import service_model

_DURATIONS = Durations()


def test_states_are_those_of_the_service_model() -> None:
    """The table has exactly the 14 states of botocore's model."""
    shape = service_model().shape_for("ImageBuilderState")

    assert set(shape.metadata["enum"]) == set(STATES)
    assert 14 == len(STATES)


def test_every_state_but_failed_is_in_a_transition() -> None:
    """FAILED isn't in one, because it comes from a start's outcome."""
    used = {step.state for transition in TRANSITIONS.values() for step in transition.steps}

    assert set(STATES) - {"FAILED"} == used - {GONE}


@pytest.mark.parametrize("trigger", TRANSITIONS)
def test_a_transition_passes_its_states_in_order(trigger: str) -> None:
    """Each state ends exactly when its duration is over, except the last one."""
    steps = TRANSITIONS[trigger].steps
    timeline = scheduled(steps, durations=_DURATIONS, start=1000.0)

    at = 1000.0
    for step in steps[:-1]:
        assert step.lasts is not None
        seconds = getattr(_DURATIONS, step.lasts)
        assert step.state == timeline.current(at).state
        assert step.state == timeline.current(at + seconds - 0.001).state
        at += seconds
    assert steps[-1].lasts is None
    assert steps[-1].state == timeline.current(at).state
    assert steps[-1].state == timeline.current(at + 1e9).state


@pytest.mark.parametrize("trigger", TRANSITIONS)
def test_transitions_need_existing_states(trigger: str) -> None:
    """In AWS's model."""
    assert TRANSITIONS[trigger].needs <= set(STATES)


def test_a_future_timeline_shows_its_first_state() -> None:
    """As after a clock was set back."""
    timeline = Timeline((Change(10.0, "STOPPED"), Change(20.0, "RUNNING")))

    assert "STOPPED" == timeline.current(0.0).state


def test_a_start_takes_minutes_by_default() -> None:
    """Between 5 and 10, as typical starts do."""
    assert 5 * 60 <= _DURATIONS.start <= 10 * 60


def test_settings_change_by_name() -> None:
    """The named duration changes, and the others stay."""
    assert Durations(start=1.5) == changed(_DURATIONS, {"start": 1.5})
