"""The state table: it is AWS's, and every transition can be walked."""

from __future__ import annotations

import pytest

from appstream_local.service.settings import Durations, changed
from appstream_local.service.states import GONE, STATES, TRANSITIONS, Change, Timeline, scheduled
from appstream_local.service.validation import service_model

_DURATIONS = Durations()


def test_states_are_those_of_the_service_model() -> None:
    """The table has exactly the 14 states botocore's model has."""
    shape = service_model().shape_for("ImageBuilderState")

    assert set(shape.metadata["enum"]) == set(STATES)
    assert 14 == len(STATES)


def test_every_state_but_failed_belongs_to_a_transition() -> None:
    """No state of AWS is forgotten: FAILED, which no trigger aims for, comes from a start's outcome."""
    used = {step.state for transition in TRANSITIONS.values() for step in transition.steps}

    assert set(STATES) - {"FAILED"} == used - {GONE}


@pytest.mark.parametrize("trigger", TRANSITIONS)
def test_a_transition_passes_its_states_in_order(trigger: str) -> None:
    """Each state holds until the very moment its duration is over, and the last one for good."""
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
def test_a_transition_begins_only_in_states_there_are(trigger: str) -> None:
    """What a transition needs is a state of AWS."""
    assert TRANSITIONS[trigger].needs <= set(STATES)


def test_a_timeline_that_lies_ahead_shows_its_first_state() -> None:
    """A look before the first change, as after a clock was set back, does not fail."""
    timeline = Timeline((Change(10.0, "STOPPED"), Change(20.0, "RUNNING")))

    assert "STOPPED" == timeline.current(0.0).state


def test_a_start_takes_as_long_as_real_ones_by_default() -> None:
    """Without settings a start lasts between 5 and 10 minutes, as they typically do."""
    assert 5 * 60 <= _DURATIONS.start <= 10 * 60


def test_settings_change_by_name() -> None:
    """A duration that is named changes, the others stay."""
    assert Durations(start=1.5) == changed(_DURATIONS, {"start": 1.5})
