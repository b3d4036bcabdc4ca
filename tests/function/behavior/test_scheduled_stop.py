"""The specification of a scheduled stop: when it is set and moved, and what of before must not meet it."""

from typing import Any

import pytest

from running_image_builder_function.model.errors import ErrorKind
from running_image_builder_function.model.stop_schedule import ScheduledStop, moment
from support.fake_appstream import NAME, FakeAppStream
from support.fake_schedules import SCHEDULE, refusal
from support.lambda_harness import LOGICAL_ID, LambdaHarness, event, issued, update_event


def test_a_start_has_a_fallback_stop_then_its_real_one(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The first, after the deadline, stops it if the function never runs again; the second counts from RUNNING."""
    appstream.put("STOPPED")

    response = harness.run(event(**SCHEDULE))

    assert [1800 + 900, harness.responded_at[0] + 900] == [
        pytest.approx(each, abs=2) for each in harness.schedules.moments
    ]
    assert [("find", "stop-1"), ("put", "stop-1"), ("put", "stop-1")] == harness.schedules.calls
    assert "2027-01-15T08:22:00Z" == response["Data"]["ScheduledStopTime"]
    assert {"stop-1": NAME} == harness.schedules.builders


@pytest.mark.parametrize("state", ["PENDING", "UPDATING_AGENT"])
def test_a_builder_that_is_found_starting_gets_a_fallback_stop(
    harness: LambdaHarness, appstream: FakeAppStream, state: str
) -> None:
    """Whoever started it: the request before may have asked for a stop with the stack, and this one doesn't."""
    appstream.put(state)

    response = harness.run(event(**SCHEDULE))

    assert "FAILED" == response["Status"]
    assert [1800 + 900] == [pytest.approx(each, abs=2) for each in harness.schedules.moments]
    assert {"stop-1": NAME} == harness.schedules.builders


@pytest.mark.parametrize("state", ["SNAPSHOTTING", "STOPPING", "FAILED"])
def test_a_builder_that_does_not_start_gets_no_fallback_stop(
    harness: LambdaHarness, appstream: FakeAppStream, state: str
) -> None:
    """There is nothing to stop."""
    appstream.put(state)

    assert "FAILED" == harness.run(event(**SCHEDULE))["Status"]
    assert [] == harness.schedules.moments


def test_the_builder_stops_by_itself(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """At the moment that the response said."""
    appstream.put("RUNNING")
    harness.run(event(**SCHEDULE))

    appstream.clock.sleep(899)
    assert "RUNNING" == appstream.state()
    appstream.clock.sleep(2)

    assert "STOPPING" == appstream.state()
    assert {} == harness.schedules.due_at


def test_without_the_option_nothing_is_scheduled(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The attribute is there all the same."""
    appstream.put("RUNNING")

    assert "" == harness.run(event())["Data"]["ScheduledStopTime"]
    assert [] == harness.schedules.calls


def test_an_update_moves_the_stop(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is postponed first, then moved to its new time."""
    appstream.put("RUNNING")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 500

    harness.run(update_event(SCHEDULE, **{**SCHEDULE, "StopAfterSeconds": "3600"}))

    assert [1800 + 3600, 3600] == [pytest.approx(each, abs=2) for each in harness.schedules.moments]
    assert [2] == [round(each) for each in harness.responded_at] or harness.responded_at[0] < 2


def test_running_is_seen_again_after_the_stop_was_set(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """What stops it between the two descriptions does not become a success: it is started again."""
    appstream.put("RUNNING")
    put = harness.schedules.put

    def stop_just_then(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        if not appstream.stops():
            appstream.builders.stop(NAME)

    harness.schedules.put = stop_just_then  # type: ignore[method-assign]

    assert "SUCCESS" == harness.run(event(**SCHEDULE))["Status"]
    assert (1, 1, "RUNNING") == (appstream.stops(), appstream.starts(), appstream.state())


@pytest.mark.parametrize("then", [[], [(1200, "RUNNING")]])
def test_its_own_stop_does_not_meet_its_next_start(
    harness: LambdaHarness, appstream: FakeAppStream, then: list[tuple[float, str]]
) -> None:
    """What was scheduled for the builder that ran is postponed when it runs no more."""
    appstream.put("RUNNING")
    appstream.durations(start=1200)
    put = harness.schedules.put

    def stop_just_then(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        if len(harness.schedules.moments) == 1:
            appstream.move("REBOOTING" if then else "STOPPED", *then)

    harness.schedules.put = stop_just_then  # type: ignore[method-assign]

    assert "SUCCESS" == harness.run(event(TimeoutSeconds="3000", **SCHEDULE))["Status"]
    due = [900, 3000 + 900, harness.responded_at[0] + 900]
    assert due == [pytest.approx(each, abs=4) for each in harness.schedules.moments]
    assert "RUNNING" == appstream.state()
    assert harness.responded_at[0] < 1300


@pytest.mark.parametrize(("limit", "kill_at", "state"), [(900, 1, "RUNNING"), (120, 2, "PENDING")])
@pytest.mark.parametrize(("snapshot", "start"), [(1500, 300), (700, 300), (100, 1000)])
def test_a_killed_deliverys_stop_does_not_meet_the_start(
    appstream: FakeAppStream, limit: float, kill_at: int, state: str, snapshot: float, start: float
) -> None:
    """It had scheduled the stop for good; its retry can't know, and finds the builder in a snapshot."""
    harness = LambdaHarness(appstream, limit=limit)
    appstream.put(state)
    if state == "PENDING":
        appstream.move("PENDING", (200, "RUNNING"))
    appstream.durations(start=start)
    put, begin, due = harness.schedules.put, appstream.builders.start, []

    def be_killed(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        if len(harness.schedules.moments) == kill_at:
            appstream.move("SNAPSHOTTING", (snapshot, "STOPPED"))
            harness.kill()

    def note(*arguments: Any) -> None:
        due.append(harness.schedules.due_at.get("stop-1"))
        begin(*arguments)

    harness.schedules.put = be_killed  # type: ignore[method-assign]
    appstream.builders.start = note  # type: ignore[method-assign, assignment]

    assert "SUCCESS" == harness.run(issued(event(TimeoutSeconds="3540", **SCHEDULE), appstream))["Status"]
    assert [pytest.approx(appstream.began_at + 3540 + 900, abs=2)] == due
    assert ("RUNNING", 0) == (appstream.state(), appstream.stops())


def test_a_killed_deliverys_stop_is_not_reported(appstream: FakeAppStream) -> None:
    """The retry has the callback context from before it was postponed."""
    harness = LambdaHarness(appstream, limit=120)
    appstream.put("STOPPED", VpcConfig={"SubnetIds": ["subnet-1"]})
    appstream.durations(start=60, eni_delay=150)
    put = harness.schedules.put

    def be_killed(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        if len(harness.schedules.moments) == 3:
            harness.kill()

    def reboot() -> None:
        if len(harness.self_invoked) == 1:
            appstream.move("REBOOTING", (30, "RUNNING"))

    harness.schedules.put = be_killed  # type: ignore[method-assign]
    harness.on_self_invocation = reboot

    reported = harness.run(issued(event(**SCHEDULE), appstream))["Data"]["ScheduledStopTime"]

    assert [f"{moment(each)}Z" for each in harness.schedules.due_at.values()] == [reported]


@pytest.mark.parametrize("old_name", [NAME, "builder-2"])
def test_a_rollback_of_a_rename_waits_for_a_stop_that_has_fired(
    harness: LambdaHarness, appstream: FakeAppStream, old_name: str
) -> None:
    """The properties before are another builder's, but this one had its schedule."""
    appstream.put("STOPPED")
    appstream.put("STOPPED", name="builder-2")
    appstream.durations(start=60)
    appstream.show(State="RUNNING", NetworkAccessConfiguration={"EniPrivateIpAddress": "10.0.0.9"})
    appstream.clock.later(80, lambda: appstream.show(State="STOPPED"))
    appstream.clock.later(81, lambda: appstream.region.builders.observe(NAME)[0].fields.pop("State"))
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    before = {"Name": old_name, **(SCHEDULE if old_name == NAME else {})}
    made = {**update_event(before, **SCHEDULE), "PhysicalResourceId": NAME}

    assert "SUCCESS" == harness.run(issued(made, appstream))["Status"]
    assert (1, "RUNNING") == (appstream.starts(), appstream.state())


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED"])
def test_its_stop_is_scheduled_after_a_failed_renames_builder_is_stopped(
    harness: LambdaHarness, appstream: FakeAppStream, state: str
) -> None:
    """That one can take longer than the stop's time; until then the fallback stop is enough."""
    appstream.put(state)
    appstream.put("PENDING", name="builder-2")
    appstream.move("PENDING", (2000, "RUNNING"), name="builder-2")
    harness.stacks.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    before = {**SCHEDULE, "Name": "builder-2", "ScheduleName": "stop-2", "OnDelete": "STOP"}
    made = update_event(before, TimeoutSeconds="3540", OnDelete="STOP", **SCHEDULE)

    response = harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream))

    assert ("SUCCESS", "RUNNING", state == "STOPPED") == (
        response["Status"],
        appstream.state(),
        appstream.starts() == 1,
    )
    due = [3540 + 900, harness.responded_at[0] + 900]
    assert due == [pytest.approx(each, abs=4) for each in harness.schedules.moments]


@pytest.mark.parametrize("hangs", ["PENDING", "RUNNING"])
@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_a_failed_renames_builder_that_hangs_leaves_time_for_the_stop(
    harness: LambdaHarness, appstream: FakeAppStream, hangs: str, status: str
) -> None:
    """What goes wrong with that one is a warning."""
    appstream.put("RUNNING")
    appstream.put(hangs, name="builder-2")
    appstream.fault("server_error", "Stop")
    harness.stacks.status = status
    before = {**SCHEDULE, "Name": "builder-2", "ScheduleName": "stop-2", "OnDelete": "STOP"}
    made = update_event(before, TimeoutSeconds="600", OnDelete="STOP", **SCHEDULE)

    response = harness.run(issued({**made, "PhysicalResourceId": NAME}, appstream))

    assert ("SUCCESS", 570) == (response["Status"], harness.responded_at[0])
    due = [f"{moment(each)}Z" for each in harness.schedules.due_at.values()]
    assert due == [response["Data"]["ScheduledStopTime"]]


@pytest.mark.parametrize("trouble", ["AppStream", "the scheduler"])
@pytest.mark.parametrize("late", [0, 40])
def test_a_late_self_invocation_knows_its_stop(appstream: FakeAppStream, trouble: str, late: float) -> None:
    """The builder ran, and waits for its address."""
    harness = LambdaHarness(appstream, limit=120)
    appstream.put("RUNNING", VpcConfig={"SubnetIds": ["subnet-1"]}, NetworkAccessConfiguration=None)

    def make_trouble() -> None:
        if len(harness.self_invoked) == 1:
            appstream.clock.sleep(late)
            if trouble == "AppStream":
                appstream.fault("server_error", "Describe")
            else:
                harness.schedules.errors = [refusal(ErrorKind.THROTTLED)] * 999

    harness.on_self_invocation = make_trouble

    response = harness.run(issued(event(TimeoutSeconds="600", **SCHEDULE), appstream))

    assert ("SUCCESS", "RUNNING") == (response["Status"], response["Data"]["State"])
    due = [f"{moment(each)}Z" for each in harness.schedules.due_at.values()]
    assert due == [response["Data"]["ScheduledStopTime"]]


@pytest.mark.parametrize("limit", [120, 900])
def test_running_is_not_told_after_its_stop(appstream: FakeAppStream, limit: float) -> None:
    """AppStream could not be asked again before that."""
    harness = LambdaHarness(appstream, limit=limit)
    appstream.put("STOPPED")
    appstream.durations(start=60)
    put = harness.schedules.put

    def put_last(*arguments: Any, **options: Any) -> None:
        put(*arguments, **options)
        if len(harness.schedules.moments) > 1:
            appstream.fault("server_error", "Describe")

    harness.schedules.put = put_last  # type: ignore[method-assign]

    reason = harness.run(issued(event(**SCHEDULE), appstream))["Reason"]

    assert "not described again before its scheduled stop" in reason


def test_a_stop_that_comes_due_while_it_waits_is_waited_out(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """One that another delivery of the request has scheduled, and that is left where it is."""
    appstream.put("PENDING")
    appstream.move("PENDING", (1000, "RUNNING"))
    harness.schedules.due_at["stop-1"] = appstream.began_at + 700
    own = f"{LOGICAL_ID}/request-1"
    harness.schedules.descriptions["stop-1"] = ScheduledStop(at=0, builder=NAME, request_id=own).description

    assert "SUCCESS" == harness.run(event(TimeoutSeconds="3000", **SCHEDULE))["Status"]
    assert 700 + 620 <= harness.responded_at[0] <= 700 + 630


@pytest.mark.parametrize(("before", "now"), [(SCHEDULE, SCHEDULE), ({}, SCHEDULE), (SCHEDULE, {})])
def test_a_fired_stop_that_may_be_retried_is_waited_out(
    harness: LambdaHarness, before: dict[str, str], now: dict[str, str]
) -> None:
    """The scheduler begins within five minutes and tries for five, perhaps even of a moved or deleted schedule."""
    harness.appstream.put("RUNNING")
    harness.schedules.due_at["stop-1"] = harness.appstream.began_at - 100

    assert "SUCCESS" == harness.run(update_event(before, **now))["Status"]
    assert 520 <= harness.responded_at[0] <= 524
    due_at = harness.appstream.began_at + harness.responded_at[0] + 900
    assert ([pytest.approx(due_at, abs=4)] if now else []) == list(harness.schedules.due_at.values())


def test_the_deadline_limits_the_wait_for_a_late_stop(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """There must be time to schedule the next one."""
    appstream.put("RUNNING")
    harness.schedules.due_at["stop-1"] = appstream.began_at

    assert "SUCCESS" == harness.run(event(TimeoutSeconds="60", **SCHEDULE))["Status"]
    assert 50 <= harness.responded_at[0] <= 60


def test_the_steps_are_not_repeated_by_a_self_invocation(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The event carries what was scheduled."""
    appstream.put("STOPPED")
    harness.limit = 60

    harness.run(event(**SCHEDULE))

    assert len(harness.self_invoked) > 5
    assert [("find", "stop-1"), ("put", "stop-1"), ("put", "stop-1")] == harness.schedules.calls


def test_nothing_is_scheduled_for_a_request_that_is_over(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A late duplicate must not touch what a later deploy has set."""
    appstream.put("RUNNING")
    harness.stacks.tell("UPDATE_COMPLETE")

    assert (
        "no longer waits"
        in harness.run(issued(update_event(SCHEDULE, **SCHEDULE), appstream, seconds_ago=40))["Reason"]
    )
    assert [] == harness.schedules.calls


@pytest.mark.parametrize(
    ("due_in", "postponed"),
    [(None, "no stop is scheduled yet"), (500, "the scheduled stop is postponed to 2027-01-15T08:45:00Z")],
)
def test_the_log_says_what_became_of_the_stop(
    harness: LambdaHarness,
    appstream: FakeAppStream,
    caplog: pytest.LogCaptureFixture,
    due_in: float | None,
    postponed: str,
) -> None:
    """Each step has a line."""
    caplog.set_level("INFO")
    appstream.put("RUNNING")
    if due_in is not None:
        harness.schedules.due_at["stop-1"] = appstream.began_at + due_in

    harness.run(event(**SCHEDULE))

    said = [message for message in caplog.messages if "stop" in message]
    assert [f"{NAME}: {postponed}", f"{NAME}: the stop is scheduled for 2027-01-15T08:15:00Z"] == said


@pytest.mark.parametrize("now", [SCHEDULE, {}])
def test_a_schedule_that_is_gone_may_have_stopped_it_a_moment_ago(
    harness: LambdaHarness, appstream: FakeAppStream, now: dict[str, str]
) -> None:
    """A description may not show that for a minute and a half."""
    appstream.put("RUNNING")
    appstream.durations(describe_lag=90, start=30)
    appstream.region.builders.stop(NAME)

    response = harness.run(update_event(SCHEDULE, **now))

    assert ("SUCCESS", "RUNNING", 1) == (response["Status"], appstream.state(), appstream.starts())


def test_a_resource_that_had_no_schedule_waits_for_no_stop(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """There is none that could have come."""
    appstream.put("RUNNING")

    assert "SUCCESS" == harness.run(update_event({}, **SCHEDULE))["Status"]
    assert harness.responded_at[0] < 2


def test_a_stopped_builder_waits_for_no_stop_of_a_schedule_that_is_gone(
    harness: LambdaHarness, appstream: FakeAppStream
) -> None:
    """That stop has come."""
    appstream.put("STOPPED")
    appstream.durations(start=30)

    assert "SUCCESS" == harness.run(update_event(SCHEDULE, **SCHEDULE))["Status"]
    assert harness.responded_at[0] < 60
