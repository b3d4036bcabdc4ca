"""When a scheduled stop is deleted, when it stays, and whose it is."""

import pytest

from running_image_builder_function.cloudformation.request import parse
from running_image_builder_function.model.errors import ErrorKind
from running_image_builder_function.model.stop_schedule import ScheduledStop
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.on_delete import desired_on_delete
from running_image_builder_function.reconcile.stack_checks import StackChecks
from support.fake_appstream import ARN, NAME, REGION, FakeAppStream
from support.fake_schedules import SCHEDULE, refusal
from support.lambda_harness import LambdaHarness, event, issued, update_event


def test_an_update_without_the_option_deletes_the_schedule(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The function learns of it from the properties before; until the end it stays, postponed, as the fallback."""
    appstream.put("RUNNING")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 500

    assert "" == harness.run(update_event(SCHEDULE))["Data"]["ScheduledStopTime"]
    assert {} == harness.schedules.due_at
    assert ["find", "put", "find", "remove"] == [what for what, _ in harness.schedules.calls]
    assert [1800 + 900] == harness.schedules.moments


def test_another_builders_schedule_is_left_to_its_delete(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A rename is followed by one."""
    appstream.put("RUNNING", name="other")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 500

    harness.run(update_event({**SCHEDULE, "Name": NAME}, Name="other"))

    assert {"stop-1"} == set(harness.schedules.due_at)


def test_a_builder_that_reappears_is_warned_of(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Three descriptions in a row, over ten seconds, have shown none, so its stop was deleted."""
    appstream.put("PENDING")
    appstream.fault("error", "Describe", code="ResourceNotFoundException", status=404, times=3)
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    assert "SUCCESS" == harness.run(event("Delete", PollIntervalSeconds="10", **SCHEDULE))["Status"]
    assert {} == harness.schedules.due_at
    warning = "its scheduled stop was deleted, since AppStream did not show it: stop it if it should not run"
    assert any(each.endswith(warning) for each in caplog.messages)


@pytest.mark.parametrize("state", ["RUNNING", "PENDING", "STOPPED"])
def test_stopping_on_delete_deletes_the_schedule(harness: LambdaHarness, appstream: FakeAppStream, state: str) -> None:
    """After the stop: one that fails leaves the builder its end."""
    appstream.put(state)
    if state == "PENDING":
        appstream.move("PENDING", (30, "RUNNING"))
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    response = harness.run(event("Delete", OnDelete="STOP", **SCHEDULE))

    assert ("SUCCESS", "STOPPED", {}) == (response["Status"], appstream.state(), harness.schedules.due_at)


def test_a_builder_that_is_known_to_be_stopped_is_not_described_again(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """After its schedule is deleted, nothing is left to do."""
    appstream.put("STOPPED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    harness.run(event("Delete", OnDelete="STOP", **SCHEDULE))

    assert ["DescribeImageBuilders"] == appstream.calls()
    assert {} == harness.schedules.due_at


@pytest.mark.parametrize(
    ("state", "kept"),
    [("RUNNING", True), ("PENDING", True), ("STOPPED", False), ("STOPPING", False), ("FAILED", False)],
)
def test_a_builder_that_is_left_keeps_its_scheduled_stop(harness: LambdaHarness, state: str, kept: bool) -> None:
    """A builder that is left running still ends; for one that does not run there is nothing to stop."""
    harness.appstream.put(state)
    harness.schedules.due_at["stop-1"] = harness.appstream.began_at + 5000

    assert "SUCCESS" == harness.run(event("Delete", **SCHEDULE))["Status"]
    assert (kept, 0) == ("stop-1" in harness.schedules.due_at, harness.appstream.stops())


def test_a_create_that_started_nothing_leaves_no_schedule(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its end was set before the start, which was refused."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="InvalidAccountStatusException")
    failed = harness.run(event(OnDelete="STOP", **SCHEDULE))
    assert {"stop-1"} == set(harness.schedules.due_at)

    harness.deliver(event("Delete", OnDelete="STOP", physical_id=failed["PhysicalResourceId"], **SCHEDULE))

    assert ["FAILED", "SUCCESS"] == [each["Status"] for each in harness.responses]
    assert {} == harness.schedules.due_at


@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_rename_by_a_token_leaves_the_new_builder_its_end(
    harness: LambdaHarness, appstream: FakeAppStream, on_delete: str
) -> None:
    """The schedule's name does not change with a token's value: the old builder's Delete finds the new one's."""
    appstream.put("STOPPED")
    appstream.put("STOPPED", name="other")
    options = {"OnDelete": on_delete, **SCHEDULE}
    harness.deliver(event(**options))
    harness.deliver(update_event(options, Name="other", **options))
    appstream.move("STOPPED")

    harness.deliver(event("Delete", **options))

    assert ["SUCCESS"] * 3 == [each["Status"] for each in harness.responses]
    assert {"stop-1": "other"} == harness.schedules.builders
    assert ["stop-1"] == list(harness.schedules.due_at)
    appstream.clock.sleep(901)
    assert "STOPPING" == appstream.state("other")


def test_another_builders_stop_keeps_no_update_waiting(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """That one has just fired, for another builder; until the new one is started, it stays that builder's."""
    appstream.put("RUNNING", name="other")
    harness.schedules.due_at["stop-1"] = appstream.began_at - 5

    assert "SUCCESS" == harness.run(update_event(SCHEDULE, Name="other", **SCHEDULE))["Status"]
    assert harness.responded_at[0] < 2
    assert [("find", "stop-1"), ("put", "stop-1")] == harness.schedules.calls


def test_a_changed_schedule_counts_as_firing_now(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is put right, and what may come of it is waited out."""
    appstream.put("RUNNING")
    harness.schedules.changed["stop-1"] = ScheduledStop(at=None, builder="")

    assert "SUCCESS" == harness.run(event(**SCHEDULE))["Status"]
    assert 620 <= harness.responded_at[0] <= 624


def test_a_changed_schedule_is_deleted_with_its_purpose(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its name is the resource's own."""
    appstream.put("STOPPED")
    harness.schedules.changed["stop-1"] = ScheduledStop(at=None, builder="")

    assert "SUCCESS" == harness.run(event("Delete", **SCHEDULE))["Status"]
    assert [("find", "stop-1"), ("remove", "stop-1")] == harness.schedules.calls


def test_a_schedule_does_not_outlive_its_role(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """With STOP the scheduler's role goes with the stack, whatever the builder does: it isn't even described."""
    appstream.put("RUNNING")
    appstream.fault("access_denied", "Describe")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    harness.run(event("Delete", physical_id=f"{NAME}/not-started", OnDelete="STOP", **SCHEDULE))

    assert ({}, 0, "RUNNING") == (harness.schedules.due_at, appstream.stops(), appstream.state())
    assert [0] == harness.responded_at


def test_a_create_that_started_nothing_keeps_an_earlier_stop(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """With LEAVE_RUNNING it may be the one of the stack before."""
    appstream.put("RUNNING")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    harness.run(event("Delete", physical_id=f"{NAME}/not-started", **SCHEDULE))

    assert ["stop-1"] == list(harness.schedules.due_at)


def test_a_renamed_schedules_old_one_is_deleted(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It may be of an earlier resource, and due already."""
    appstream.put("RUNNING")
    harness.schedules.due_at.update({"old": appstream.began_at + 500, "stop-1": appstream.began_at - 100})

    harness.run(update_event({**SCHEDULE, "ScheduleName": "old"}, **SCHEDULE))

    assert ["stop-1"] == list(harness.schedules.due_at)
    assert 520 <= harness.responded_at[0] <= 524


@pytest.mark.parametrize(
    ("builder", "said"),
    [
        (NAME, "the scheduled stop is deleted"),
        ("other", "the schedule of that name stops other"),
        (None, "no stop is scheduled"),
    ],
)
def test_the_log_says_what_became_of_the_schedule(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture, builder: str | None, said: str
) -> None:
    """What was there, and in which state the builder was left."""
    caplog.set_level("INFO")
    appstream.put("STOPPED")
    if builder is not None:
        harness.schedules.changed["stop-1"] = ScheduledStop(at=None, builder=builder)

    harness.run(event("Delete", **SCHEDULE))

    assert [f"{NAME}: {each}" for each in ("state STOPPED", said, "SUCCESS: STOPPED")] == caplog.messages


def test_an_update_logs_which_builder_the_schedule_stops(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """It serves the new builder at the end."""
    caplog.set_level("INFO")
    appstream.put("RUNNING")
    harness.schedules.changed["stop-1"] = ScheduledStop(at=None, builder="other")

    harness.run(event(**SCHEDULE))

    assert f"{NAME}: the schedule of that name stops other" in caplog.messages
    assert {"stop-1": NAME} == harness.schedules.builders


def test_the_schedule_of_a_builder_that_is_gone_goes_too(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to stop."""
    caplog.set_level("INFO")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    assert "SUCCESS" == harness.run(event("Delete", **SCHEDULE))["Status"]
    assert ({}, f"{NAME}: SUCCESS: gone") == (harness.schedules.due_at, caplog.messages[-1])


@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_each_desired_state_of_a_delete_has_the_region(harness: LambdaHarness, on_delete: str) -> None:
    """For messages about what isn't found there, or not allowed."""
    deleted, context = event("Delete", OnDelete=on_delete, **SCHEDULE), CallbackContext(began_at=0)
    checks = StackChecks(harness.stacks, deleted, context, clock=harness.appstream.clock)

    desired = desired_on_delete(parse(deleted), context, checks, arn=ARN, clock=harness.appstream.clock)

    assert desired is not None
    assert REGION == desired.region


@pytest.mark.parametrize("shown", ["STOPPED", "STOPPING"])
def test_one_old_description_deletes_no_schedule(harness: LambdaHarness, appstream: FakeAppStream, shown: str) -> None:
    """It is from before the start: the builder would run on without an end."""
    appstream.put("RUNNING")
    appstream.move(shown)
    appstream.clock.later(1, lambda: appstream.move("RUNNING"))
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    assert "SUCCESS" == harness.run(event("Delete", **SCHEDULE))["Status"]
    assert ["stop-1"] == list(harness.schedules.due_at)


def test_a_stopped_builder_loses_its_schedule_at_the_second_description(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """Ten seconds later; what counts is since when descriptions have shown it, over all invocations."""
    harness.limit = 12
    appstream.put("STOPPED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    harness.run(event("Delete", **SCHEDULE))

    assert {} == harness.schedules.due_at
    assert harness.self_invoked
    assert 10 <= harness.responded_at[0] <= 12


def test_a_schedule_stays_where_no_second_description_is_possible(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names it."""
    appstream.put("STOPPED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    made = issued(event("Delete", TimeoutSeconds="60", **SCHEDULE), appstream, seconds_ago=115)

    assert "SUCCESS" == harness.run(made)["Status"]
    assert ["stop-1"] == list(harness.schedules.due_at)
    assert caplog.messages[-1].endswith("its scheduled stop stays. Delete schedule stop-1 if it is not wanted.")


@pytest.mark.parametrize("poll_interval", ["2", "25", "60"])
@pytest.mark.parametrize("trouble", ["gone", "throttled", "renamed", "unavailable"])
def test_a_delete_that_leaves_the_builder_has_a_second_try(
    harness: LambdaHarness, appstream: FakeAppStream, trouble: str, poll_interval: str
) -> None:
    """However long the interval between two descriptions is."""
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    on_delete = "LEAVE_RUNNING"
    if trouble != "gone":
        appstream.put("STOPPED")
    if trouble == "unavailable":
        appstream.fault("server_error", "Describe", times=1)
    if trouble in ("throttled", "renamed"):
        harness.schedules.errors = [refusal(ErrorKind.THROTTLED)]
    if trouble == "renamed":
        harness.stacks.others, on_delete = {NAME}, "STOP"

    response = harness.run(event("Delete", OnDelete=on_delete, PollIntervalSeconds=poll_interval, **SCHEDULE))

    assert ("SUCCESS", {}) == (response["Status"], harness.schedules.due_at)
    assert harness.responded_at[0] <= 40


@pytest.mark.parametrize(
    ("physical_id", "on_delete", "failures", "limit"),
    [
        (NAME, "LEAVE_RUNNING", 99, 20),
        (f"{NAME}/not-started", "STOP", 99, 20),
        # As long as a stop is asked for, it must be known.
        (NAME, "STOP", 9, 45),
    ],
)
def test_a_slow_list_of_resources_leaves_time_for_the_schedule(
    harness: LambdaHarness,
    caplog: pytest.LogCaptureFixture,
    physical_id: str,
    on_delete: str,
    failures: int,
    limit: float,
) -> None:
    """The log says so where the list is never known."""
    harness.appstream.put("FAILED")
    harness.schedules.due_at["stop-1"] = harness.appstream.began_at + 5000
    harness.stacks.others = {NAME}
    harness.stacks.errors = [refusal(ErrorKind.THROTTLED)] * failures

    response = harness.run(event("Delete", physical_id=physical_id, OnDelete=on_delete, **SCHEDULE))

    assert ("SUCCESS", {}, [limit]) == (response["Status"], harness.schedules.due_at, harness.responded_at)
    warning = f"{NAME}: CloudFormation doesn't say whether another resource of the stack has it"
    assert (failures == 99) is (warning in caplog.messages)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
@pytest.mark.parametrize("refused", [False, True])
def test_a_failed_creates_delete_leaves_the_next_ones_schedule(
    harness: LambdaHarness, appstream: FakeAppStream, kept: bool, on_delete: str, refused: bool
) -> None:
    """Without rollback, it is sent after the next Create's success. A schedule of that one has the same name."""
    appstream.put("STOPPED")
    if refused:
        appstream.fault("error", "Start", code="InvalidAccountStatusException", times=1)
    else:
        appstream.fault("server_error", "Start", times=1)
        appstream.durations(start=4000)
    harness.deliver(issued(event(OnDelete=on_delete, TimeoutSeconds="60", **SCHEDULE), appstream))
    failed = harness.responses[0]["PhysicalResourceId"]
    assert (f"{NAME}/not-started" if refused else f"{NAME}/start-not-seen") == failed
    appstream.move("STOPPED")
    appstream.durations(start=60)
    harness.deliver({**issued(event(OnDelete=on_delete, **(SCHEDULE if kept else {})), appstream), "RequestId": "2"})
    harness.stacks.recreated, harness.stacks.status = {NAME}, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"

    made = event("Delete", physical_id=failed, OnDelete=on_delete, **SCHEDULE)
    harness.deliver({**issued(made, appstream), "RequestId": "3"})

    assert ["FAILED", "SUCCESS", "SUCCESS"] == [each["Status"] for each in harness.responses]
    assert (kept, 0) == ("stop-1" in harness.schedules.due_at, appstream.stops())


def test_a_delete_that_gives_up_logs_its_warnings_as_well(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Within a minute, and the schedule stays."""
    appstream.put("FAILED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    harness.stacks.errors = [refusal(ErrorKind.THROTTLED)] * 99
    harness.schedules.errors = [refusal(ErrorKind.THROTTLED)] * 99

    assert "SUCCESS" == harness.run(event("Delete", **SCHEDULE))["Status"]
    assert [40] == harness.responded_at
    assert f"{NAME}: CloudFormation doesn't say whether another resource of the stack has it" in caplog.messages
    assert "Delete schedule stop-1 if it is not wanted." in caplog.messages[-1]


def test_a_schedule_that_is_deleted_is_not_said_to_stay(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """Though AppStream can't be reached after that."""
    appstream.put("FAILED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    remove = harness.schedules.remove

    def remove_last(name: str) -> None:
        remove(name)
        appstream.fault("server_error", "Describe")

    harness.schedules.remove = remove_last  # type: ignore[method-assign]

    assert "SUCCESS" == harness.run(event("Delete", **SCHEDULE))["Status"]
    assert ({}, []) == (harness.schedules.due_at, [each for each in caplog.messages if "stays" in each])


@pytest.mark.parametrize("poll_interval", ["2", "15", "30", "60"])
@pytest.mark.parametrize("kind", [ErrorKind.THROTTLED, ErrorKind.DENIED])
@pytest.mark.parametrize("errors", [2, 99])
def test_a_stopped_builders_schedule_is_retried_every_five_seconds(
    harness: LambdaHarness, appstream: FakeAppStream, poll_interval: str, kind: ErrorKind, errors: int
) -> None:
    """However long the poll interval is, and though AppStream can't be reached any more."""
    appstream.put("STOPPED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    harness.schedules.errors = [refusal(kind)] * errors
    appstream.clock.later(1, lambda: appstream.fault("server_error", "Describe"))

    response = harness.run(event("Delete", OnDelete="STOP", PollIntervalSeconds=poll_interval, **SCHEDULE))

    assert ("SUCCESS", errors > 2) == (response["Status"], "stop-1" in harness.schedules.due_at)
    assert harness.responded_at[0] <= (50 if errors > 2 else 15)


@pytest.mark.parametrize(("physical_id", "others"), [(NAME, set()), (f"{NAME}/not-started", set()), (NAME, {NAME})])
def test_a_late_delete_deletes_no_schedule_of_a_request_that_is_over(
    harness: LambdaHarness, appstream: FakeAppStream, physical_id: str, others: set[str]
) -> None:
    """There is time to ask, however late it is and however long the list of resources took."""
    appstream.put("FAILED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    harness.stacks.others = others
    harness.stacks.errors = [] if others else [refusal(ErrorKind.THROTTLED)] * 3
    harness.schedules.errors = [refusal(ErrorKind.THROTTLED)]
    appstream.clock.later(2 if others else 17, lambda: harness.stacks.tell("CREATE_IN_PROGRESS"))
    on_delete = "LEAVE_RUNNING" if physical_id == NAME and not others else "STOP"
    made = event("Delete", physical_id=physical_id, OnDelete=on_delete, TimeoutSeconds="60", **SCHEDULE)

    harness.deliver(issued(made, appstream, seconds_ago=75))

    assert {"stop-1"} == set(harness.schedules.due_at)
    assert "DescribeStackResource" == harness.stacks.calls[-1]


@pytest.mark.parametrize(("late", "deleted"), [(65, True), (115, True), (121, False)])
def test_a_late_delete_tries(harness: LambdaHarness, appstream: FakeAppStream, late: float, deleted: bool) -> None:
    """Until ServiceTimeout has ended its request."""
    appstream.put("FAILED")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000
    made = event("Delete", TimeoutSeconds="60", **SCHEDULE)

    assert "SUCCESS" == harness.run(issued(made, appstream, seconds_ago=late))["Status"]
    assert deleted is ("stop-1" not in harness.schedules.due_at)
