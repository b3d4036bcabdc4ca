"""Image builders in virtual time: what each operation needs, does and shows."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appstream_local.service.builders import ImageBuilders
from appstream_local.service.errors import ApiError
from appstream_local.service.in_process import VirtualClock
from appstream_local.service.settings import Behavior, Durations
from appstream_local.service.states import STATES

_NAME = "cad"


def _shown(builders: ImageBuilders, name: str = _NAME) -> dict[str, Any]:
    [description] = builders.describe([name])
    return description


@pytest.fixture
def stopped(builders: ImageBuilders) -> ImageBuilders:
    """Return builders with one that is stopped."""
    builders.put(_NAME, state="STOPPED", fields={})
    return builders


def test_a_started_builder_is_pending_and_then_running(stopped: ImageBuilders, clock: VirtualClock) -> None:
    """A start returns PENDING; the builder is RUNNING exactly when the duration is over."""
    assert "PENDING" == stopped.start(_NAME)["State"]

    clock.advance(stopped.durations.start - 0.001)
    assert "PENDING" == _shown(stopped)["State"]
    clock.advance(0.001)
    assert "RUNNING" == _shown(stopped)["State"]


def test_a_stopped_builder_is_stopping_and_then_stopped(builders: ImageBuilders, clock: VirtualClock) -> None:
    """A stop returns STOPPING and ends in STOPPED."""
    builders.put(_NAME, state="RUNNING", fields={})

    assert "STOPPING" == builders.stop(_NAME)["State"]
    clock.advance(builders.durations.stop)
    assert "STOPPED" == _shown(builders)["State"]


@pytest.mark.parametrize("state", sorted(set(STATES) - {"STOPPED"}))
def test_start_needs_a_stopped_builder(builders: ImageBuilders, state: str) -> None:
    """A start in another state has the configured error, and doesn't count."""
    builders.put(_NAME, state=state, fields={})
    builders.behavior = Behavior(start_refusal_code="ConcurrentModificationException")

    with pytest.raises(ApiError) as refused:
        builders.start(_NAME)

    assert "ConcurrentModificationException" == refused.value.code
    assert 0 == builders.observe(_NAME)[0].starts


def test_a_refused_start_can_answer_as_if_accepted(builders: ImageBuilders) -> None:
    """With an empty refusal code a start of a running builder succeeds and changes nothing."""
    builders.put(_NAME, state="RUNNING", fields={})
    builders.behavior = Behavior(start_refusal_code="")

    assert "RUNNING" == builders.start(_NAME)["State"]
    assert 0 == builders.observe(_NAME)[0].starts


@pytest.mark.parametrize("state", sorted(set(STATES) - {"RUNNING"}))
def test_stop_needs_a_running_builder(builders: ImageBuilders, state: str) -> None:
    """A stop in another state is OperationNotPermittedException."""
    builders.put(_NAME, state=state, fields={})

    with pytest.raises(ApiError, match="OperationNotPermittedException"):
        builders.stop(_NAME)


@pytest.mark.parametrize("state", sorted(set(STATES) - {"STOPPED", "FAILED"}))
def test_delete_needs_a_stopped_or_failed_builder(builders: ImageBuilders, state: str) -> None:
    """A delete in another state is OperationNotPermittedException."""
    builders.put(_NAME, state=state, fields={})

    with pytest.raises(ApiError, match="OperationNotPermittedException"):
        builders.delete(_NAME)


def test_a_deleted_builder_is_gone_after_deleting(stopped: ImageBuilders, clock: VirtualClock) -> None:
    """It is DELETING, then unknown, and its name is free again."""
    assert "DELETING" == stopped.delete(_NAME)["State"]
    clock.advance(stopped.durations.delete)

    with pytest.raises(ApiError, match="ResourceNotFoundException"):
        stopped.describe([_NAME])
    assert "PENDING" == stopped.create({"Name": _NAME, "InstanceType": "t", "ImageName": "i"})["State"]


def test_starts_and_stops_are_counted_per_builder(stopped: ImageBuilders, clock: VirtualClock) -> None:
    """Only accepted calls count, for each builder."""
    stopped.put("other", state="STOPPED", fields={})
    stopped.start(_NAME)
    clock.advance(stopped.durations.start)
    stopped.stop(_NAME)
    with pytest.raises(ApiError):
        stopped.stop(_NAME)

    first, second = (stopped.observe(name)[0] for name in (_NAME, "other"))
    assert (1, 1) == (first.starts, first.stops)
    assert (0, 0) == (second.starts, second.stops)


def test_describe_can_lag_behind_an_accepted_start(stopped: ImageBuilders, clock: VirtualClock) -> None:
    """During the lag describe shows the old state, but a second start is refused."""
    stopped.durations = Durations(describe_lag=5)
    stopped.start(_NAME)

    assert "STOPPED" == _shown(stopped)["State"]
    with pytest.raises(ApiError):
        stopped.start(_NAME)
    clock.advance(5)
    assert "PENDING" == _shown(stopped)["State"]


def test_describe_can_lag_behind_an_accepted_stop(builders: ImageBuilders, clock: VirtualClock) -> None:
    """During the lag a stopping builder is shown as RUNNING."""
    builders.put(_NAME, state="RUNNING", fields={})
    builders.durations = Durations(describe_lag=5)
    builders.stop(_NAME)

    assert "RUNNING" == _shown(builders)["State"]
    clock.advance(5)
    assert "STOPPING" == _shown(builders)["State"]


def test_a_lagging_description_shows_nothing_that_never_was(builders: ImageBuilders, clock: VirtualClock) -> None:
    """What was scheduled before the stop does not happen."""
    builders.put(_NAME, state="RUNNING", fields={})
    builders.set_state(_NAME, "RUNNING", [(3, "STOPPED")])
    builders.durations = Durations(describe_lag=5)
    builders.stop(_NAME)
    clock.advance(4)

    assert "RUNNING" == _shown(builders)["State"]


def test_unknown_names_are_not_found_or_left_out(stopped: ImageBuilders) -> None:
    """One unknown name fails the whole call, unless unknown names are omitted."""
    with pytest.raises(ApiError) as refused:
        stopped.describe([_NAME, "nobody"])
    assert ("ResourceNotFoundException", 404) == (refused.value.code, refused.value.http_status)

    stopped.behavior = replace(stopped.behavior, unknown_name_is_empty=True)
    assert [_NAME] == [each["Name"] for each in stopped.describe([_NAME, "nobody"])]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["start", "stop", "advance", "delete"]), max_size=25))
def test_no_order_of_operations_breaks_the_machine(operations: list[str]) -> None:
    """After any sequence of calls, a start succeeds exactly if the builder is STOPPED."""
    clock = VirtualClock()
    builders = ImageBuilders(now=clock)
    builders.put(_NAME, state="STOPPED", fields={})
    for operation in operations:
        if operation == "advance":
            clock.advance(100)
            continue
        if not builders.describe():
            return
        before, starts = _shown(builders)["State"], builders.observe(_NAME)[0].starts
        try:
            getattr(builders, operation)(_NAME)
        except ApiError:
            assert not (operation == "start" and before == "STOPPED")
        else:
            assert not (operation == "start" and before != "STOPPED")
            assert (operation == "start") == (builders.observe(_NAME)[0].starts == starts + 1)
        assert _shown(builders)["State"] in STATES
