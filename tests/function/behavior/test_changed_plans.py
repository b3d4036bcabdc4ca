"""The specification of changed plans: renamed constructs, cancelled updates, roll-backs, and what they leave."""

from functools import partial
from typing import Any

import pytest

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from running_image_builder_function.model.errors import CallFailed, Trouble
from running_image_builder_function.model.stop_schedule import ScheduledStop
from running_image_builder_function.reconcile.ports import ResourceStatus
from running_image_builder_function.reconcile.stack_checks import STALE
from support.lambda_side import LOGICAL_ID, LambdaSide, event, issued, update_event
from support.schedules import SCHEDULE
from support.together import SharedClock
from support.world import NAME, World

OTHER = "builder-2"
ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return every warning of the function's."""
    return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]


def rolled_back(
    side: LambdaSide, before: dict[str, Any], *, physical_id: str = NAME, **properties: Any
) -> dict[str, Any]:
    """Return the answer to the Update of a roll-back: from the properties of the failed update to these."""
    side.stacks.status = ROLLING_BACK
    made = {**update_event({"Name": NAME, **before}, **properties), "PhysicalResourceId": physical_id}
    return side.run(issued(made, side.world))


# A construct that is renamed or moved.


def test_the_delete_of_a_renamed_construct_leaves_the_builder_to_the_new_one(side: LambdaSide, world: World) -> None:
    """CloudFormation creates the new logical id first, then deletes the old one, with the same builder."""
    world.put("RUNNING")
    side.stacks.others = {NAME}

    answer = side.run(event("Delete", OnDelete="STOP"))

    assert ("SUCCESS", 0, "RUNNING") == (answer["Status"], world.stops(), world.state())


@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_the_schedule_of_a_renamed_construct_goes_with_it(side: LambdaSide, world: World, on_delete: str) -> None:
    """It would end early what the new one has, whatever the builder does, and though it cannot be looked at."""
    world.put("RUNNING")
    world.fault("access_denied", "Describe")
    side.stacks.others = {NAME}
    side.schedules.due_at.update({"stop-1": world.began_at + 500, "stop-of-the-new-one": world.began_at + 900})

    answer = side.run(event("Delete", OnDelete=on_delete, **SCHEDULE))

    assert ("SUCCESS", ["stop-of-the-new-one"]) == (answer["Status"], list(side.schedules.due_at))


def test_a_schedule_of_the_same_name_stays_where_the_new_resource_has_set_it(side: LambdaSide, world: World) -> None:
    """A logical id can be overridden: the path, of which the name is made, stays."""
    world.put("RUNNING")
    side.stacks.others = {NAME}
    side.schedules.changed["stop-1"] = ScheduledStop(
        at=world.began_at + 500, builder=NAME, request_id="AnotherLogicalId/request-9"
    )

    side.run(event("Delete", **SCHEDULE))

    assert ["find"] == [what for what, _ in side.schedules.calls]


def test_a_resource_that_is_alone_stops_its_builder(side: LambdaSide, world: World) -> None:
    """One of another builder is no reason to leave this one."""
    world.put("RUNNING")
    side.stacks.others = {OTHER}

    assert "SUCCESS" == side.run(event("Delete", OnDelete="STOP"))["Status"]
    assert 1 == world.stops()


def test_a_delete_that_has_nothing_to_do_asks_nothing(side: LambdaSide, world: World) -> None:
    """Leaving a builder needs no look at anything."""
    world.put("RUNNING")
    side.stacks.others = {NAME}

    side.run(event("Delete"))

    assert ([], []) == (side.stacks.calls, world.calls())


# An update that is cancelled, or fails elsewhere, while it waits.


