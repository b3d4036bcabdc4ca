"""The specification of a Create or Update, part four: throttling, server errors, lost connections and responses."""

from itertools import pairwise

import pytest

from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event

ERRORS = ["throttle", "request_limit", "server_error", "unavailable", "drop"]


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("operation", ["Describe", "Start", "*"])
def test_errors_that_pass_are_survived(harness: LambdaHarness, kind: str, operation: str) -> None:
    """Ten minutes of them, anywhere: one start and one success."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault(kind, operation, seconds=600)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == harness.appstream.starts()


@pytest.mark.parametrize(
    ("kind", "said", "code"),
    [
        (
            "throttle",
            "AppStream throttles. Deploy fewer builders at once, or raise the timeout.",
            "ThrottlingException",
        ),
        (
            "server_error",
            "AppStream did not respond. See the Health Dashboard, then try again.",
            "InternalFailure",
        ),
        (
            "drop",
            "AppStream did not respond. See the Health Dashboard, then try again.",
            "ConnectionClosedError",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["Describe", "Start"])
def test_a_lasting_error_is_named_at_the_deadline(
    harness: LambdaHarness, kind: str, said: str, code: str, operation: str
) -> None:
    """It was retried until then; the reason says what was in the way."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault(kind, operation)

    reason = harness.run(event(TimeoutSeconds="300"))["Reason"]

    assert f"not RUNNING within 5 minutes; last error: {said} AWS: {code} on appstream:{operation}" in reason
    assert 300 <= harness.responded_at[0] <= 301
    assert 0 == harness.appstream.starts()


def test_an_overcome_error_is_not_blamed_at_the_deadline(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """What passed ten minutes ago did not keep the builder from running."""
    appstream.put("STOPPED")
    appstream.starts_end("never")
    appstream.fault("throttle", "Start", seconds=10)

    response = harness.run(event(TimeoutSeconds="300"))

    assert (
        f"Image builder {NAME} (PENDING): not RUNNING within 5 minutes. "
        "See the AppStream console, or raise the timeout." == response["Reason"]
    )


def test_an_overcome_refusal_is_not_blamed_at_the_deadline(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Somebody else started it meanwhile; that start is what takes too long."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="ConcurrentModificationException")
    appstream.clock.later(10, lambda: appstream.move("PENDING"))

    assert "(PENDING): not RUNNING within 5 minutes. " in harness.run(event(TimeoutSeconds="300"))["Reason"]


def test_an_error_is_not_blamed_where_the_state_has_no_name(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """AppStream responded in the end, if with less than usual."""
    appstream.put("RUNNING", State=None)
    appstream.fault("throttle", "Describe", times=3)

    assert f"Image builder {NAME}: not RUNNING within 5 minutes. " in harness.run(event(TimeoutSeconds="300"))["Reason"]


def test_a_start_that_was_taken_late_is_not_blamed(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It was refused, then accepted; the descriptions are stale until the deadline."""
    appstream.put("STOPPED")
    appstream.durations(describe_lag=10_000)
    appstream.fault("throttle", "Start", seconds=30)

    assert "(STOPPED): not RUNNING within 1 minute. " in harness.run(event(TimeoutSeconds="60"))["Reason"]


def test_polling_slows_down_while_throttled_and_recovers(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Each refusal stretches the pause, with jitter; when all is well again, every two seconds is enough again."""
    appstream.put("STOPPED")
    appstream.clock.later(20, lambda: appstream.fault("throttle", "Describe", seconds=180))

    harness.run(event())

    moments = [call.time - appstream.began_at for call in appstream.region.calls.all()]
    gaps = {now: later - now for now, later in pairwise(moments)}
    assert {2} == {gap for at, gap in gaps.items() if 4 <= at < 20}
    assert [2, 2, 15 * 0.75 * 0.3, 15 * 0.75 * 0.3] == [gap for at, gap in gaps.items() if at >= 20][:4]
    assert 15 * 0.75 * 0.9 == pytest.approx(max(gaps.values()))
    assert {2} == {gap for at, gap in gaps.items() if at > 300}


@pytest.mark.parametrize("lag", [0, 9])
def test_a_start_whose_response_was_lost_is_not_made_twice(harness: LambdaHarness, lag: float) -> None:
    """The next description shows PENDING, or may be stale for some seconds."""
    harness.appstream.put("STOPPED")
    harness.appstream.durations(describe_lag=lag)
    harness.appstream.fault("drop", "Start", after_effect=True, times=1)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert ["StartImageBuilder"] == harness.appstream.calls("StartImageBuilder")


def test_a_start_that_never_arrived_is_made_again(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Ten seconds after the connection broke the builder is still STOPPED: it had not been taken."""
    appstream.put("STOPPED")
    appstream.fault("drop", "Start", times=1)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert ["StartImageBuilder"] * 2 == appstream.calls("StartImageBuilder")
    assert 430 <= harness.responded_at[0] <= 440


def test_an_unconfirmed_start_that_fell_back_unseen_fails(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It failed between two descriptions; AppStream's dated error shows that it had been accepted."""
    appstream.put("STOPPED")
    appstream.durations(start=3)
    appstream.fault("drop", "Start", after_effect=True, times=1)
    appstream.starts_end("stopped")

    assert "the start failed. " in harness.run(event(PollIntervalSeconds="20"))["Reason"]
    assert 1 == appstream.starts()
