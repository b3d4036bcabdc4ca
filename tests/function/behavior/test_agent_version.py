"""The specification of the agent's version: asked for, found different, updated by a restart."""

import pytest

from running_image_builder_function.timing import CONSISTENCY_WINDOW, STACK_CONSISTENCY_WINDOW
from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event

LATEST = "10-06-2026"
OLD = "01-01-2020"
UPDATE = event(AppstreamAgentVersion="LATEST", RestartToUpdateAgent="true")


def versions_started(appstream: FakeAppStream) -> list[str | None]:
    """Return the version of each start that was asked for."""
    calls = [call for call in appstream.region.calls.all() if call.operation == "StartImageBuilder"]
    return [call.request.get("AppstreamAgentVersion") for call in calls]


@pytest.mark.parametrize("version", [None, "LATEST", LATEST])
def test_a_stopped_builder_is_started_with_the_version(harness: LambdaHarness, version: str | None) -> None:
    """Where none is given, the start says nothing of it."""
    harness.appstream.put("STOPPED", AppstreamAgentVersion=OLD)

    response = harness.run(event(AppstreamAgentVersion=version))

    assert [version] == versions_started(harness.appstream)
    assert (OLD if version is None else LATEST) == response["Data"]["AppstreamAgentVersion"]


@pytest.mark.parametrize(("wanted", "has"), [(OLD, OLD), ("LATEST", LATEST), (None, OLD), (None, LATEST)])
def test_a_running_builder_with_that_version_succeeds(harness: LambdaHarness, wanted: str | None, has: str) -> None:
    """No difference, nothing to do."""
    harness.appstream.put("RUNNING", AppstreamAgentVersion=has)

    assert "SUCCESS" == harness.run(event(AppstreamAgentVersion=wanted, RestartToUpdateAgent="true"))["Status"]
    assert ["DescribeImageBuilders"] == harness.appstream.calls()


@pytest.mark.parametrize("wanted", [LATEST, "LATEST"])
@pytest.mark.parametrize("restart", [None, "false"])
def test_a_running_builder_with_another_version_fails(harness: LambdaHarness, wanted: str, restart: str | None) -> None:
    """Never a silent difference, and never a stop that nobody asked for."""
    harness.appstream.put("RUNNING", AppstreamAgentVersion=OLD)

    response = harness.run(event(AppstreamAgentVersion=wanted, RestartToUpdateAgent=restart))

    assert (
        f"Image builder {NAME} (RUNNING): it runs agent {OLD}, but {wanted} was requested. "
        "Set restart_to_update_agent, or stop it and deploy again." == response["Reason"]
    )
    assert ["DescribeImageBuilders"] == harness.appstream.calls()


