"""The specification of a Create or Update, part four: throttling, server errors, dropped connections, lost answers."""

from itertools import pairwise

import pytest

from support.lambda_side import LambdaSide, event
from support.world import NAME, World

TROUBLES = ["throttle", "request_limit", "server_error", "unavailable", "drop"]


@pytest.mark.parametrize("kind", TROUBLES)
@pytest.mark.parametrize("operation", ["Describe", "Start", "*"])
def test_trouble_that_passes_is_survived(side: LambdaSide, world: World, kind: str, operation: str) -> None:
    """Ten minutes of it, anywhere: one start and one success."""
    world.put("STOPPED")
    world.fault(kind, operation, seconds=600)

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert 1 == world.starts()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("server_error", "InternalFailure"),
        ("drop", "ConnectionClosedError"),
    ],
)
@pytest.mark.parametrize("operation", ["Describe", "Start"])
def test_trouble_that_lasts_fails_at_the_deadline_and_is_named(
    side: LambdaSide, world: World, kind: str, code: str, operation: str
) -> None:
    """It was retried until then; the reason tells what was in the way."""
    world.put("STOPPED")
    world.fault(kind, operation)

    answer = side.run(event(TimeoutSeconds="300"))

    assert f"not RUNNING within 5 minutes; last error: {code}." in answer["Reason"]
    assert 300 <= side.answered_at[0] <= 301
    assert 0 == world.starts()


def test_an_error_that_was_overcome_is_not_blamed_at_the_deadline(side: LambdaSide, world: World) -> None:
    """What passed ten minutes ago did not keep the builder from running."""
    world.put("STOPPED")
    world.starts_end("never")
    world.fault("throttle", "Start", seconds=10)

    answer = side.run(event(TimeoutSeconds="300"))

    assert (
        f"Image builder {NAME} (PENDING): not RUNNING within 5 minutes. "
        "Look at it in the AppStream console, or raise the timeout." == answer["Reason"]
    )


def test_a_refusal_that_was_overcome_is_not_blamed_at_the_deadline(side: LambdaSide, world: World) -> None:
    """Somebody else started it meanwhile; that start is what takes too long."""
    world.put("STOPPED")
    world.fault("error", "Start", code="ConcurrentModificationException")
    world.clock.later(10, lambda: world.move("PENDING"))

    assert "(PENDING): not RUNNING within 5 minutes. " in side.run(event(TimeoutSeconds="300"))["Reason"]


def test_an_error_is_not_blamed_where_the_state_has_no_name(side: LambdaSide, world: World) -> None:
    """AppStream answered in the end, if with less than usual."""
    world.put("RUNNING", State=None)
    world.fault("throttle", "Describe", times=3)

    assert f"Image builder {NAME}: not RUNNING within 5 minutes. " in side.run(event(TimeoutSeconds="300"))["Reason"]


def test_a_start_that_was_taken_late_is_not_blamed(side: LambdaSide, world: World) -> None:
    """It was refused, then taken; what shows until the deadline is lag."""
    world.put("STOPPED")
    world.durations(describe_lag=10_000)
    world.fault("throttle", "Start", seconds=30)

    assert "(STOPPED): not RUNNING within 1 minute. " in side.run(event(TimeoutSeconds="60"))["Reason"]


def test_polling_slows_down_while_throttled_and_recovers(side: LambdaSide, world: World) -> None:
    """Each refusal stretches the pause, with jitter; when all is well again, every two seconds is enough again."""
    world.put("STOPPED")
    world.clock.later(20, lambda: world.fault("throttle", "Describe", seconds=180))

    side.run(event())

    moments = [call.time - world.began_at for call in world.place.calls.all()]
    gaps = {now: later - now for now, later in pairwise(moments)}
    assert {2} == {gap for at, gap in gaps.items() if 4 <= at < 20}
    assert [2, 2, 15 * 0.75 * 0.3, 15 * 0.75 * 0.3] == [gap for at, gap in gaps.items() if at >= 20][:4]
    assert 15 * 0.75 * 0.9 == pytest.approx(max(gaps.values()))
    assert {2} == {gap for at, gap in gaps.items() if at > 300}


def test_a_start_whose_answer_was_lost_is_not_made_twice(side: LambdaSide, world: World) -> None:
    """The connection broke after AppStream had taken it: the next look shows PENDING."""
    world.put("STOPPED")
    world.fault("drop", "Start", after_effect=True, times=1)

    assert "SUCCESS" == side.run(event())["Status"]
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")


def test_a_start_whose_answer_was_lost_is_not_made_twice_during_lag(side: LambdaSide, world: World) -> None:
    """The old state is believed to be lag for some seconds here as well."""
    world.put("STOPPED")
    world.durations(describe_lag=9)
    world.fault("drop", "Start", after_effect=True, times=1)

    assert "SUCCESS" == side.run(event())["Status"]
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")


def test_a_start_that_never_arrived_is_made_again(side: LambdaSide, world: World) -> None:
    """Ten seconds after the connection broke the builder is still STOPPED: it had not been taken."""
    world.put("STOPPED")
    world.fault("drop", "Start", times=1)

    assert "SUCCESS" == side.run(event())["Status"]
    assert ["StartImageBuilder"] * 2 == world.calls("StartImageBuilder")
    assert 430 <= side.answered_at[0] <= 440


@pytest.mark.parametrize("kind", ["drop", "server_error"])
def test_a_start_whose_answer_was_lost_and_that_fell_back_fails(side: LambdaSide, world: World, kind: str) -> None:
    """It was seen under way; a second start would only repeat the failure."""
    world.put("STOPPED")
    world.fault(kind, "Start", after_effect=True, times=1)
    world.starts_end("stopped")

    answer = side.run(event())

    assert (
        "the start failed. Mend what AWS names here, then deploy again. AWS: INTERNAL_SERVICE_ERROR" in answer["Reason"]
    )
    assert 1 == world.starts()


def test_a_start_whose_answer_was_lost_and_that_fell_back_unseen_fails(side: LambdaSide, world: World) -> None:
    """It failed between two looks; AppStream's dated error tells that it had been taken."""
    world.put("STOPPED")
    world.durations(start=3)
    world.fault("drop", "Start", after_effect=True, times=1)
    world.starts_end("stopped")

    answer = side.run(event(PollIntervalSeconds="20"))

    assert (
        "the start failed. Mend what AWS names here, then deploy again. AWS: INTERNAL_SERVICE_ERROR" in answer["Reason"]
    )
    assert 1 == world.starts()
