"""The specification of a Create or Update, part six: a start that this request has not made, or does not remember."""

import pytest

from running_image_builder_function.timing import OTHER_START_COOLDOWN
from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event, issued_event


def start_moments(appstream: FakeAppStream) -> list[float]:
    """Return when each start was asked for, in seconds since the test began."""
    calls = [call for call in appstream.region.calls.all() if call.operation == "StartImageBuilder"]
    return [call.time - appstream.began_at for call in calls]


@pytest.mark.parametrize("way_up", ["PENDING", "UPDATING_AGENT"])
@pytest.mark.parametrize("way_down", ["STOPPED", "STOPPING"])
def test_this_request_starts_after_somebodys_failed_start(harness: LambdaHarness, way_up: str, way_down: str) -> None:
    """After a pause, in which another delivery of this request would have responded."""
    harness.appstream.put("STOPPED")
    harness.appstream.move(way_up, (100, way_down), (5, "STOPPED"))

    assert "SUCCESS" == harness.run(event(PollIntervalSeconds="5"))["Status"]
    assert [220] == start_moments(harness.appstream)


@pytest.mark.parametrize("way_down", ["STOPPED", "STOPPING"])
def test_a_redelivered_request_repeats_no_start_of_its_own(harness: LambdaHarness, way_down: str) -> None:
    """A killed invocation left no context: a builder that was seen PENDING and falls back has failed to start."""
    harness.appstream.put("STOPPED")
    harness.appstream.move("PENDING", (100, way_down))

    response = harness.run(issued_event(harness.appstream, seconds_ago=60))

    assert (
        f"Image builder {NAME} ({way_down}): the start failed. "
        "See the builder in the AppStream console, then deploy again. AWS: no reason given" == response["Reason"]
    )
    assert [] == start_moments(harness.appstream)
    assert 100 <= harness.responded_at[0] <= 102


@pytest.mark.parametrize("state", ["STOPPING", "SNAPSHOTTING", "UPDATING"])
def test_a_redelivered_request_starts_what_was_not_started(harness: LambdaHarness, state: str) -> None:
    """Only PENDING shows a start."""
    harness.appstream.put("STOPPED")
    harness.appstream.move(state, (100, "STOPPED"))

    assert "SUCCESS" == harness.run(issued_event(harness.appstream, seconds_ago=60))["Status"]
    assert 1 == harness.appstream.starts()


def test_the_cooldown_survives_a_self_invocation(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The next invocation remembers when it failed."""
    harness.limit = 156
    appstream.put("STOPPED")
    appstream.move("PENDING", (100, "STOPPED"))

    assert "SUCCESS" == harness.run(event(PollIntervalSeconds="5"))["Status"]
    assert [221] == start_moments(appstream)


def test_the_start_waits_for_the_other_deliverys_response(appstream: FakeAppStream, harness: LambdaHarness) -> None:
    """If the failed start was this request's own, the stack says so a little later, and nothing is started."""
    appstream.put("PENDING")
    appstream.region.builders.set_state(NAME, "PENDING", [(30.0, "STOPPED")])
    fell_at = appstream.clock.now + 30.0
    appstream.clock.later(30 + OTHER_START_COOLDOWN - 5, lambda: harness.stacks.tell("CREATE_FAILED"))

    assert "no longer waits for this request (CREATE_FAILED)" in harness.run(event(PollIntervalSeconds="5"))["Reason"]
    assert appstream.starts() == 0
    assert harness.stacks.asked[-1].at == fell_at + OTHER_START_COOLDOWN


@pytest.mark.parametrize(("age", "status", "starts"), [(29.0, "SUCCESS", 1), (30.0, "FAILED", 0)])
def test_an_event_that_was_delivered_before_repeats_no_start(
    appstream: FakeAppStream, harness: LambdaHarness, age: float, status: str, starts: int
) -> None:
    """A request that is not fresh may have made the failed start itself, in an invocation that was killed."""
    appstream.put("PENDING")
    appstream.region.builders.set_state(NAME, "PENDING", [(40.0, "STOPPED")])

    response = harness.run(issued_event(appstream, seconds_ago=age))

    assert (response["Status"], appstream.starts()) == (status, starts)
    assert ("the start failed. " in response["Reason"]) == (status == "FAILED")