def test_a_running_builder_with_an_available_update_fails(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """LatestAppstreamAgentVersion alone shows that it is not the latest one."""
    appstream.put("RUNNING", AppstreamAgentVersion=None, LatestAppstreamAgentVersion="FALSE")

    assert "it runs agent an older one, but LATEST was requested." in harness.run(UPDATE_WITHOUT_RESTART)["Reason"]


UPDATE_WITHOUT_RESTART = event(AppstreamAgentVersion="LATEST")


@pytest.mark.parametrize("wanted", ["LATEST", LATEST])
def test_what_appstream_leaves_open_is_no_difference(harness: LambdaHarness, wanted: str) -> None:
    """Both fields may be absent."""
    harness.appstream.put("RUNNING", AppstreamAgentVersion=None, LatestAppstreamAgentVersion=None)

    assert "SUCCESS" == harness.run(event(AppstreamAgentVersion=wanted))["Status"]


@pytest.mark.parametrize("wanted", ["LATEST", LATEST])
def test_with_the_option_a_running_builder_is_restarted(harness: LambdaHarness, wanted: str) -> None:
    """Stop, wait, start, wait."""
    harness.appstream.put("RUNNING", AppstreamAgentVersion=OLD)

    response = harness.run(event(AppstreamAgentVersion=wanted, RestartToUpdateAgent="true"))

    assert ("SUCCESS", LATEST) == (response["Status"], response["Data"]["AppstreamAgentVersion"])
    assert (1, 1) == (harness.appstream.stops(), harness.appstream.starts())
    assert [wanted] == versions_started(harness.appstream)
    assert 840 <= harness.responded_at[0] <= 846


def test_a_restart_survives_self_invocations(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """One stop and one start, whatever Lambda's limit."""
    harness.limit = 60
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)

    assert "SUCCESS" == harness.run(UPDATE)["Status"]
    assert (1, 1) == (appstream.stops(), appstream.starts())


@pytest.mark.parametrize("after", [30, 200, 500])
def test_a_restart_survives_a_killed_invocation(harness: LambdaHarness, appstream: FakeAppStream, after: float) -> None:
    """The retry goes on from what the builder shows."""
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    appstream.clock.later(after, harness.kill)

    assert "SUCCESS" == harness.run(UPDATE)["Status"]
    assert (1, 1) == (appstream.stops(), appstream.starts())


@pytest.mark.parametrize("lag", [1, 50])
def test_running_after_the_stop_is_taken_as_stale(harness: LambdaHarness, appstream: FakeAppStream, lag: float) -> None:
    """RUNNING with the old version is shown for a while."""
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    appstream.durations(describe_lag=lag)

    assert "SUCCESS" == harness.run(UPDATE)["Status"]
    assert ["StopImageBuilder"] == appstream.calls("StopImageBuilder")


def test_an_error_from_before_the_start_is_not_the_starts(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """AppStream may complain while it stops; what it dates later than the start counts."""
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    late = [{"ErrorCode": "E", "ErrorMessage": "m", "ErrorTimestamp": appstream.clock.now + 60}]
    appstream.clock.later(60, lambda: appstream.show(ImageBuilderErrors=late))
    appstream.durations(describe_lag=20)

    assert "SUCCESS" == harness.run(UPDATE)["Status"]
    assert 1 == appstream.starts()


def test_a_stop_that_changes_nothing_fails(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """After that time no description is stale any more."""
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    appstream.durations(describe_lag=10_000)

    response = harness.run(UPDATE)

    assert (
        f"Image builder {NAME} (RUNNING): the stop for the agent update was accepted, but it still runs. "
        "See the builder in the AppStream console, then deploy again." == response["Reason"]
    )
    assert CONSISTENCY_WINDOW <= harness.responded_at[0] <= CONSISTENCY_WINDOW + STACK_CONSISTENCY_WINDOW


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_lost_stop_is_repeated_only_if_it_did_not_arrive(harness: LambdaHarness, after_effect: bool) -> None:
    """What the builder does shows which of the two it was."""
    harness.appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    harness.appstream.fault("drop", "Stop", after_effect=after_effect, times=1)

    assert "SUCCESS" == harness.run(UPDATE)["Status"]
    assert (1, 1) == (harness.appstream.stops(), harness.appstream.starts())


def test_a_refused_stop_is_bounded(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Five minutes of being changed by somebody else, then it fails."""
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    appstream.fault("error", "Stop", code="ConcurrentModificationException")

    assert "AWS: ConcurrentModificationException on appstream:StopImageBuilder" in harness.run(UPDATE)["Reason"]
    assert 300 <= harness.responded_at[0] <= 330


def test_a_version_that_the_start_does_not_bring_fails(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is started, and then found to differ: once is enough."""
    appstream.put("STOPPED", AppstreamAgentVersion=OLD)
    appstream.clock.later(10, lambda: appstream.show(AppstreamAgentVersion="02-02-2021"))

    response = harness.run(UPDATE)

    assert (
        f"Image builder {NAME} (RUNNING): started, but it runs agent 02-02-2021, but LATEST was requested. "
        "Request a version that AppStream offers." == response["Reason"]
    )
    assert (1, 0) == (appstream.starts(), appstream.stops())


def test_somebodys_start_during_the_restart_is_kept(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """They started it with the old agent: the reason says so, and it is left to them."""
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    appstream.clock.later(60, lambda: appstream.move("PENDING", (60, "RUNNING")))

    assert f"it runs agent {OLD}, but LATEST was requested." in harness.run(UPDATE)["Reason"]
    assert (1, 0) == (appstream.stops(), appstream.starts())


def test_a_failed_start_after_the_stop_fails(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It falls back to STOPPED: not started again."""
    appstream.put("RUNNING", AppstreamAgentVersion=OLD)
    appstream.starts_end("stopped")

    assert "the start failed. " in harness.run(UPDATE)["Reason"]
    assert 1 == appstream.starts()
