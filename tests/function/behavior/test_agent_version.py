"""The specification of the agent's version: asked for, found different, updated by a restart."""

import pytest

from running_image_builder_function.reconcile.desired_state import LAG
from running_image_builder_function.reconcile.stack_checks import STALE
from support.lambda_side import LambdaSide, event
from support.world import NAME, World

LATEST = "10-06-2026"
OLD = "01-01-2020"
UPDATE = event(AppstreamAgentVersion="LATEST", RestartToUpdateAgent="true")


def versions_started(world: World) -> list[str | None]:
    """Return the version of each start that was asked for."""
    calls = [call for call in world.place.calls.all() if call.operation == "StartImageBuilder"]
    return [call.request.get("AppstreamAgentVersion") for call in calls]


@pytest.mark.parametrize("version", [None, "LATEST", LATEST])
def test_a_stopped_builder_is_started_with_the_version(side: LambdaSide, world: World, version: str | None) -> None:
    """Where none is given, the start says nothing of it."""
    world.put("STOPPED", AppstreamAgentVersion=OLD)

    answer = side.run(event(AppstreamAgentVersion=version))

    assert [version] == versions_started(world)
    assert (OLD if version is None else LATEST) == answer["Data"]["AppstreamAgentVersion"]


@pytest.mark.parametrize(("wanted", "has"), [(OLD, OLD), ("LATEST", LATEST), (None, OLD), (None, LATEST)])
def test_a_running_builder_with_that_version_is_answered_at_once(
    side: LambdaSide, world: World, wanted: str | None, has: str
) -> None:
    """No difference, nothing to do."""
    world.put("RUNNING", AppstreamAgentVersion=has)

    assert "SUCCESS" == side.run(event(AppstreamAgentVersion=wanted, RestartToUpdateAgent="true"))["Status"]
    assert ["DescribeImageBuilders"] == world.calls()


@pytest.mark.parametrize("wanted", [LATEST, "LATEST"])
@pytest.mark.parametrize("restart", [None, "false"])
def test_a_running_builder_with_another_version_fails_with_the_remedy(
    side: LambdaSide, world: World, wanted: str, restart: str | None
) -> None:
    """Never a silent difference, and never a stop that nobody asked for."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)

    answer = side.run(event(AppstreamAgentVersion=wanted, RestartToUpdateAgent=restart))

    assert (
        f"Image builder {NAME} (RUNNING): it runs agent {OLD}, asked for is {wanted}. "
        "Set restart_to_update_agent, or stop it and deploy again." == answer["Reason"]
    )
    assert ["DescribeImageBuilders"] == world.calls()


def test_a_running_builder_without_a_version_but_with_an_update_available_fails(side: LambdaSide, world: World) -> None:
    """LatestAppstreamAgentVersion alone tells that it is not the latest one."""
    world.put("RUNNING", AppstreamAgentVersion=None, LatestAppstreamAgentVersion="FALSE")

    assert "it runs agent an older one, asked for is LATEST." in side.run(UPDATE_WITHOUT_RESTART)["Reason"]


UPDATE_WITHOUT_RESTART = event(AppstreamAgentVersion="LATEST")


@pytest.mark.parametrize("wanted", ["LATEST", LATEST])
def test_what_appstream_leaves_open_is_no_difference(side: LambdaSide, world: World, wanted: str) -> None:
    """Both fields may be absent."""
    world.put("RUNNING", AppstreamAgentVersion=None, LatestAppstreamAgentVersion=None)

    assert "SUCCESS" == side.run(event(AppstreamAgentVersion=wanted))["Status"]


@pytest.mark.parametrize("wanted", ["LATEST", LATEST])
def test_with_the_option_a_running_builder_is_stopped_and_started_with_the_version(
    side: LambdaSide, world: World, wanted: str
) -> None:
    """Stop, wait, start, wait."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)

    answer = side.run(event(AppstreamAgentVersion=wanted, RestartToUpdateAgent="true"))

    assert ("SUCCESS", LATEST) == (answer["Status"], answer["Data"]["AppstreamAgentVersion"])
    assert (1, 1) == (world.stops(), world.starts())
    assert [wanted] == versions_started(world)
    assert 840 <= side.answered_at[0] <= 846


