"""The specification of repetition: killed invocations, duplicate deliveries, requests that are over."""

from functools import partial
from itertools import pairwise

import pytest

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.ports import ResourceStatus
from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LOGICAL_ID, STACK_ID, LambdaHarness, event, issued_event
from support.virtual_time import VirtualClock


@pytest.mark.parametrize("after", [0.5, 2, 30, 419])
def test_a_killed_invocations_retry_does_not_start_again(harness: LambdaHarness, after: float) -> None:
    """Lambda delivers the event again; what the first invocation did shows in the builder's state."""
    harness.appstream.put("STOPPED")
    harness.appstream.clock.later(after, harness.kill)

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == harness.deaths
    assert ["StartImageBuilder"] == harness.appstream.calls("StartImageBuilder")


def test_an_invocation_killed_during_the_start_is_retried(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The start had not arrived: the retry makes it."""
    appstream.put("STOPPED")
    appstream.builders.before_change = harness.kill

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == appstream.starts()


def test_a_killed_invocations_failed_start_is_not_repeated(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its callback context died with it, but AppStream dates its errors: this one is younger than the request."""
    appstream.put("STOPPED")
    appstream.durations(start=30)
    appstream.starts_end("stopped", error_code="SUBNET_NOT_FOUND", error_message="The subnet is gone.")
    appstream.clock.later(10, harness.kill)

    response = harness.run(issued_event(appstream))

    said = "Fix the problem that AWS reports, then deploy again. AWS: SUBNET_NOT_FOUND: The subnet is gone."
    assert f"the start failed. {said}" in response["Reason"]
    assert 1 == appstream.starts()


def test_a_killed_self_invocation_goes_on_with_its_context(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Lambda's retry of a self-invoked event has the callback context again."""
    harness.limit = 100
    appstream.put("STOPPED")
    appstream.starts_end("never")
    appstream.clock.later(150, harness.kill)

    harness.run(event(TimeoutSeconds="600"))

    assert [600] == harness.responded_at
    assert 1 == appstream.starts()


def test_a_function_that_is_killed_each_time_never_responds(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Three times is all that Lambda tries; then CloudFormation's ServiceTimeout ends the wait."""
    appstream.put("STOPPED")
    for seconds in (10, 80, 210):
        appstream.clock.later(seconds, harness.kill)

    harness.deliver(event())

    assert [] == harness.responses
    assert 3 == harness.deaths
    assert 1 == appstream.starts()


@pytest.mark.parametrize("later", [0, 1, 100, 419, 500])
def test_an_event_delivered_twice_starts_once(later: float) -> None:
    """Both may see STOPPED, then AppStream takes one start; or the second sees what the first did."""
    clock = VirtualClock()
    appstream = FakeAppStream(clock)
    appstream.put("STOPPED")
    first, second = LambdaHarness(appstream), LambdaHarness(appstream)

    def again() -> None:
        clock.sleep(later)
        second.run(event())

    clock.run_together(partial(first.run, event()), again)

    assert 1 == appstream.starts()
    assert first.responses == second.responses
    assert "SUCCESS" == first.responses[0]["Status"]


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"])
def test_a_request_that_is_over_starts_nothing(harness: LambdaHarness, appstream: FakeAppStream, status: str) -> None:
    """Delivered again hours later, it must not start a builder that nobody waits for."""
    appstream.put("STOPPED")
    harness.stacks.tell(status)

    response = harness.run(issued_event(appstream, seconds_ago=40))

    assert (
        f"Image builder {NAME} (STOPPED): CloudFormation no longer waits for this request ({status}). "
        "No action is needed." == response["Reason"]
    )
    assert [] == appstream.calls("StartImageBuilder")
    assert [0] == harness.responded_at


def test_a_request_cancelled_meanwhile_ends_in_a_minute(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A cancelled deploy, or a Delete that came meanwhile."""
    appstream.put("STOPPED")
    appstream.clock.later(100, lambda: harness.stacks.tell("DELETE_IN_PROGRESS"))

    assert "CloudFormation no longer waits for this request (DELETE_IN_PROGRESS)." in harness.run(event())["Reason"]
    assert 100 <= harness.responded_at[0] <= 162


@pytest.mark.parametrize("kind", ErrorKind)
def test_not_knowing_means_going_on(harness: LambdaHarness, kind: ErrorKind, caplog: pytest.LogCaptureFixture) -> None:
    """A missing permission must not fail a deploy; the log says that nothing was checked."""
    harness.appstream.put("STOPPED")
    action = "cloudformation:DescribeStackResource"
    harness.stacks.errors = [AwsCallError(kind, action=action, code="Code", detail="no") for _ in range(99)]

    assert "SUCCESS" == harness.run(event())["Status"]
    assert "the stack could not be checked: Code" in [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_FAILED"])
@pytest.mark.parametrize("seconds_later", [-1, 0, None])
def test_an_end_from_before_the_request_is_another_requests(
    harness: LambdaHarness, appstream: FakeAppStream, status: str, seconds_later: float | None
) -> None:
    """CloudFormation's own status may be stale, and a local engine names no time."""
    appstream.put("STOPPED")
    changed_at = None if seconds_later is None else appstream.began_at + seconds_later
    harness.stacks.told = ResourceStatus(status, changed_at)

    assert "SUCCESS" == harness.run(issued_event(appstream))["Status"]


def test_a_self_invocation_checks_at_once(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Where a function's limit is below a minute, none would check otherwise."""
    harness.limit = 8
    appstream.put("PENDING")
    appstream.clock.later(100, lambda: harness.stacks.tell("DELETE_IN_PROGRESS"))

    assert "CloudFormation no longer waits" in harness.run(event())["Reason"]
    assert 100 <= harness.responded_at[0] <= 106


def test_a_request_that_is_over_reports_a_running_builder(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A duplicate of a finished request gets the response that it had."""
    appstream.put("RUNNING")
    harness.stacks.tell("CREATE_COMPLETE")

    response = harness.run(event())

    assert ("SUCCESS", {*ATTRIBUTES, SCHEDULED_STOP_TIME}) == (response["Status"], set(response["Data"]))


def test_cloudformation_is_asked_at_the_full_minute(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Where a description falls on it."""
    appstream.put("PENDING")

    harness.run(event(PollIntervalSeconds="30", TimeoutSeconds="200"))

    assert [60, 120, 180] == [asked.at - appstream.began_at for asked in harness.stacks.asked]


def test_the_stack_is_checked_before_starts_and_each_minute(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is asked about this resource in this stack."""
    appstream.put("STOPPED")
    appstream.fault("throttle", "Start", seconds=10)

    harness.run(event())

    moments = [asked.at - appstream.began_at for asked in harness.stacks.asked]
    assert 3 <= len([moment for moment in moments if moment <= 20])
    assert {(STACK_ID, LOGICAL_ID)} == {(asked.stack_id, asked.logical_id) for asked in harness.stacks.asked}
    # The last one is asked before the response, of a builder that this request has started.
    gaps = [later - earlier for earlier, later in pairwise(moments[:-1]) if earlier > 20]
    assert 5 <= len(gaps)
    assert all(60 <= gap <= 75 for gap in gaps)
