"""The specification of a Delete: leave it running, or stop it and wait until it is stopped."""

from typing import Any

import pytest

from support.lambda_side import LambdaSide, event
from support.world import ARN, NAME, World


def stop(**properties: Any) -> dict[str, Any]:
    """Return a Delete that asks for a stop."""
    return event("Delete", OnDelete="STOP", **properties)


@pytest.mark.parametrize("policy", [None, "LEAVE_RUNNING"])
@pytest.mark.parametrize("state", ["RUNNING", "STOPPED", "PENDING", "FAILED"])
def test_a_builder_that_is_left_running_is_not_even_looked_at(
    side: LambdaSide, world: World, policy: str | None, state: str
) -> None:
    """The default: success without any call."""
    world.put(state)

    answer = side.run(event("Delete", OnDelete=policy))

    assert ("SUCCESS", NAME) == (answer["Status"], answer["PhysicalResourceId"])
    assert [] == world.calls()
    assert [0] == side.answered_at


def test_a_running_builder_is_stopped_and_waited_for(side: LambdaSide, world: World) -> None:
    """Its network interface is gone only then, so that a VPC in the same stack can go."""
    world.put("RUNNING")

    answer = side.run(stop())

    assert ("SUCCESS", NAME) == (answer["Status"], answer["PhysicalResourceId"])
    assert (1, "STOPPED") == (world.stops(), world.state())
    assert 120 <= side.answered_at[0] <= 122


@pytest.mark.parametrize("state", ["STOPPED", "FAILED", "DELETING"])
def test_a_builder_that_does_not_run_needs_no_stop(side: LambdaSide, world: World, state: str) -> None:
    """One look is enough."""
    world.put(state)

    assert "SUCCESS" == side.run(stop())["Status"]
    assert ["DescribeImageBuilders"] == world.calls()
    assert [0] == side.answered_at


@pytest.mark.parametrize("lists_nothing", [False, True])
def test_a_builder_that_is_gone_needs_no_stop(side: LambdaSide, world: World, lists_nothing: bool) -> None:
    """A stack must be deletable after its builder. One look is no verdict: the second one comes ten seconds later."""
    world.behave(unknown_name_is_empty=lists_nothing)

    assert "SUCCESS" == side.run(stop())["Status"]
    assert 10 <= side.answered_at[0] <= 12


def test_a_builder_that_one_look_does_not_find_is_stopped(side: LambdaSide, world: World) -> None:
    """Nobody would ever stop it."""
    world.put("RUNNING")
    world.fault("error", "Describe", code="ResourceNotFoundException", status=404, times=1)

    assert "SUCCESS" == side.run(stop())["Status"]
    assert (1, "STOPPED") == (world.stops(), world.state())


@pytest.mark.parametrize(
    "state",
    ["PENDING", "UPDATING_AGENT", "REBOOTING", "PENDING_QUALIFICATION", "PENDING_SYNCING_APPS", "SYNCING_APPS"],
)
def test_a_builder_on_its_way_is_stopped_once_it_runs(side: LambdaSide, world: World, state: str) -> None:
    """AppStream stops only what is RUNNING."""
    world.put("STOPPED")
    world.move(state, (200, "RUNNING"))

    assert "SUCCESS" == side.run(stop())["Status"]
    assert (1, "STOPPED") == (world.stops(), world.state())
    assert 320 <= side.answered_at[0] <= 324


@pytest.mark.parametrize("state", ["STOPPING", "SNAPSHOTTING", "UPDATING", "PENDING_IMAGE_IMPORT"])
def test_a_builder_that_will_be_stopped_anyway_is_waited_for(side: LambdaSide, world: World, state: str) -> None:
    """No stop is made."""
    world.put("RUNNING")
    world.move(state, (200, "STOPPED"))

    assert "SUCCESS" == side.run(stop())["Status"]
    assert [] == world.calls("StopImageBuilder")
    assert 200 <= side.answered_at[0] <= 202


def test_a_state_that_nobody_knows_is_waited_out(side: LambdaSide, world: World) -> None:
    """It is not acted on."""
    world.put("STOPPED", State="WARMING_UP")
    world.clock.later(200, lambda: world.show(State="STOPPED"))

    assert "SUCCESS" == side.run(stop())["Status"]
    assert [] == world.calls("StopImageBuilder")


def test_a_builder_that_never_stops_fails_at_the_timeout(side: LambdaSide, world: World) -> None:
    """The stack can be deleted again, or the resource be left out."""
    world.put("STOPPED")
    world.move("STOPPING")

    answer = side.run(stop(TimeoutSeconds="120"))

    assert ("FAILED", NAME) == (answer["Status"], answer["PhysicalResourceId"])
    assert f"Image builder {NAME} (STOPPING): not STOPPED within 2 minutes." in answer["Reason"]


def test_a_long_stop_is_handed_over(side: LambdaSide, world: World) -> None:
    """One stop, whatever Lambda's limit."""
    side.limit = 60
    world.put("RUNNING")

    assert "SUCCESS" == side.run(stop())["Status"]
    assert 1 == world.stops()
    assert 3 == len(side.handed_over)


@pytest.mark.parametrize(
    "bad", [{"Name": None}, {"Name": "no name"}, {"TimeoutSeconds": "soon"}, {"OnDelete": "DESTROY"}]
)
def test_a_delete_with_bad_properties_succeeds(side: LambdaSide, world: World, bad: dict[str, str | None]) -> None:
    """A stack must always be deletable; no call is made."""
    world.put("RUNNING")

    answer = side.run(event("Delete", **{"OnDelete": "STOP", **bad}))

    assert ("SUCCESS", NAME) == (answer["Status"], answer["PhysicalResourceId"])
    assert [] == world.calls()


def test_a_denied_stop_fails_with_the_action_and_the_arn(side: LambdaSide, world: World) -> None:
    """After ninety seconds, as everywhere."""
    world.put("RUNNING")
    world.fault("access_denied", "Stop")

    assert f"Allow the function's role appstream:StopImageBuilder. Resource: {ARN}" in side.run(stop())["Reason"]