def test_a_restart_survives_hand_overs(side: LambdaSide, world: World) -> None:
    """One stop and one start, whatever Lambda's limit."""
    side.limit = 60
    world.put("RUNNING", AppstreamAgentVersion=OLD)

    assert "SUCCESS" == side.run(UPDATE)["Status"]
    assert (1, 1) == (world.stops(), world.starts())


@pytest.mark.parametrize("after", [30, 200, 500])
def test_a_restart_survives_a_killed_invocation(side: LambdaSide, world: World, after: float) -> None:
    """The retry goes on from what the builder shows."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    world.clock.later(after, side.kill)

    assert "SUCCESS" == side.run(UPDATE)["Status"]
    assert (1, 1) == (world.stops(), world.starts())


@pytest.mark.parametrize("lag", [1, 50])
def test_lag_after_the_stop_is_believed(side: LambdaSide, world: World, lag: float) -> None:
    """RUNNING with the old version is shown for a while."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    world.durations(describe_lag=lag)

    assert "SUCCESS" == side.run(UPDATE)["Status"]
    assert ["StopImageBuilder"] == world.calls("StopImageBuilder")


def test_an_error_from_before_the_start_is_not_the_starts(side: LambdaSide, world: World) -> None:
    """AppStream may complain while it stops; what it dates later than the start counts."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    late = [{"ErrorCode": "E", "ErrorMessage": "m", "ErrorTimestamp": world.clock.now + 60}]
    world.clock.later(60, lambda: world.show(ImageBuilderErrors=late))
    world.durations(describe_lag=20)

    assert "SUCCESS" == side.run(UPDATE)["Status"]
    assert 1 == world.starts()


def test_a_stop_that_changes_nothing_fails(side: LambdaSide, world: World) -> None:
    """After that time no description is stale any more."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    world.durations(describe_lag=10_000)

    answer = side.run(UPDATE)

    assert (
        f"Image builder {NAME} (RUNNING): the stop for the agent update was accepted, but it still runs. "
        "See the builder in the AppStream console, then deploy again." == answer["Reason"]
    )
    assert LAG <= side.answered_at[0] <= LAG + STALE


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_lost_stop_is_made_again_only_where_it_had_not_arrived(
    side: LambdaSide, world: World, after_effect: bool
) -> None:
    """What the builder does tells which of the two it was."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    world.fault("drop", "Stop", after_effect=after_effect, times=1)

    assert "SUCCESS" == side.run(UPDATE)["Status"]
    assert (1, 1) == (world.stops(), world.starts())


def test_a_refused_stop_is_bounded(side: LambdaSide, world: World) -> None:
    """Five minutes of being changed by somebody else, then it fails."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    world.fault("error", "Stop", code="ConcurrentModificationException")

    assert "AWS: ConcurrentModificationException on appstream:StopImageBuilder" in side.run(UPDATE)["Reason"]
    assert 300 <= side.answered_at[0] <= 330


def test_a_version_that_the_start_does_not_bring_fails(side: LambdaSide, world: World) -> None:
    """It is started, and then found to differ: once is enough."""
    world.put("STOPPED", AppstreamAgentVersion=OLD)
    world.clock.later(10, lambda: world.show(AppstreamAgentVersion="02-02-2021"))

    answer = side.run(UPDATE)

    assert (
        f"Image builder {NAME} (RUNNING): started, but it runs agent 02-02-2021, asked for is LATEST. "
        "Ask for a version that AppStream offers." == answer["Reason"]
    )
    assert (1, 0) == (world.starts(), world.stops())


def test_a_builder_that_somebody_starts_during_the_restart_is_not_stopped_again(side: LambdaSide, world: World) -> None:
    """They started it with the old agent: that is told, and left to them."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    world.clock.later(60, lambda: world.move("PENDING", (60, "RUNNING")))

    answer = side.run(UPDATE)

    assert f"it runs agent {OLD}, asked for is LATEST." in answer["Reason"]
    assert (1, 0) == (world.stops(), world.starts())


def test_a_failed_start_after_the_stop_fails(side: LambdaSide, world: World) -> None:
    """It falls back to STOPPED: not started again."""
    world.put("RUNNING", AppstreamAgentVersion=OLD)
    world.starts_end("stopped")

    assert (
        "the start failed. Mend what AWS names here, then deploy again. AWS: INTERNAL_SERVICE_ERROR"
        in side.run(UPDATE)["Reason"]
    )
    assert 1 == world.starts()