def test_a_cancelled_rename_starts_nothing_any_more(side: LambdaSide, world: World) -> None:
    """The new builder was being snapshotted when the roll-back began."""
    world.put("RUNNING")
    world.put("SNAPSHOTTING", name=OTHER)
    world.move("SNAPSHOTTING", (300, "STOPPED"), name=OTHER)
    began = world.clock.now
    side.stacks.told = ResourceStatus("UPDATE_IN_PROGRESS", began)
    world.clock.later(70, lambda: side.stacks.tell("UPDATE_IN_PROGRESS", changed_at=began + 70))

    answer = side.run(issued(update_event({"Name": NAME}, Name=OTHER), world))

    assert "no longer waits for this request (UPDATE_IN_PROGRESS). No action is needed." in answer["Reason"]
    assert (0, True) == (world.starts(OTHER), side.answered_at[0] <= 130)


def test_a_cancelled_restart_for_another_agent_does_not_start_it(side: LambdaSide, world: World) -> None:
    """The stop was made; the roll-back's Update starts the builder with the agent of before."""
    world.put("RUNNING", AppstreamAgentVersion="v1")
    world.durations(stop=120)
    began = world.clock.now
    side.stacks.told = ResourceStatus("UPDATE_IN_PROGRESS", began)
    world.clock.later(70, lambda: side.stacks.tell("UPDATE_IN_PROGRESS", changed_at=began + 70))

    side.run(issued(event("Update", AppstreamAgentVersion="v2", RestartToUpdateAgent="true"), world))

    assert (1, 0) == (world.stops(), world.starts())


def test_a_cancelled_change_of_the_scheduled_stop_leaves_the_one_of_before(side: LambdaSide, world: World) -> None:
    """From eight hours to a quarter of one, while the builder was on its way."""
    world.put("PENDING")
    began = world.clock.now
    eight_hours = began + 8 * 3600
    side.schedules.due_at["stop-1"] = eight_hours
    side.stacks.told = ResourceStatus("UPDATE_IN_PROGRESS", began)
    world.clock.later(70, lambda: side.stacks.tell("UPDATE_IN_PROGRESS", changed_at=began + 70))
    world.clock.later(200, lambda: world.move("RUNNING"))

    side.run(issued(update_event({**SCHEDULE, "StopAfterSeconds": "28800"}, **SCHEDULE), world))

    assert {"stop-1": eight_hours} == side.schedules.due_at


def test_a_create_that_is_delivered_again_while_an_update_goes_on_does_nothing(side: LambdaSide, world: World) -> None:
    """Lambda may deliver an event hours later."""
    world.put("STOPPED")
    side.stacks.tell("UPDATE_IN_PROGRESS", changed_at=world.began_at - 5)

    side.run(issued(event(**SCHEDULE), world, seconds_ago=400))

    assert (0, []) == (world.starts(), side.schedules.calls)


def test_a_resource_that_comes_back_is_not_taken_for_the_deleted_one(side: LambdaSide, world: World) -> None:
    """A look at the stack that is a little stale still tells of its deletion by the roll-back before."""
    world.put("STOPPED")
    side.stacks.tell("DELETE_COMPLETE", changed_at=world.began_at - 4)

    assert "SUCCESS" == side.run(issued(event(), world))["Status"]


# A roll-back always ends.


