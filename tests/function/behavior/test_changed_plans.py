"""The specification of changed plans: renamed constructs, cancelled updates, rollbacks."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import ScheduledStop
from running_image_builder_function.reconcile.ports import ResourceStatus
from running_image_builder_function.timing import STACK_CONSISTENCY_WINDOW
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.fake_schedules import SCHEDULE, refusal
from support.lambda_harness import LOGICAL_ID, LambdaHarness, event, issued, update_event
from support.virtual_time import VirtualClock

OTHER = "builder-2"
ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return every warning of the function's."""
    return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]


def rolled_back(
    harness: LambdaHarness, before: dict[str, Any], *, physical_id: str = NAME, **properties: Any
) -> dict[str, Any]:
    """Return the response to the Update of a rollback: from the properties of the failed update to these."""
    harness.stacks.status = ROLLING_BACK
    made = {**update_event({"Name": NAME, **before}, **properties), "PhysicalResourceId": physical_id}
    return harness.run(issued(made, harness.appstream))


# A construct that is renamed or moved.


def test_a_renamed_constructs_delete_leaves_the_builder(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """CloudFormation creates the new logical id first, then deletes the old one, with the same builder."""
    appstream.put("RUNNING")
    harness.stacks.others = {NAME}

    response = harness.run(event("Delete", OnDelete="STOP"))

    assert ("SUCCESS", 0, "RUNNING") == (response["Status"], appstream.stops(), appstream.state())


@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_the_schedule_of_a_renamed_construct_goes_with_it(harness: LambdaHarness, on_delete: str) -> None:
    """It would end early what the new one has, whatever the builder does, and though it can't be described."""
    harness.appstream.put("RUNNING")
    harness.appstream.fault("access_denied", "Describe")
    harness.stacks.others = {NAME}
    harness.schedules.due_at.update(
        {"stop-1": harness.appstream.began_at + 500, "stop-of-the-new-one": harness.appstream.began_at + 900}
    )

    response = harness.run(event("Delete", OnDelete=on_delete, **SCHEDULE))

    assert ("SUCCESS", ["stop-of-the-new-one"]) == (response["Status"], list(harness.schedules.due_at))


def test_the_new_resources_schedule_of_that_name_stays(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A logical id can be overridden: the path, of which the name is made, stays."""
    appstream.put("RUNNING")
    harness.stacks.others = {NAME}
    harness.schedules.changed["stop-1"] = ScheduledStop(
        at=appstream.began_at + 500, builder=NAME, request_id="AnotherLogicalId/request-9"
    )

    harness.run(event("Delete", **SCHEDULE))

    assert ["find"] == [what for what, _ in harness.schedules.calls]


def test_a_resource_that_is_alone_stops_its_builder(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """One of another builder is no reason to leave this one."""
    appstream.put("RUNNING")
    harness.stacks.others = {OTHER}

    assert "SUCCESS" == harness.run(event("Delete", OnDelete="STOP"))["Status"]
    assert 1 == appstream.stops()


def test_a_delete_that_has_nothing_to_do_asks_nothing(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Leaving a builder needs no call."""
    appstream.put("RUNNING")
    harness.stacks.others = {NAME}

    harness.run(event("Delete"))

    assert ([], []) == (harness.stacks.calls, appstream.calls())


# An update that is cancelled, or fails elsewhere, while it waits.


def test_a_cancelled_rename_starts_nothing_any_more(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The new builder was being snapshotted when the rollback began."""
    appstream.put("RUNNING")
    appstream.put("SNAPSHOTTING", name=OTHER)
    appstream.move("SNAPSHOTTING", (300, "STOPPED"), name=OTHER)
    began = appstream.clock.now
    harness.stacks.told = ResourceStatus("UPDATE_IN_PROGRESS", began)
    appstream.clock.later(70, lambda: harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=began + 70))

    response = harness.run(issued(update_event({"Name": NAME}, Name=OTHER), appstream))

    assert "no longer waits for this request (UPDATE_IN_PROGRESS). No action is needed." in response["Reason"]
    assert (0, True) == (appstream.starts(OTHER), harness.responded_at[0] <= 130)


def test_a_cancelled_agent_update_does_not_start(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The stop was made; the rollback's Update starts the builder with the agent of before."""
    appstream.put("RUNNING", AppstreamAgentVersion="v1")
    appstream.durations(stop=120)
    began = appstream.clock.now
    harness.stacks.told = ResourceStatus("UPDATE_IN_PROGRESS", began)
    appstream.clock.later(70, lambda: harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=began + 70))

    harness.run(issued(event("Update", AppstreamAgentVersion="v2", RestartToUpdateAgent="true"), appstream))

    assert (1, 0) == (appstream.stops(), appstream.starts())


def test_a_cancelled_schedule_change_keeps_the_earlier_stop(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """From eight hours to a quarter of one, while the builder was on its way."""
    appstream.put("PENDING")
    began = appstream.clock.now
    eight_hours = began + 8 * 3600
    harness.schedules.due_at["stop-1"] = eight_hours
    harness.stacks.told = ResourceStatus("UPDATE_IN_PROGRESS", began)
    appstream.clock.later(70, lambda: harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=began + 70))
    appstream.clock.later(200, lambda: appstream.move("RUNNING"))

    harness.run(issued(update_event({**SCHEDULE, "StopAfterSeconds": "28800"}, **SCHEDULE), appstream))

    assert {"stop-1": eight_hours} == harness.schedules.due_at


def test_a_create_redelivered_during_an_update_does_nothing(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Lambda may deliver an event hours later."""
    appstream.put("STOPPED")
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at - 5)

    harness.run(issued(event(**SCHEDULE), appstream, seconds_ago=400))

    assert (0, []) == (appstream.starts(), harness.schedules.calls)


def test_a_recreated_resource_is_not_the_deleted_one(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A status that is a little stale still shows its deletion by the rollback before."""
    appstream.put("STOPPED")
    harness.stacks.tell("DELETE_COMPLETE", changed_at=appstream.began_at - 4)

    assert "SUCCESS" == harness.run(issued(event(), appstream))["Status"]


# A rollback always ends.


@pytest.mark.parametrize("state", ["FAILED", "DELETING"])
def test_a_rollback_to_a_broken_builder_succeeds(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """As soon as no status can be stale: a failure would need a person, and nothing would be better for it."""
    appstream.put(state)

    response = rolled_back(harness, {"PollIntervalSeconds": "5"})

    assert ("SUCCESS", NAME, state) == (response["Status"], response["PhysicalResourceId"], response["Data"]["State"])
    assert [STACK_CONSISTENCY_WINDOW] == harness.responded_at
    assert any(f"{NAME}: rolled back, but Image builder {NAME} ({state})" in each for each in warnings(caplog))
    assert f"Image builder {NAME} ({state})" in json.loads(harness.lines[0])["Reason"]


@pytest.mark.parametrize(("before", "status"), [(OTHER, "SUCCESS"), (NAME, "FAILED")])
def test_a_rename_back_is_taken_for_a_rollback(harness: LambdaHarness, before: str, status: str) -> None:
    """Where CloudFormation doesn't say: the physical id shows that the rename has never succeeded."""
    harness.appstream.put("FAILED")
    denied = AwsCallError(ErrorKind.DENIED, action="cloudformation:DescribeStacks", code="No", detail="no")
    harness.stacks.errors = [denied] * 99

    assert status == rolled_back(harness, {"Name": before})["Status"]


def test_a_rollback_to_a_missing_builder_succeeds(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """All of them are there: a template may read any."""
    response = rolled_back(harness, {"PollIntervalSeconds": "5"})

    assert "SUCCESS" == response["Status"]
    assert {*ATTRIBUTES, SCHEDULED_STOP_TIME} == set(response["Data"])
    assert {"", NAME} == set(response["Data"].values())
    assert harness.responded_at[0] <= 15


def test_a_rollback_has_the_attributes_of_an_earlier_invocation(appstream: FakeAppStream) -> None:
    """The last one can't describe the builder any more; without an Arn, other resources' rollbacks would fail."""
    harness = LambdaHarness(appstream, limit=60)
    appstream.put("SNAPSHOTTING")
    appstream.clock.later(29, lambda: appstream.fault("drop", "Describe"))

    response = rolled_back(harness, {}, TimeoutSeconds="120")

    assert ("SUCCESS", "SNAPSHOTTING", ARN) == (response["Status"], response["Data"]["State"], response["Data"]["Arn"])
    assert 1 < len(harness.self_invoked)


def test_the_same_update_fails_where_nothing_is_rolled_back(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Somebody can still correct it."""
    appstream.put("FAILED")

    assert "FAILED" == harness.run(update_event({"PollIntervalSeconds": "5"}))["Status"]


def test_a_rollback_waits_its_timeout_for_its_own_start(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Then it says how far the builder is."""
    appstream.put("STOPPED")
    appstream.starts_end("never")

    response = rolled_back(harness, {}, TimeoutSeconds="900")

    assert ("SUCCESS", "PENDING") == (response["Status"], response["Data"]["State"])
    assert 900 <= harness.responded_at[0] <= 915


def test_a_rollback_waits_five_minutes_for_a_transition(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Most often that start has outlasted the first request already."""
    appstream.put("PENDING")

    response = rolled_back(harness, {}, PollIntervalSeconds="5")

    assert ("SUCCESS", "PENDING") == (response["Status"], response["Data"]["State"])
    assert [300] == harness.responded_at
    said = f"Image builder {NAME} (PENDING): it is still in transition. See the builder in the AppStream console."
    assert [f"{NAME}: rolled back, but {said}"] == warnings(caplog)


def test_a_rollback_starts_no_builder_whose_transition_took_too_long(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else's start has failed shortly before the five minutes end."""
    appstream.put("PENDING")
    appstream.move("PENDING", (280, "STOPPED"))

    response = rolled_back(harness, {})

    assert ("SUCCESS", "STOPPED", 0) == (response["Status"], response["Data"]["State"], appstream.starts())
    said = f"Image builder {NAME} (STOPPED): its transition did not end in RUNNING. Start it if it should run."
    assert [f"{NAME}: rolled back, but {said}"] == warnings(caplog)


@pytest.mark.parametrize(("exists", "said"), [(True, "unknown"), (False, "gone")])
def test_a_rollback_calls_nothing_gone_that_it_could_not_describe(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture, exists: bool, said: str
) -> None:
    """AppStream was denied the whole time."""
    caplog.set_level("INFO")
    if exists:
        appstream.put("RUNNING")
        appstream.fault("access_denied", "Describe")

    assert "SUCCESS" == rolled_back(harness, {})["Status"]
    assert f"{NAME}: SUCCESS: {said}" == caplog.messages[-1]


def test_an_update_cancelled_within_seconds_ends_once_that_shows(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """At first the rollback's Update could be this one: dates are in whole seconds, and the stack's status is stale."""
    appstream.put("STOPPED")
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 4)
    appstream.clock.later(12, lambda: setattr(harness.stacks, "status", ROLLING_BACK))

    response = harness.run(issued(update_event({}), appstream))

    # Nobody reads the response, unless it is the rollback's own: that one must not fail.
    assert ("SUCCESS", "PENDING", ARN) == (response["Status"], response["Data"]["State"], response["Data"]["Arn"])
    assert "no longer waits for this request (UPDATE_IN_PROGRESS)" in warnings(caplog)[-1]
    assert harness.responded_at[0] <= 64


def test_a_rename_within_seconds_of_a_rollback_is_no_success_by_itself(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """The stack still shows that rollback, and the update's own status is a little late."""
    appstream.put("STOPPED", name=OTHER)
    harness.stacks.status = ROLLING_BACK
    appstream.clock.later(9, lambda: setattr(harness.stacks, "status", "UPDATE_IN_PROGRESS"))
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 3)

    response = harness.run(issued({**update_event({}, Name=OTHER), "PhysicalResourceId": NAME}, appstream))

    assert ("SUCCESS", "RUNNING") == (response["Status"], response["Data"]["State"])


def test_what_was_described_before_another_builder_was_stopped_is_outdated(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The own builder ran two minutes before, and is gone now."""
    appstream.put("RUNNING")
    appstream.put("PENDING", name=OTHER)
    appstream.move("PENDING", (117, "STOPPED"), name=OTHER)
    describe = appstream.builders.describe

    def describe_other(name: str) -> ImageBuilder | None:
        return None if name == NAME and appstream.clock.now > appstream.began_at + 60 else describe(name)

    appstream.builders.describe = describe_other  # type: ignore[method-assign]
    before = {"Name": OTHER, "OnDelete": "STOP"}

    response = rolled_back(harness, before, OnDelete="STOP", TimeoutSeconds="120")

    assert "SUCCESS" == response["Status"]
    assert any(each.startswith(f"{NAME}: rolled back, but ") for each in warnings(caplog))


def test_what_was_described_a_moment_ago_is_enough(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The failed rename's builder is left as it is, and that takes no time."""
    appstream.put("RUNNING")
    describe, described = appstream.builders.describe, list[str]()

    def describe_once(name: str) -> ImageBuilder | None:
        described.append(name)
        if len(described) > 1:
            raise AwsCallError(ErrorKind.INVALID, action="appstream:DescribeImageBuilders", code="Code", detail="no")
        return describe(name)

    appstream.builders.describe = describe_once  # type: ignore[method-assign]

    response = harness.run(issued(update_event({"Name": OTHER}), appstream))

    assert ("SUCCESS", "RUNNING") == (response["Status"], response["Data"]["State"])


def test_what_a_rollback_with_a_late_status_leaves_behind_is_logged(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing follows that would see to it."""
    appstream.put("RUNNING")
    appstream.put("RUNNING", name=OTHER)
    harness.stacks.status = ROLLING_BACK
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 3)
    made = update_event({"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP", **SCHEDULE)

    assert "SUCCESS" == harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream))["Status"]
    assert [
        f"{NAME}: {OTHER}, which the failed update may have started, may still run",
        f"{NAME}: its stop is not scheduled",
    ] == warnings(caplog)[-2:]


def test_a_start_that_nobody_waits_for_is_logged_while_another_builder_is_stopped(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The end speaks of that one."""
    appstream.put("STOPPED")
    appstream.durations(start=30)
    appstream.put("PENDING", name=OTHER)
    harness.stacks.status = ROLLING_BACK
    appstream.clock.later(70, lambda: harness.stacks.tell("DELETE_IN_PROGRESS"))
    made = update_event({"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream))

    said = "it runs, and CloudFormation no longer waits for it: stop it if it should not"
    assert f"{NAME}: {said}" in warnings(caplog)


@pytest.mark.parametrize("redelivered", [False, True])
def test_a_rollback_whose_status_is_late_does_not_fail(
    harness: LambdaHarness, appstream: FakeAppStream, redelivered: bool
) -> None:
    """It could be the cancelled update, so it starts nothing."""
    appstream.put("STOPPED")
    harness.stacks.status = ROLLING_BACK
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 4 - 40 * redelivered)

    response = harness.run(issued(update_event({}), appstream, seconds_ago=40 * redelivered))

    assert ("SUCCESS", "STOPPED", 0) == (response["Status"], response["Data"]["State"], appstream.starts())


def test_an_update_that_ends_during_a_check_starts_nothing(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """To find out whether it is a rollback takes 45 s where CloudFormation doesn't say."""
    harness.stacks.hides_status = True
    appstream.put("STOPPED")
    appstream.move("SNAPSHOTTING", (310, "STOPPED"))
    appstream.clock.later(350, lambda: harness.stacks.tell("UPDATE_FAILED"))

    response = harness.run(issued(update_event({}, PollIntervalSeconds="40"), appstream))

    assert "no longer waits for this request (UPDATE_FAILED)" in response["Reason"]
    assert 0 == appstream.starts()


def test_an_ordinary_update_waits_for_a_transition(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The whole timeout long."""
    appstream.put("PENDING")

    assert "not RUNNING within 30 minutes" in harness.run(update_event({"PollIntervalSeconds": "5"}))["Reason"]


def test_a_rollback_with_bad_properties_ends(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """A function that was updated may have become stricter."""
    response = rolled_back(harness, {}, PollIntervalSeconds="soon")

    assert ("SUCCESS", NAME) == (response["Status"], response["PhysicalResourceId"])
    assert dict.fromkeys({*ATTRIBUTES, SCHEDULED_STOP_TIME}, "") == response["Data"]
    said = f"rolled back, but Image builder {NAME}: property PollIntervalSeconds is 'soon'"
    assert [said] == [each[: len(said)] for each in warnings(caplog)]


def test_a_bug_of_ours_does_not_keep_a_rollback_from_ending(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is in the log."""
    appstream.put("RUNNING")
    harness.function._calls = None  # type: ignore[assignment]

    assert "SUCCESS" == rolled_back(harness, {})["Status"]


def test_the_failed_updates_retry_is_not_the_rollback(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The stack is rolled back, but by an Update that has followed it."""
    appstream.put("FAILED")
    harness.stacks.status = ROLLING_BACK
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at - 30)

    response = harness.run(issued(update_event({"PollIntervalSeconds": "5"}), appstream, seconds_ago=400))

    assert "no longer waits" in response["Reason"]
    assert [f"{NAME}: ended: {response['Reason']}"] == warnings(caplog)


# What a failed rename has started.


def test_what_a_failed_rename_has_started_is_stopped(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """CloudFormation sends no Delete for it: no response has ever named it."""
    appstream.put("RUNNING")
    appstream.put("PENDING", name=OTHER)
    appstream.move("PENDING", (200, "RUNNING"), name=OTHER)

    response = rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert ("SUCCESS", NAME, "RUNNING") == (
        response["Status"],
        response["PhysicalResourceId"],
        response["Data"]["State"],
    )
    assert (1, 0) == (appstream.stops(OTHER), appstream.stops())


def test_a_start_that_is_not_shown_yet_is_stopped_too(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The failed update had made it just before."""
    appstream.put("RUNNING")
    appstream.put("STOPPED", name=OTHER)
    appstream.durations(start=20, describe_lag=60)
    appstream.builders.start(OTHER, None)

    rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert 1 == appstream.stops(OTHER)


@pytest.mark.parametrize(
    ("state", "physical_id", "others"),
    [
        # No start leads to it: the failed update had waited for it, too.
        ("SNAPSHOTTING", NAME, set()),
        ("UPDATING", NAME, set()),
        ("REBOOTING", NAME, set()),
        # Another resource has it: it was there before the rename.
        ("RUNNING", NAME, {OTHER}),
        # The rename has succeeded, as the id shows, and is followed by a Delete of its own.
        ("RUNNING", OTHER, set()),
    ],
)
def test_what_no_failed_rename_has_started_is_left_alone(
    harness: LambdaHarness, state: str, physical_id: str, others: set[str]
) -> None:
    """And the rollback doesn't wait for it."""
    harness.appstream.put("RUNNING")
    harness.appstream.put(state, name=OTHER)
    harness.stacks.others = others

    rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, physical_id=physical_id, OnDelete="STOP")

    assert (0, True) == (harness.appstream.stops(OTHER), harness.responded_at[0] <= 15)


@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_rollback_that_took_all_its_time_has_little_left_for_the_failed_renames_builder(
    harness: LambdaHarness, appstream: FakeAppStream, on_delete: str
) -> None:
    """ServiceTimeout is a minute after the timeout, and more than one call can hang."""
    appstream.put("RUNNING")
    appstream.put("RUNNING", name=OTHER)
    appstream.fault("server_error", "Describe")

    rolled_back(harness, {"Name": OTHER, "OnDelete": on_delete, **SCHEDULE}, TimeoutSeconds="300", **SCHEDULE)

    assert 300 <= harness.responded_at[0] <= 315


def test_a_failed_renames_builder_that_is_left_in_transition_is_logged(
    harness: LambdaHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody has rebooted it since, so it runs on."""
    harness.appstream.put("RUNNING")
    harness.appstream.put("REBOOTING", name=OTHER)

    rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert [f"{NAME}: {OTHER} is REBOOTING and left as it is: stop it if it should not run"] == warnings(caplog)


@pytest.mark.parametrize(
    ("state", "kept"), [("PENDING", True), ("RUNNING", True), ("STOPPED", True), ("FAILED", False)]
)
def test_what_a_failed_rename_has_started_keeps_its_end(harness: LambdaHarness, state: str, kept: bool) -> None:
    """With LEAVE_RUNNING and stop_after: it was scheduled before the start, which may not show yet."""
    harness.appstream.put("RUNNING")
    harness.appstream.put(state, name=OTHER)
    harness.schedules.due_at["stop-2"] = harness.appstream.began_at + 5000
    harness.schedules.builders["stop-2"] = OTHER

    rolled_back(harness, {**SCHEDULE, "Name": OTHER, "ScheduleName": "stop-2"}, **SCHEDULE)

    assert (kept, True, 0) == (
        "stop-2" in harness.schedules.due_at,
        "stop-1" in harness.schedules.due_at,
        harness.appstream.stops(OTHER),
    )


def test_a_failed_renames_running_builder_is_logged(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """With LEAVE_RUNNING and without stop_after it runs on, as was asked for."""
    harness.appstream.put("RUNNING")
    harness.appstream.put("RUNNING", name=OTHER)

    assert "SUCCESS" == rolled_back(harness, {"Name": OTHER})["Status"]
    assert any(
        f"{OTHER}, which the failed update may have started, is left as it is" in each for each in warnings(caplog)
    )


def test_the_wait_for_an_abandoned_builder_is_self_invoked(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """With what was found out so far."""
    harness.limit = 120
    appstream.put("RUNNING")
    appstream.put("PENDING", name=OTHER)
    appstream.move("PENDING", (400, "RUNNING"), name=OTHER)

    response = rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert ("SUCCESS", 1, 0) == (response["Status"], appstream.stops(OTHER), appstream.stops())
    assert harness.self_invoked


@pytest.mark.parametrize(
    ("latency", "stops", "said", "responded_at"),
    [
        (0, 1, f"what the failed update may have started may still run: Image builder {OTHER} (STOPPING): not", 70),
        (15, 0, f"what the failed update may have started may still run: Image builder {OTHER} (RUNNING): not", 90),
        (16, 0, f"{OTHER}, which the failed update may have started, may still run", 76),
    ],
)
def test_a_rollback_that_timed_out_has_ten_seconds_for_a_stop(
    harness: LambdaHarness,
    caplog: pytest.LogCaptureFixture,
    latency: float,
    stops: int,
    said: str,
    responded_at: float,
) -> None:
    """None, where the last description took more than fifteen seconds; the log says what may still run."""
    harness.appstream.put("PENDING")
    harness.appstream.put("RUNNING", name=OTHER)
    harness.appstream.builders.latency = latency
    options = {"OnDelete": "STOP", "TimeoutSeconds": "60", "PollIntervalSeconds": "60"}

    response = rolled_back(harness, {"Name": OTHER, **options}, **options)

    assert ("SUCCESS", [responded_at]) == (response["Status"], harness.responded_at)
    assert stops == harness.appstream.stops(OTHER)
    assert warnings(caplog)[-1].startswith(f"{NAME}: {said}")


def test_an_abandoned_builders_denied_stop_names_its_arn(
    harness: LambdaHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """The policy may allow the stop of the other builder only."""
    harness.appstream.put("RUNNING")
    harness.appstream.put("RUNNING", name=OTHER)
    harness.appstream.fault("access_denied", "Stop")

    assert "SUCCESS" == rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")["Status"]
    assert warnings(caplog)[-1].endswith(f"Resource: {ARN.replace(NAME, OTHER)}")


def test_an_abandoned_builder_that_somebody_starts_runs(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The invocation before has stopped it; that start isn't this request's to undo."""
    harness.limit = 120
    appstream.put("RUNNING")
    appstream.put("RUNNING", name=OTHER)
    appstream.durations(stop=300)
    appstream.clock.later(100, partial(appstream.move, "PENDING", (60, "RUNNING"), name=OTHER))

    rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert (1, "RUNNING") == (appstream.stops(OTHER), appstream.state(OTHER))


def test_an_abandoned_builder_is_stopped_once(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Somebody starts it after that, while the rollback starts its own builder in more invocations."""
    harness.limit = 240
    appstream.put("RUNNING")
    appstream.put("RUNNING", name=OTHER)
    appstream.durations(stop=60, start=400)
    appstream.clock.later(30, partial(appstream.builders.stop, NAME))
    appstream.clock.later(150, partial(appstream.builders.start, OTHER, None))

    rolled_back(harness, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert (1, "PENDING") == (appstream.stops(OTHER), appstream.state(OTHER))
    assert len(harness.self_invoked) > 1


@pytest.mark.parametrize(
    ("name", "state", "limit"), [("builder-3", "RUNNING", 900), (NAME, "FAILED", 900), (NAME, "FAILED", 120)]
)
def test_an_update_that_fails_after_a_failed_rename_stops_its_builder(
    harness: LambdaHarness, appstream: FakeAppStream, name: str, state: str, limit: float
) -> None:
    """Without rollback: its own rollback, if there is one, finds only this update's name in the old properties."""
    harness.limit = limit
    appstream.put(state)
    appstream.put("PENDING", name=OTHER)
    appstream.move("PENDING", (200, "RUNNING"), name=OTHER)
    harness.stacks.status = "UPDATE_IN_PROGRESS"
    made = update_event({"Name": OTHER, "OnDelete": "STOP"}, Name=name, OnDelete="STOP")

    response = harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream))

    assert ("FAILED", NAME) == (response["Status"], response["PhysicalResourceId"])
    assert ("not found" if name != NAME else "cannot be started") in response["Reason"]
    assert (1, "STOPPED") == (appstream.stops(OTHER), appstream.state(OTHER))
    assert (limit < 900) is bool(harness.self_invoked)


def test_an_update_that_nobody_waits_for_stops_no_other_builder(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """Its rollback has begun, and does what there is to do."""
    appstream.put("FAILED")
    appstream.put("RUNNING", name=OTHER)
    appstream.clock.later(10, lambda: harness.stacks.tell("UPDATE_IN_PROGRESS"))
    made = update_event({"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP", PollIntervalSeconds="20")

    response = harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream, seconds_ago=20))

    assert ("FAILED", 0) == (response["Status"], appstream.stops(OTHER))


def test_a_failing_updates_warnings_are_logged(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """What runs on must be known, whatever the response is."""
    appstream.put("FAILED")
    appstream.put("RUNNING", name=OTHER)
    harness.stacks.status = "UPDATE_IN_PROGRESS"

    response = harness.run(issued({**update_event({"Name": OTHER}), "PhysicalResourceId": NAME}, appstream))

    assert "FAILED" == response["Status"]
    assert [f"{NAME}: {OTHER}, which the failed update may have started, is left as it is"] == warnings(caplog)


# What may have been started is not forgotten.


@pytest.mark.parametrize("denied", [False, True])
def test_a_redelivered_create_may_have_started(harness: LambdaHarness, appstream: FakeAppStream, denied: bool) -> None:
    """The invocation before was killed, and may have been allowed to describe the builder: a Delete must stop it."""
    appstream.put("PENDING")
    if denied:
        appstream.fault("access_denied", "Describe")

    response = harness.run(issued(event(TimeoutSeconds="120"), appstream, seconds_ago=60))

    assert ("FAILED", NAME) == (response["Status"], response["PhysicalResourceId"])


def test_two_twins_of_one_event_leave_no_builder_behind() -> None:
    """One of them starts it, the other is denied: both must say that it may have been started."""
    clock = VirtualClock()
    appstream = FakeAppStream(clock)
    appstream.put("STOPPED")
    appstream.starts_end("never")
    sides = [LambdaHarness(appstream), LambdaHarness(appstream)]

    clock.run_together(*(partial(harness.run, event(TimeoutSeconds="60")) for harness in sides))

    assert not any(each.responses[0]["PhysicalResourceId"].endswith("/not-started") for each in sides)


def test_its_own_schedule_shows_another_delivery(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is set before the start: here the start that follows fails for good."""
    appstream.put("STOPPED")
    harness.schedules.changed["stop-1"] = ScheduledStop(
        at=appstream.began_at + 5000, builder=NAME, request_id=f"{LOGICAL_ID}/request-1"
    )
    appstream.fault("error", "Start", code="InvalidAccountStatusException")

    assert not harness.run(event(**SCHEDULE))["PhysicalResourceId"].endswith("/not-started")


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        ("STOPPED", "CreateSchedule", "/start-not-seen"),
        ("STOPPED", "UpdateSchedule", "/start-not-seen"),
        ("STOPPED", "GetSchedule", "/not-started"),
        ("RUNNING", "CreateSchedule", "/not-started"),
    ],
)
def test_a_conflict_about_its_schedule_shows_another_delivery(
    harness: LambdaHarness, appstream: FakeAppStream, state: str, action: str, expected: str
) -> None:
    """That one sets its fallback stop, and starts the builder next; one that runs already isn't started."""
    appstream.put(state)
    conflict = replace(refusal(ErrorKind.BUSY, "ConflictException"), action=f"scheduler:{action}")
    harness.schedules.errors = [conflict] * 999

    assert f"{NAME}{expected}" == harness.run(event(TimeoutSeconds="60", **SCHEDULE))["PhysicalResourceId"]


@pytest.mark.parametrize(
    ("state", "setter", "expected"),
    [
        ("RUNNING", LOGICAL_ID, NAME),
        ("RUNNING", "OtherBuilder5B2D81C4", f"{NAME}/not-started"),
        ("STOPPED", LOGICAL_ID, f"{NAME}/not-started"),
    ],
)
def test_its_own_schedule_shows_the_start_of_a_create_before(
    harness: LambdaHarness, appstream: FakeAppStream, state: str, setter: str, expected: str
) -> None:
    """Without rollback, a failed Create is followed by another one; where that fails, too, its Delete must stop it."""
    appstream.put(state, AppstreamAgentVersion="01-01-2020")
    appstream.fault("error", "Start", code="InvalidAccountStatusException")
    harness.schedules.changed["stop-1"] = ScheduledStop(
        at=appstream.began_at + 5000, builder=NAME, request_id=f"{setter}/request-of-before"
    )

    response = harness.run(event(AppstreamAgentVersion="LATEST", **SCHEDULE))

    assert ("FAILED", expected) == (response["Status"], response["PhysicalResourceId"])


def test_a_delete_waits_for_a_start_that_is_not_shown_yet(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The create ended a moment after it, by its timeout."""
    appstream.put("STOPPED")
    appstream.durations(start=30, describe_lag=80)
    harness.deliver(event(OnDelete="STOP", TimeoutSeconds="60"))
    failed = harness.responses[0]["PhysicalResourceId"]

    harness.deliver(event("Delete", OnDelete="STOP", physical_id=failed))

    assert (f"{NAME}/start-not-seen", failed) == (failed, harness.responses[1]["PhysicalResourceId"])
    assert 1 == appstream.stops()


def test_a_start_that_has_not_shown_yet_keeps_its_end(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """With LEAVE_RUNNING; a schedule that finds nothing to stop does no harm."""
    appstream.put("STOPPED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    harness.run(event("Delete", physical_id=f"{NAME}/start-not-seen", **SCHEDULE))

    assert {"stop-1"} == set(harness.schedules.due_at)


def test_a_create_without_a_response_may_just_have_started(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its Delete comes with an id that CloudFormation has made up."""
    appstream.put("STOPPED")
    appstream.durations(start=30, describe_lag=60)
    appstream.builders.start(NAME, None)

    harness.run(event("Delete", OnDelete="STOP", physical_id=f"stack-1-{LOGICAL_ID}-1ABCDEFGHIJKL"))

    assert 1 == appstream.stops()


def test_a_start_that_nobody_waits_for_is_in_the_reason(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else knows of it."""
    appstream.put("STOPPED")
    appstream.clock.later(100, lambda: harness.stacks.tell("DELETE_COMPLETE"))

    response = harness.run(issued(event(), appstream))

    assert "(DELETE_COMPLETE). Stop the builder if it should not run." in response["Reason"]
    assert any(response["Reason"] in each for each in warnings(caplog))


def test_a_start_that_succeeds_unwanted_is_warned_of(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The stack was deleted between the last check and RUNNING."""
    appstream.put("STOPPED")
    appstream.durations(start=30)
    appstream.clock.later(20, lambda: harness.stacks.tell("DELETE_COMPLETE"))

    assert "SUCCESS" == harness.run(issued(event(), appstream))["Status"]
    said = "it runs, and CloudFormation no longer waits for it (DELETE_COMPLETE): stop it if it should not"
    assert [f"{NAME}: {said}"] == warnings(caplog)


def test_a_start_that_fails_unwanted_is_warned_of(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing follows that would stop it."""
    appstream.put("STOPPED")
    appstream.starts_end("never")
    appstream.clock.later(80, lambda: harness.stacks.tell("CREATE_FAILED"))

    assert "FAILED" == harness.run(issued(event(TimeoutSeconds="90"), appstream))["Status"]
    said = "it may run, and CloudFormation no longer waits for it (CREATE_FAILED): stop it if it should not"
    assert f"{NAME}: {said}" == warnings(caplog)[0]


def test_a_start_that_has_failed_needs_no_warning(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The builder is STOPPED."""
    appstream.put("STOPPED")
    appstream.starts_end("stopped")
    appstream.durations(start=30)
    appstream.clock.later(20, lambda: harness.stacks.tell("CREATE_FAILED"))

    assert "the start failed" in harness.run(issued(event(), appstream))["Reason"]
    assert [] == warnings(caplog)


@pytest.mark.parametrize("redelivered", [False, True])
def test_a_create_that_is_over_starts_nothing_after_a_failed_check(
    harness: LambdaHarness, appstream: FakeAppStream, redelivered: bool
) -> None:
    """It is asked again."""
    appstream.put("STOPPED")
    harness.stacks.tell("DELETE_IN_PROGRESS", changed_at=appstream.began_at + 1)
    harness.stacks.errors = [refusal(ErrorKind.THROTTLED)] * 5

    harness.deliver(issued(event(), appstream, seconds_ago=60 * redelivered))

    assert 0 == appstream.starts()


def test_a_start_is_not_warned_of_where_nothing_is_known(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The resource's status leaves it open, and the stack's, which decides it, can't be read."""
    appstream.put("STOPPED")
    appstream.durations(start=30)
    appstream.clock.later(20, lambda: setattr(harness.stacks, "hides_status", True))
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 5)

    assert "SUCCESS" == harness.run(issued(event("Update"), appstream))["Status"]
    assert (1, []) == (appstream.starts(), warnings(caplog))


# One description is no proof.


@pytest.mark.parametrize("missed_at", [0, 60])
@pytest.mark.parametrize("kind", ["Update", "Create"])
def test_a_builder_is_missing_only_after_two_descriptions(
    harness: LambdaHarness, appstream: FakeAppStream, kind: str, missed_at: float
) -> None:
    """After `--no-rollback` a failed Create is followed by another one, which must not forget what that one started."""
    appstream.put("STOPPED")
    missed = partial(appstream.fault, "error", "Describe", code="ResourceNotFoundException", status=404, times=1)
    if missed_at:
        appstream.clock.later(missed_at, missed)
    else:
        missed()

    assert "SUCCESS" == harness.run(event(kind))["Status"]


@pytest.mark.parametrize("own", [True, False])
def test_another_deliverys_failed_start_is_not_repeated(
    harness: LambdaHarness, appstream: FakeAppStream, own: bool
) -> None:
    """The schedule shows another delivery of this request. After somebody else's start, this request makes its own."""
    appstream.put("PENDING")
    appstream.region.builders.set_state(NAME, "PENDING", [(30.0, "STOPPED")])
    setter = f"{LOGICAL_ID}/request-1" if own else "another/request"
    harness.schedules.changed["stop-1"] = ScheduledStop(at=appstream.began_at + 900, builder=NAME, request_id=setter)

    response = harness.run(event(**SCHEDULE))

    assert (("FAILED", 0) if own else ("SUCCESS", 1)) == (response["Status"], appstream.starts())


# A stop of before, and a second delivery.


@pytest.mark.parametrize(("before", "now"), [(SCHEDULE, SCHEDULE), ({}, SCHEDULE), (SCHEDULE, {})])
def test_a_killed_updates_retry_knows_the_earlier_stop(
    harness: LambdaHarness, before: dict[str, str], now: dict[str, str]
) -> None:
    """The first delivery postponed the schedule, and noted there when it was due before."""
    harness.appstream.put("RUNNING")
    harness.schedules.due_at["stop-1"] = harness.appstream.began_at + 1
    harness.appstream.clock.later(5, harness.kill)

    assert ("SUCCESS", 1) == (harness.run(update_event(before, **now))["Status"], harness.deaths)
    assert harness.responded_at[0] >= 1 + 620
    assert ("stop-1" in harness.schedules.due_at) is bool(now)


def test_a_timeouts_reason_has_the_builders_own_errors(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A builder can hang in PENDING and show its errors: those since the request began."""
    appstream.put("STOPPED")
    appstream.starts_end("never")
    appstream.clock.later(
        60,
        partial(
            appstream.show,
            ImageBuilderErrors=[
                {
                    "ErrorCode": "NETWORK_INTERFACE_ERROR",
                    "ErrorMessage": "No address.",
                    "ErrorTimestamp": appstream.began_at + 50,
                },
                {"ErrorCode": "OLD", "ErrorMessage": "Long ago.", "ErrorTimestamp": appstream.began_at - 50},
            ],
        ),
    )

    reason = harness.run(event(TimeoutSeconds="90"))["Reason"]

    assert reason.endswith("AWS: NETWORK_INTERFACE_ERROR: No address.")


def test_a_timeouts_reason_has_the_errors_of_an_earlier_invocation(appstream: FakeAppStream) -> None:
    """They are better than that AppStream doesn't respond now."""
    harness = LambdaHarness(appstream, limit=60)
    appstream.put("STOPPED")
    appstream.starts_end("never")
    error = {"ErrorCode": "NO_ADDRESS", "ErrorMessage": "a" * 5000, "ErrorTimestamp": appstream.began_at + 15}
    appstream.clock.later(20, lambda: appstream.show(ImageBuilderErrors=[error]))
    appstream.clock.later(65, lambda: appstream.fault("drop", "Describe"))

    reason = harness.run(event(TimeoutSeconds="180"))["Reason"]

    assert "not RUNNING within 3 minutes; last error: AppStream did not respond" in reason
    assert "AWS: NO_ADDRESS" in reason


def test_a_region_without_the_scheduler_fails_after_a_minute(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """With that cause."""
    appstream.put("STOPPED")
    harness.schedules.errors = [
        AwsCallError(ErrorKind.UNAVAILABLE, action="scheduler:GetSchedule", code="E", detail="no", has_no_endpoint=True)
        for _ in range(99)
    ]

    assert "this Region may lack the scheduler" in harness.run(event(**SCHEDULE))["Reason"]
    assert 60 <= harness.responded_at[0] <= 76


def test_another_deliverys_final_stop_stays(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Postponed, it would come half an hour later than the response said."""
    appstream.put("PENDING")
    due_at = appstream.began_at + 900
    harness.schedules.changed["stop-1"] = ScheduledStop(at=due_at, builder=NAME, request_id=f"{LOGICAL_ID}/request-1")
    appstream.clock.later(60, lambda: harness.stacks.tell("CREATE_COMPLETE"))

    harness.run(issued(event(**SCHEDULE), appstream))

    assert [("find", "stop-1")] == harness.schedules.calls
