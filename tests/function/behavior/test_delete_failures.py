"""The specification of a Delete that stops: refused and lost stops, and people who start the builder again."""

import pytest

from running_image_builder_function.timing import CONSISTENCY_WINDOW
from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event

STOP = event("Delete", OnDelete="STOP")


@pytest.mark.parametrize("kind", ["throttle", "server_error", "unavailable", "drop"])
@pytest.mark.parametrize("operation", ["Describe", "Stop", "*"])
def test_errors_that_pass_are_survived(harness: LambdaHarness, kind: str, operation: str) -> None:
    """Ten minutes of them, anywhere: one stop and one success."""
    harness.appstream.put("RUNNING")
    harness.appstream.fault(kind, operation, seconds=600)

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert (1, "STOPPED") == (harness.appstream.stops(), harness.appstream.state())


@pytest.mark.parametrize("code", ["ConcurrentModificationException", "OperationNotPermittedException"])
def test_a_builder_that_is_being_changed_is_tried_again(harness: LambdaHarness, code: str) -> None:
    """For a few minutes."""
    harness.appstream.put("RUNNING")
    harness.appstream.fault("error", "Stop", code=code, seconds=200)

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert 1 == harness.appstream.stops()


def test_a_builder_that_stays_busy_fails_after_five_minutes(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Bounded, with AppStream's words."""
    appstream.put("RUNNING")
    appstream.fault("error", "Stop", code="ConcurrentModificationException", message="Busy.")

    response = harness.run(STOP)

    assert (
        f"Image builder {NAME} (RUNNING): somebody is changing it. Wait a few minutes, then try again. "
        "AWS: ConcurrentModificationException on appstream:StopImageBuilder: Busy." == response["Reason"]
    )
    assert 300 <= harness.responded_at[0] <= 330


def test_two_separate_times_of_being_busy_are_not_added_up(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Between them the builder rebooted for longer than a refusal is tried again."""
    appstream.put("RUNNING")
    appstream.fault("error", "Stop", code="ConcurrentModificationException", seconds=60)
    appstream.clock.later(30, lambda: appstream.move("REBOOTING", (400, "RUNNING")))
    appstream.clock.later(
        420, lambda: appstream.fault("error", "Stop", code="ConcurrentModificationException", seconds=60)
    )

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert 1 == appstream.stops()


def test_a_builder_that_is_gone_at_the_stop_needs_none(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Somebody deleted it between the description and the stop."""
    appstream.put("RUNNING")
    appstream.builders.before_change = lambda: appstream.move("")

    assert "SUCCESS" == harness.run(STOP)["Status"]


@pytest.mark.parametrize("after_effect", [True, False])
def test_an_unconfirmed_stop_is_repeated_if_it_was_lost(
    harness: LambdaHarness, appstream: FakeAppStream, after_effect: bool
) -> None:
    """What the builder does shows which of the two it was."""
    appstream.put("RUNNING")
    appstream.fault("drop", "Stop", after_effect=after_effect, times=1)

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert (1, "STOPPED") == (appstream.stops(), appstream.state())
    assert (1 if after_effect else 2) == len(appstream.calls("StopImageBuilder"))


def test_a_stop_lost_before_a_reboot_is_repeated(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A state that no stop leads to does not show that the stop was taken: success would not be true."""
    appstream.put("RUNNING")
    appstream.fault("drop", "Stop", times=1)
    appstream.clock.later(1, lambda: appstream.move("REBOOTING", (60, "RUNNING")))

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert (1, "STOPPED") == (appstream.stops(), appstream.state())


@pytest.mark.parametrize("lag", [1, 50])
def test_running_after_an_accepted_stop_is_taken_as_stale(harness: LambdaHarness, lag: float) -> None:
    """AppStream is eventually consistent: the old state may be shown for a while."""
    harness.appstream.put("RUNNING")
    harness.appstream.durations(describe_lag=lag)

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert ["StopImageBuilder"] == harness.appstream.calls("StopImageBuilder")


def test_running_for_longer_than_any_lag_fails(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """With the remedy."""
    appstream.put("RUNNING")
    appstream.durations(describe_lag=10_000)

    response = harness.run(STOP)

    assert (
        f"Image builder {NAME} (RUNNING): the stop was accepted, but it still runs. "
        "Stop it in the AppStream console, then delete again." == response["Reason"]
    )
    assert CONSISTENCY_WINDOW <= harness.responded_at[0] <= CONSISTENCY_WINDOW + 2


def test_a_builder_started_after_the_stop_is_left_alone(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The stop was carried out; that start is not this request's to undo."""
    appstream.put("RUNNING")
    appstream.clock.later(30, lambda: appstream.move("PENDING", (90, "RUNNING")))

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert (1, "RUNNING") == (appstream.stops(), appstream.state())
    assert 120 <= harness.responded_at[0] <= 122


def test_a_start_after_a_stop_is_seen_between_descriptions(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """STOPPING was not seen, but the stop was accepted: a state on the way to RUNNING comes after it."""
    appstream.put("RUNNING")
    appstream.durations(stop=10)
    appstream.clock.later(30, lambda: appstream.move("PENDING", (90, "RUNNING")))

    assert "SUCCESS" == harness.run(event("Delete", OnDelete="STOP", PollIntervalSeconds="60"))["Status"]
    assert (1, "RUNNING") == (appstream.stops(), appstream.state())


def test_a_start_after_an_unconfirmed_stop_is_left_alone(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """STOPPING was seen: so the stop had been taken."""
    appstream.put("RUNNING")
    appstream.fault("drop", "Stop", after_effect=True, times=1)
    appstream.clock.later(30, lambda: appstream.move("PENDING", (90, "RUNNING")))

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert (1, "RUNNING") == (appstream.stops(), appstream.state())


def test_a_killed_invocations_retry_does_not_stop_again(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The retry sees STOPPING, and waits."""
    appstream.put("RUNNING")
    appstream.durations(stop=300)
    appstream.clock.later(30, harness.kill)

    assert "SUCCESS" == harness.run(STOP)["Status"]
    assert 1 == appstream.stops()
