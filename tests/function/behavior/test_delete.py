"""The specification of a Delete: leave it running, or stop it and wait until it is stopped."""

from typing import Any

import pytest

from running_image_builder_function.model.errors import ErrorKind
from running_image_builder_function.model.image_builder import ImageBuilder
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.fake_schedules import SCHEDULE, refusal
from support.lambda_harness import LambdaHarness, event, issued


def stop(**properties: Any) -> dict[str, Any]:
    """Return a Delete that asks for a stop."""
    return event("Delete", OnDelete="STOP", **properties)


@pytest.mark.parametrize("policy", [None, "LEAVE_RUNNING"])
@pytest.mark.parametrize("state", ["RUNNING", "STOPPED", "PENDING", "FAILED"])
def test_a_builder_left_running_is_not_described(harness: LambdaHarness, policy: str | None, state: str) -> None:
    """The default: success without any call."""
    harness.appstream.put(state)

    response = harness.run(event("Delete", OnDelete=policy))

    assert ("SUCCESS", NAME) == (response["Status"], response["PhysicalResourceId"])
    assert [] == harness.appstream.calls()
    assert [0] == harness.responded_at


def test_a_running_builder_is_stopped_and_waited_for(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its network interface is gone only then, so that a VPC in the same stack can go."""
    appstream.put("RUNNING")

    response = harness.run(stop())

    assert ("SUCCESS", NAME) == (response["Status"], response["PhysicalResourceId"])
    assert (1, "STOPPED") == (appstream.stops(), appstream.state())
    assert 120 <= harness.responded_at[0] <= 122


@pytest.mark.parametrize("state", ["STOPPED", "FAILED", "DELETING"])
def test_a_builder_that_does_not_run_needs_no_stop(harness: LambdaHarness, state: str) -> None:
    """One description is enough."""
    harness.appstream.put(state)

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert ["DescribeImageBuilders"] == harness.appstream.calls()
    assert [0] == harness.responded_at


@pytest.mark.parametrize("lists_nothing", [False, True])
def test_a_builder_that_is_gone_needs_no_stop(harness: LambdaHarness, lists_nothing: bool) -> None:
    """A stack must be deletable after its builder. The second description comes ten seconds later."""
    harness.appstream.behave(unknown_name_is_empty=lists_nothing)

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert 10 <= harness.responded_at[0] <= 12


def test_a_builder_that_one_description_misses_is_stopped(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Nobody would ever stop it."""
    appstream.put("RUNNING")
    appstream.fault("error", "Describe", code="ResourceNotFoundException", status=404, times=1)

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert (1, "STOPPED") == (appstream.stops(), appstream.state())


@pytest.mark.parametrize(
    "state",
    ["PENDING", "UPDATING_AGENT", "REBOOTING", "PENDING_QUALIFICATION", "PENDING_SYNCING_APPS", "SYNCING_APPS"],
)
def test_a_builder_on_its_way_is_stopped_once_it_runs(harness: LambdaHarness, state: str) -> None:
    """AppStream stops only what is RUNNING."""
    harness.appstream.put("STOPPED")
    harness.appstream.move(state, (200, "RUNNING"))

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert (1, "STOPPED") == (harness.appstream.stops(), harness.appstream.state())
    assert 320 <= harness.responded_at[0] <= 324


@pytest.mark.parametrize("state", ["STOPPING", "SNAPSHOTTING", "UPDATING", "PENDING_IMAGE_IMPORT"])
def test_a_builder_that_will_be_stopped_anyway_is_waited_for(harness: LambdaHarness, state: str) -> None:
    """No stop is made."""
    harness.appstream.put("RUNNING")
    harness.appstream.move(state, (200, "STOPPED"))

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert [] == harness.appstream.calls("StopImageBuilder")
    assert 200 <= harness.responded_at[0] <= 202


def test_a_state_that_nobody_knows_is_waited_out(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is not acted on."""
    appstream.put("STOPPED", State="WARMING_UP")
    appstream.clock.later(200, lambda: appstream.show(State="STOPPED"))

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert [] == appstream.calls("StopImageBuilder")


def test_a_builder_that_never_stops_fails_at_the_timeout(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The stack can be deleted again, or the resource be left out."""
    appstream.put("STOPPED")
    appstream.move("STOPPING")

    response = harness.run(stop(TimeoutSeconds="120"))

    assert ("FAILED", NAME) == (response["Status"], response["PhysicalResourceId"])
    assert f"Image builder {NAME} (STOPPING): not STOPPED within 2 minutes." in response["Reason"]


def test_a_long_stop_is_self_invoked(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """One stop, whatever Lambda's limit."""
    harness.limit = 60
    appstream.put("RUNNING")

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert 1 == appstream.stops()
    assert 3 == len(harness.self_invoked)


@pytest.mark.parametrize(
    "bad", [{"Name": None}, {"Name": "no name"}, {"TimeoutSeconds": "soon"}, {"OnDelete": "DESTROY"}]
)
def test_a_delete_with_bad_properties_succeeds(harness: LambdaHarness, bad: dict[str, str | None]) -> None:
    """A stack must always be deletable; no call is made."""
    harness.appstream.put("RUNNING")

    response = harness.run(event("Delete", **{"OnDelete": "STOP", **bad}))

    assert ("SUCCESS", NAME) == (response["Status"], response["PhysicalResourceId"])
    assert [] == harness.appstream.calls()


def test_a_denied_stop_fails_with_the_action_and_the_arn(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """After ninety seconds, as everywhere."""
    appstream.put("RUNNING")
    appstream.fault("access_denied", "Stop")

    assert f"Allow the function's role appstream:StopImageBuilder. Resource: {ARN}" in harness.run(stop())["Reason"]


@pytest.mark.parametrize("state", ["PENDING", "UPDATING_AGENT"])
@pytest.mark.parametrize("lost_stop", [False, True])
def test_an_old_description_of_a_starting_builder_is_not_believed(
    harness: LambdaHarness, appstream: FakeAppStream, state: str, lost_stop: bool
) -> None:
    """STOPPED is what it was before the start: the builder would run on."""
    appstream.put("STOPPED")
    before = appstream.builders.describe(NAME)
    appstream.move(state, (30, "RUNNING"))
    if lost_stop:
        appstream.fault("drop", "Stop", times=1)
    describe = appstream.builders.describe

    def old_at_first(name: str) -> ImageBuilder | None:
        return (
            before
            if 10 <= appstream.elapsed() <= 12 or (lost_stop and 32 <= appstream.elapsed() <= 38)
            else describe(name)
        )

    appstream.builders.describe = old_at_first  # type: ignore[method-assign]

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert (1, "STOPPED") == (appstream.stops(), appstream.state())


def test_a_failed_start_is_believed_after_a_while(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """When no description can be from before it any more."""
    appstream.put("STOPPED")
    appstream.move("PENDING", (30, "STOPPED"))

    assert "SUCCESS" == harness.run(stop())["Status"]
    assert 128 <= harness.responded_at[0] <= 132
    assert 0 == appstream.stops()


# A Delete that arrives late, or again after a kill.


@pytest.mark.parametrize("late", [45, 52, 59, 60, 65, 90])
def test_a_late_delete_of_a_builder_that_is_gone_succeeds(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture, late: float
) -> None:
    """There may be no time for a second description; the log says so then."""
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    response = harness.run(issued(stop(TimeoutSeconds="60", **SCHEDULE), appstream, seconds_ago=late))

    assert "SUCCESS" == response["Status"]
    warned = "AppStream did not show it, and there was no time to check again: stop it if it should not run"
    assert (late > 45) is any(each.endswith(warned) for each in caplog.messages)
    assert (late > 45) is ("stop-1" in harness.schedules.due_at)
    stays = "its schedule stop-1 stays: there was no time to delete it"
    assert (late > 45) is any(each.endswith(stays) for each in caplog.messages)


def test_a_builder_that_was_found_is_not_gone_after_one_description(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """It runs, as far as this Delete knows: success would hide that."""
    appstream.put("PENDING")
    appstream.clock.later(
        57, lambda: appstream.fault("error", "Describe", code="ResourceNotFoundException", status=404)
    )

    assert "FAILED" == harness.run(stop(TimeoutSeconds="60"))["Status"]


@pytest.mark.parametrize(("late", "stops"), [(60, 1), (65, 1), (74, 1), (76, 0)])
def test_a_late_delete_of_a_running_builder_stops_it(
    harness: LambdaHarness, appstream: FakeAppStream, late: float, stops: int
) -> None:
    """It can't wait for STOPPED, and fails; but the builder isn't paid for any longer."""
    appstream.put("RUNNING")

    response = harness.run(issued(stop(TimeoutSeconds="60"), appstream, seconds_ago=late))

    assert ("FAILED", stops) == (response["Status"], appstream.stops())
    assert [0] == harness.responded_at


@pytest.mark.parametrize("state", ["STOPPED", "FAILED"])
@pytest.mark.parametrize("late", [45, 59, 60, 65, 72])
def test_a_late_delete_of_a_stopped_builder_tries_to_delete_its_schedule(
    harness: LambdaHarness, appstream: FakeAppStream, state: str, late: float
) -> None:
    """Once, also after its timeout."""
    appstream.put(state)
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    response = harness.run(issued(stop(TimeoutSeconds="60", **SCHEDULE), appstream, seconds_ago=late))

    assert ("SUCCESS", {}) == (response["Status"], harness.schedules.due_at)


def test_an_undated_deletes_throttled_self_invocation_is_its_last(appstream: FakeAppStream) -> None:
    """Another delivery would not know that it is one."""
    harness = LambdaHarness(appstream, limit=60)
    appstream.put("STOPPED")
    harness.invoke_errors = [refusal(ErrorKind.THROTTLED)] * 99

    assert "SUCCESS" == harness.run(stop(physical_id=f"{NAME}/start-not-seen"))["Status"]


@pytest.mark.parametrize("limit", [30, 60, 120, 900])
def test_a_throttled_self_invocation_ends_no_wait_for_a_start(appstream: FakeAppStream, limit: float) -> None:
    """Lambda delivers the event again, and then the start shows."""
    harness = LambdaHarness(appstream, limit=limit)
    appstream.put("STOPPED")
    appstream.clock.later(80, lambda: appstream.move("PENDING", (60, "RUNNING")))
    harness.invoke_errors = [refusal(ErrorKind.THROTTLED)] * 9

    harness.deliver(issued(stop(physical_id=f"{NAME}/start-not-seen"), appstream))

    assert 1 == appstream.stops()


def test_one_description_that_finds_nothing_takes_nothing_back(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """It was STOPPED before, and nothing can be described after it."""
    appstream.put("STOPPED")
    appstream.clock.later(9, lambda: appstream.fault("error", "Describe", code="ResourceNotFoundException", times=1))
    appstream.clock.later(12, lambda: appstream.fault("server_error", "Describe"))
    made = stop(physical_id=f"{NAME}/start-not-seen", TimeoutSeconds="60", PollIntervalSeconds="10")

    assert "SUCCESS" == harness.run(issued(made, appstream))["Status"]


@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_a_builder_is_missing_after_ten_seconds(harness: LambdaHarness, appstream: FakeAppStream, kind: str) -> None:
    """However long the poll interval is."""
    harness.run(issued(event(kind, OnDelete="STOP", PollIntervalSeconds="60"), appstream))

    assert [10] == harness.responded_at


@pytest.mark.parametrize("state", ["", "STOPPED"])
@pytest.mark.parametrize("options", [{}, SCHEDULE])
def test_what_an_earlier_invocation_has_seen_is_enough(
    harness: LambdaHarness, appstream: FakeAppStream, state: str, options: dict[str, str]
) -> None:
    """Nothing is to be stopped, though AppStream can't be reached from then on, and the schedule isn't deleted."""
    harness = LambdaHarness(appstream, limit=60)
    if state:
        appstream.put(state)
    harness.stacks.status = "DELETE_IN_PROGRESS"
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    harness.schedules.errors = [refusal(ErrorKind.THROTTLED)] * 99
    appstream.clock.later(29, lambda: appstream.fault("server_error", "Describe"))

    response = harness.run(issued(stop(TimeoutSeconds="90", PollIntervalSeconds="10", **options), appstream))

    assert "SUCCESS" == response["Status"]
    assert bool(options) is (len(harness.self_invoked) > 0)


@pytest.mark.parametrize(("operation", "stops"), [("Describe", 1), ("Stop", 0)])
def test_a_late_delete_has_one_stop(
    harness: LambdaHarness, appstream: FakeAppStream, operation: str, stops: int
) -> None:
    """A failed description is repeated for a while before it, a failed stop isn't."""
    appstream.put("RUNNING")
    appstream.fault("server_error", operation, times=1)

    response = harness.run(issued(stop(TimeoutSeconds="60"), appstream, seconds_ago=62))

    assert ("FAILED", stops) == (response["Status"], appstream.stops())


@pytest.mark.parametrize("state", ["", "STOPPED", "RUNNING"])
def test_a_delete_is_tried_again_after_a_kill(harness: LambdaHarness, appstream: FakeAppStream, state: str) -> None:
    """A minute later, when its timeout has passed."""
    if state:
        appstream.put(state)
        appstream.durations(stop=30)
    appstream.clock.later(1, harness.kill)
    appstream.fault("server_error", "*", seconds=1)

    response = harness.run(issued(stop(TimeoutSeconds="60"), appstream))

    assert (1, "FAILED" if state == "RUNNING" else "SUCCESS") == (harness.deaths, response["Status"])
    assert (["StopImageBuilder"] if state == "RUNNING" else []) == appstream.calls("StopImageBuilder")


def test_a_delete_in_time_fails_at_its_timeout(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A stop that is refused until then gets no more time."""
    appstream.put("RUNNING")
    appstream.fault("throttle", "Stop")

    assert "FAILED" == harness.run(stop(TimeoutSeconds="60"))["Status"]
    assert [60] == harness.responded_at