@pytest.mark.parametrize("state", ["FAILED", "DELETING"])
def test_a_roll_back_to_what_cannot_run_succeeds_with_the_true_state(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """As soon as no look can be stale: a failure would need a person, and nothing would be better for it."""
    world.put(state)

    answer = rolled_back(side, {"PollIntervalSeconds": "5"})

    assert ("SUCCESS", NAME, state) == (answer["Status"], answer["PhysicalResourceId"], answer["Data"]["State"])
    assert [STALE] == side.answered_at
    assert any(f"{NAME}: rolled back, but Image builder {NAME} ({state})" in each for each in warnings(caplog))


def test_a_roll_back_to_a_builder_that_is_gone_succeeds_with_empty_attributes(side: LambdaSide, world: World) -> None:
    """All of them are there: a template may read any."""
    answer = rolled_back(side, {"PollIntervalSeconds": "5"})

    assert "SUCCESS" == answer["Status"]
    assert {*ATTRIBUTES, SCHEDULED_STOP_TIME} == set(answer["Data"])
    assert {"", NAME} == set(answer["Data"].values())
    assert side.answered_at[0] <= 15


def test_the_same_update_fails_where_nothing_is_rolled_back(side: LambdaSide, world: World) -> None:
    """Somebody can still correct it."""
    world.put("FAILED")

    assert "FAILED" == side.run(update_event({"PollIntervalSeconds": "5"}))["Status"]


def test_a_roll_back_waits_no_longer_than_its_timeout_for_its_own_start(side: LambdaSide, world: World) -> None:
    """Then it tells how far the builder is."""
    world.put("STOPPED")
    world.starts_end("never")

    answer = rolled_back(side, {}, TimeoutSeconds="900")

    assert ("SUCCESS", "PENDING") == (answer["Status"], answer["Data"]["State"])
    assert 900 <= side.answered_at[0] <= 915


def test_a_roll_back_waits_five_minutes_for_a_builder_that_it_finds_on_its_way(side: LambdaSide, world: World) -> None:
    """Most often that start has outlasted the first request already."""
    world.put("PENDING")

    answer = rolled_back(side, {})

    assert ("SUCCESS", "PENDING") == (answer["Status"], answer["Data"]["State"])
    assert 300 <= side.answered_at[0] <= 330


def test_an_update_that_ends_while_its_stack_is_asked_for_starts_nothing(
    side: LambdaSide, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find out whether it is a roll-back takes 45 s where CloudFormation does not tell."""

    def refuse(stack_id: str) -> str:
        raise CallFailed(Trouble.REFUSED, action="cloudformation:DescribeStacks", code="No", detail="no")

    monkeypatch.setattr(side.stacks, "stack_status", refuse)
    world.put("STOPPED")
    world.move("SNAPSHOTTING", (310, "STOPPED"))
    world.clock.later(350, lambda: side.stacks.tell("UPDATE_FAILED"))

    answer = side.run(issued(update_event({}, PollIntervalSeconds="40"), world))

    assert "no longer waits for this request (UPDATE_FAILED)" in answer["Reason"]
    assert 0 == world.starts()


def test_an_update_that_is_no_roll_back_waits_for_what_it_finds(side: LambdaSide, world: World) -> None:
    """The whole timeout long."""
    world.put("PENDING")

    answer = side.run(update_event({"PollIntervalSeconds": "5"}))

    assert "not RUNNING within 30 minutes" in answer["Reason"]


def test_a_roll_back_with_bad_properties_ends(side: LambdaSide, world: World) -> None:
    """A function that was updated may have become stricter."""
    answer = rolled_back(side, {}, PollIntervalSeconds="soon")

    assert ("SUCCESS", NAME) == (answer["Status"], answer["PhysicalResourceId"])


def test_a_bug_of_ours_does_not_keep_a_roll_back_from_ending(side: LambdaSide, world: World) -> None:
    """It is in the log."""
    world.put("RUNNING")
    side.function._builders = None  # type: ignore[assignment]

    assert "SUCCESS" == rolled_back(side, {})["Status"]


def test_the_failed_updates_retry_does_not_take_itself_for_the_roll_back(side: LambdaSide, world: World) -> None:
    """The stack is rolled back, but by an Update that has followed it."""
    world.put("FAILED")
    side.stacks.status = ROLLING_BACK
    side.stacks.tell("UPDATE_IN_PROGRESS", changed_at=world.began_at - 30)

    answer = side.run(issued(update_event({"PollIntervalSeconds": "5"}), world, seconds_ago=400))

    assert "no longer waits" in answer["Reason"]


# What a failed rename has started.


def test_what_a_failed_rename_has_started_is_stopped(side: LambdaSide, world: World) -> None:
    """CloudFormation sends no Delete for it: no answer has ever named it."""
    world.put("RUNNING")
    world.put("PENDING", name=OTHER)
    world.move("PENDING", (200, "RUNNING"), name=OTHER)

    answer = rolled_back(side, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert ("SUCCESS", NAME, "RUNNING") == (answer["Status"], answer["PhysicalResourceId"], answer["Data"]["State"])
    assert (1, 0) == (world.stops(OTHER), world.stops())


def test_a_start_that_no_description_shows_yet_is_stopped_as_well(side: LambdaSide, world: World) -> None:
    """The failed update had made it just before."""
    world.put("RUNNING")
    world.put("STOPPED", name=OTHER)
    world.durations(start=20, describe_lag=60)
    world.builders.start(OTHER, None)

    rolled_back(side, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert 1 == world.stops(OTHER)


@pytest.mark.parametrize("state", ["SNAPSHOTTING", "UPDATING", "REBOOTING"])
def test_what_no_start_leads_to_is_left_alone(side: LambdaSide, world: World, state: str) -> None:
    """The failed update had waited for it, too."""
    world.put("RUNNING")
    world.put(state, name=OTHER)

    rolled_back(side, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert (0, True) == (world.stops(OTHER), side.answered_at[0] <= 15)


@pytest.mark.parametrize(
    ("state", "kept"), [("PENDING", True), ("RUNNING", True), ("STOPPED", True), ("FAILED", False)]
)
def test_what_a_failed_rename_has_started_keeps_its_end(side: LambdaSide, world: World, state: str, kept: bool) -> None:
    """With LEAVE_RUNNING and stop_after: it was scheduled before the start, which may not show yet."""
    world.put("RUNNING")
    world.put(state, name=OTHER)
    side.schedules.due_at["stop-2"] = world.began_at + 5000
    side.schedules.builders["stop-2"] = OTHER

    rolled_back(side, {**SCHEDULE, "Name": OTHER, "ScheduleName": "stop-2"}, **SCHEDULE)

    assert (kept, True, 0) == ("stop-2" in side.schedules.due_at, "stop-1" in side.schedules.due_at, world.stops(OTHER))


def test_what_a_failed_rename_has_started_and_nobody_stops_is_told(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """With LEAVE_RUNNING and without stop_after it runs on, as was asked for."""
    world.put("RUNNING")
    world.put("RUNNING", name=OTHER)

    assert "SUCCESS" == rolled_back(side, {"Name": OTHER})["Status"]
    assert any(
        f"{OTHER}, which the failed update may have started, is left as it is" in each for each in warnings(caplog)
    )


def test_a_failed_renames_builder_that_another_resource_has_is_left_to_it(side: LambdaSide, world: World) -> None:
    """It was there before the rename."""
    world.put("RUNNING")
    world.put("RUNNING", name=OTHER)
    side.stacks.others = {OTHER}

    rolled_back(side, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert 0 == world.stops(OTHER)


def test_a_rename_that_had_succeeded_is_left_to_its_own_delete(side: LambdaSide, world: World) -> None:
    """Another resource's failure rolls it back: the id tells which builder the resource has by now."""
    world.put("RUNNING")
    world.put("RUNNING", name=OTHER)

    rolled_back(side, {"Name": OTHER, "OnDelete": "STOP"}, physical_id=OTHER, OnDelete="STOP")

    assert 0 == world.stops(OTHER)


def test_the_wait_for_an_abandoned_builder_is_handed_over(side: LambdaSide, world: World) -> None:
    """With what was found out so far."""
    side.limit = 120
    world.put("RUNNING")
    world.put("PENDING", name=OTHER)
    world.move("PENDING", (400, "RUNNING"), name=OTHER)

    answer = rolled_back(side, {"Name": OTHER, "OnDelete": "STOP"}, OnDelete="STOP")

    assert ("SUCCESS", 1, 0) == (answer["Status"], world.stops(OTHER), world.stops())
    assert side.handed_over


# What may have been started is not forgotten.


def test_a_create_that_meets_its_own_start_by_another_delivery_says_so(side: LambdaSide, world: World) -> None:
    """The invocation that made it was killed: its Delete must stop the builder."""
    world.put("PENDING")

    answer = side.run(issued(event(TimeoutSeconds="120"), world, seconds_ago=60))

    assert ("FAILED", NAME) == (answer["Status"], answer["PhysicalResourceId"])


def test_two_twins_of_one_event_leave_no_builder_behind() -> None:
    """One of them starts it, the other is denied: both must say that it may have been started."""
    clock = SharedClock()
    world = World(clock)
    world.put("STOPPED")
    world.starts_end("never")
    sides = [LambdaSide(world), LambdaSide(world)]

    clock.run_together(*(partial(side.run, event(TimeoutSeconds="60")) for side in sides))

    assert {NAME} == {each.answers[0]["PhysicalResourceId"] for each in sides}


def test_a_schedule_that_this_request_has_set_tells_of_another_delivery(side: LambdaSide, world: World) -> None:
    """It is set before the start: here the look that follows fails for good."""
    world.put("STOPPED")
    side.schedules.changed["stop-1"] = ScheduledStop(
        at=world.began_at + 5000, builder=NAME, request_id=f"{LOGICAL_ID}/request-1"
    )
    world.fault("error", "Start", code="InvalidAccountStatusException")

    assert not side.run(event(**SCHEDULE))["PhysicalResourceId"].endswith("/not-started")


def test_a_start_that_has_not_shown_yet_is_waited_for_by_the_delete(side: LambdaSide, world: World) -> None:
    """The create ended a moment after it, by its timeout."""
    world.put("STOPPED")
    world.durations(start=30, describe_lag=80)
    side.deliver(event(OnDelete="STOP", TimeoutSeconds="60"))
    failed = side.answers[0]["PhysicalResourceId"]

    side.deliver(event("Delete", OnDelete="STOP", physical_id=failed))

    assert (f"{NAME}/start-not-seen", failed) == (failed, side.answers[1]["PhysicalResourceId"])
    assert 1 == world.stops()


def test_a_start_that_has_not_shown_yet_keeps_its_end(side: LambdaSide, world: World) -> None:
    """With LEAVE_RUNNING; a schedule that finds nothing to stop does no harm."""
    world.put("STOPPED")
    side.schedules.due_at["stop-1"] = world.began_at + 5000

    side.run(event("Delete", physical_id=f"{NAME}/start-not-seen", **SCHEDULE))

    assert {"stop-1"} == set(side.schedules.due_at)


def test_a_create_that_never_answered_may_have_started_the_builder_just_now(side: LambdaSide, world: World) -> None:
    """Its Delete comes with an id that CloudFormation has made up."""
    world.put("STOPPED")
    world.durations(start=30, describe_lag=60)
    world.builders.start(NAME, None)

    side.run(event("Delete", OnDelete="STOP", physical_id=f"stack-1-{LOGICAL_ID}-ABC"))

    assert 1 == world.stops()


def test_a_start_that_nobody_waits_for_any_more_is_told(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else knows of it."""
    world.put("STOPPED")
    world.clock.later(100, lambda: side.stacks.tell("DELETE_COMPLETE"))

    answer = side.run(issued(event(), world))

    assert "(DELETE_COMPLETE). Stop the builder if it should not run." in answer["Reason"]
    assert any(answer["Reason"] in each for each in warnings(caplog))


# One look is no verdict.


@pytest.mark.parametrize("missed_at", [0, 60])
@pytest.mark.parametrize("kind", ["Update", "Create"])
def test_a_builder_is_looked_for_twice(side: LambdaSide, world: World, kind: str, missed_at: float) -> None:
    """After `--no-rollback` a failed Create is followed by another one, which must not forget what that one started."""
    world.put("STOPPED")
    missed = partial(world.fault, "error", "Describe", code="ResourceNotFoundException", status=404, times=1)
    if missed_at:
        world.clock.later(missed_at, missed)
    else:
        missed()

    assert "SUCCESS" == side.run(event(kind))["Status"]


@pytest.mark.parametrize("own", [True, False])
def test_a_twins_start_that_falls_back_is_not_repeated(side: LambdaSide, world: World, own: bool) -> None:
    """The schedule tells of another delivery of this request; of somebody else it does not, who starts anew later."""
    world.put("PENDING")
    world.place.builders.set_state(NAME, "PENDING", [(30.0, "STOPPED")])
    setter = f"{LOGICAL_ID}/request-1" if own else "another/request"
    side.schedules.changed["stop-1"] = ScheduledStop(at=world.began_at + 900, builder=NAME, request_id=setter)

    answer = side.run(event(**SCHEDULE))

    assert ("FAILED", 0) if own else ("SUCCESS", 1) == (answer["Status"], world.starts())


# A stop of before, and a second delivery.


@pytest.mark.parametrize("before", [SCHEDULE, {}])
def test_a_killed_update_leaves_its_retry_the_knowledge_of_a_stop_that_may_come(
    side: LambdaSide, world: World, before: dict[str, str]
) -> None:
    """The schedule was put off by the first delivery: only its note tells of the moment that it had before."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 1
    world.clock.later(5, side.kill)

    answer = side.run(update_event(before, **SCHEDULE))

    assert ("SUCCESS", 1) == (answer["Status"], side.deaths)
    assert side.answered_at[0] >= 1 + 620


def test_a_killed_update_that_drops_the_schedule_does_the_same(side: LambdaSide, world: World) -> None:
    """It is deleted at the end only."""
    world.put("RUNNING")
    side.schedules.due_at["stop-1"] = world.began_at + 1
    world.clock.later(5, side.kill)

    answer = side.run(update_event(SCHEDULE))

    assert ("SUCCESS", {}) == (answer["Status"], side.schedules.due_at)
    assert side.answered_at[0] >= 1 + 620


def test_what_the_answer_says_at_the_deadline_has_the_builders_own_errors(side: LambdaSide, world: World) -> None:
    """A builder can hang in PENDING with its errors told: those since the request began."""
    world.put("STOPPED")
    world.starts_end("never")
    world.clock.later(
        60,
        partial(
            world.show,
            ImageBuilderErrors=[
                {
                    "ErrorCode": "NETWORK_INTERFACE_ERROR",
                    "ErrorMessage": "No address.",
                    "ErrorTimestamp": world.began_at + 50,
                },
                {"ErrorCode": "OLD", "ErrorMessage": "Long ago.", "ErrorTimestamp": world.began_at - 50},
            ],
        ),
    )

    reason = side.run(event(TimeoutSeconds="90"))["Reason"]

    assert reason.endswith("AWS: NETWORK_INTERFACE_ERROR: No address.")


def test_a_region_without_the_scheduler_fails_after_a_minute(side: LambdaSide, world: World) -> None:
    """With that cause."""
    world.put("STOPPED")
    side.schedules.errors = [
        CallFailed(Trouble.UNAVAILABLE, action="scheduler:GetSchedule", code="E", detail="no", has_no_endpoint=True)
        for _ in range(99)
    ]

    answer = side.run(event(**SCHEDULE))

    assert "this Region may lack the scheduler" in answer["Reason"]
    assert 60 <= side.answered_at[0] <= 76


def test_a_twin_leaves_the_stop_that_its_brother_has_set_and_told(side: LambdaSide, world: World) -> None:
    """Put off, it would come half an hour later than was told."""
    world.put("PENDING")
    told = world.began_at + 900
    side.schedules.changed["stop-1"] = ScheduledStop(at=told, builder=NAME, request_id=f"{LOGICAL_ID}/request-1")
    world.clock.later(60, lambda: side.stacks.tell("CREATE_COMPLETE"))

    side.run(issued(event(**SCHEDULE), world))

    assert [("find", "stop-1")] == side.schedules.calls
