"""The specification of a Create or Update, part one: what each state of the builder means, on arrival and later."""

import pytest

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from support.lambda_side import LambdaSide, event
from support.world import ARN, NAME, REGION, World

ENDS_RUNNING = (
    "PENDING",
    "UPDATING_AGENT",
    "REBOOTING",
    "PENDING_QUALIFICATION",
    "PENDING_SYNCING_APPS",
    "SYNCING_APPS",
)
ENDS_STOPPED = ("STOPPING", "SNAPSHOTTING", "UPDATING", "PENDING_IMAGE_IMPORT")
ENDS_NOWHERE = ("FAILED", "DELETING")


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_stopped_builder_is_started_once_and_waited_for(side: LambdaSide, world: World, request_type: str) -> None:
    """A start takes seven minutes here; the answer comes with the first look that shows RUNNING."""
    world.put("STOPPED")

    answer = side.run(event(request_type))

    assert ("SUCCESS", NAME, "") == (answer["Status"], answer["PhysicalResourceId"], answer["Reason"])
    assert 1 == world.starts()
    assert 420 <= side.answered_at[0] <= 422


def test_a_success_carries_every_promised_attribute(side: LambdaSide, world: World) -> None:
    """CloudFormation fails a stack that asks for an attribute which is missing."""
    world.put("STOPPED")

    data = side.run(event())["Data"]

    assert {*ATTRIBUTES, SCHEDULED_STOP_TIME} == set(data)
    assert (NAME, ARN, "RUNNING") == (data["Name"], data["Arn"], data["State"])
    assert data["EniPrivateIpAddress"].startswith("10.")


def test_a_running_builder_is_answered_with_one_look(side: LambdaSide, world: World) -> None:
    """Nothing is started, and nothing is waited for."""
    world.put("RUNNING")

    answer = side.run(event())

    assert ("SUCCESS", "RUNNING") == (answer["Status"], answer["Data"]["State"])
    assert ["DescribeImageBuilders"] == world.calls()
    assert [0] == side.answered_at


@pytest.mark.parametrize("state", ENDS_RUNNING)
def test_a_state_that_ends_in_running_is_waited_out(side: LambdaSide, world: World, state: str) -> None:
    """Somebody else's doing gets the builder to RUNNING; no start is made."""
    world.put("STOPPED")
    world.move(state, (200, "RUNNING"))

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert [] == world.calls("StartImageBuilder")
    assert 200 <= side.answered_at[0] <= 202


@pytest.mark.parametrize("state", ENDS_STOPPED)
def test_a_state_that_ends_in_stopped_is_waited_out_and_then_started(
    side: LambdaSide, world: World, state: str
) -> None:
    """The start is made with the first look that shows STOPPED."""
    world.put("STOPPED")
    world.move(state, (200, "STOPPED"))

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert 1 == world.starts()
    assert ["StartImageBuilder"] == world.calls("StartImageBuilder")
    assert 620 <= side.answered_at[0] <= 624


@pytest.mark.parametrize("state", ENDS_NOWHERE)
def test_a_state_without_a_way_to_running_fails_at_once(side: LambdaSide, world: World, state: str) -> None:
    """The reason names the builder, the state and a remedy; nothing is started."""
    world.put(state)

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert answer["Reason"].startswith(f"Image builder {NAME} ({state}): ")
    assert ["DescribeImageBuilders"] == world.calls()
    assert [0] == side.answered_at


@pytest.mark.parametrize("state", ["WARMING_UP", ""])
def test_a_state_that_nobody_knows_is_waited_out(side: LambdaSide, world: World, state: str) -> None:
    """AWS may add states: a wrong guess costs time, never a wrong call."""
    world.put("RUNNING", State=state)
    world.clock.later(200, lambda: world.show(State="RUNNING"))

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert {"DescribeImageBuilders"} == set(world.calls())
    assert 200 <= side.answered_at[0] <= 202


@pytest.mark.parametrize("state", [*ENDS_RUNNING, "UPDATING", "SNAPSHOTTING", "PENDING_IMAGE_IMPORT"])
def test_after_a_start_every_state_under_way_is_waited_out(side: LambdaSide, world: World, state: str) -> None:
    """Whatever comes between PENDING and RUNNING, there is one start and one success."""
    world.put("STOPPED")
    world.clock.later(100, lambda: world.move(state, (200, "RUNNING")))

    answer = side.run(event())

    assert "SUCCESS" == answer["Status"]
    assert 1 == world.starts()
    assert 300 <= side.answered_at[0] <= 302


def test_after_a_start_an_unknown_state_is_waited_out(side: LambdaSide, world: World) -> None:
    """A new state on the way is no reason to fail."""
    world.put("STOPPED")
    world.clock.later(100, lambda: world.show(State="WARMING_UP"))
    world.clock.later(300, lambda: world.move("RUNNING"))
    world.clock.later(300, lambda: world.show(State="RUNNING"))

    assert "SUCCESS" == side.run(event())["Status"]
    assert 1 == world.starts()


@pytest.mark.parametrize("state", [*ENDS_NOWHERE, "STOPPED", "STOPPING"])
def test_after_a_start_a_state_that_leads_away_fails_at_once(side: LambdaSide, world: World, state: str) -> None:
    """Neither a wait to the deadline nor a second start."""
    world.put("STOPPED")
    world.clock.later(100, lambda: world.move(state))

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert f"({state})" in answer["Reason"]
    assert 1 == world.starts()
    assert 100 <= side.answered_at[0] <= 102


@pytest.mark.parametrize("lists_nothing", [False, True])
def test_a_name_without_a_builder_fails_at_the_second_look(side: LambdaSide, world: World, lists_nothing: bool) -> None:
    """AppStream says so with an error or, as some callers saw, with an empty list."""
    world.behave(unknown_name_is_empty=lists_nothing)

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert (
        f"Image builder {NAME}: not found in {REGION}. Give the name of a builder there, or deploy to its Region."
        == answer["Reason"]
    )
    assert [10] == side.answered_at


def test_a_builder_that_is_deleted_while_waited_for_fails_the_request(side: LambdaSide, world: World) -> None:
    """Gone without having been seen DELETING: the reason says so."""
    world.put("STOPPED")
    world.clock.later(100, lambda: world.move(""))

    answer = side.run(event())

    assert "FAILED" == answer["Status"]
    assert f"Image builder {NAME}: not found in {REGION}." in answer["Reason"]
    assert 110 <= side.answered_at[0] <= 112
