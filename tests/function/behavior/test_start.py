"""The specification of a Create or Update, part one: what each state of the builder means, on arrival and later."""

import pytest

from running_image_builder_function.contract import ATTRIBUTES, SCHEDULED_STOP_TIME
from support.fake_appstream import ARN, NAME, REGION, FakeAppStream
from support.lambda_harness import LambdaHarness, event

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
def test_a_stopped_builder_is_started_once_and_waited_for(harness: LambdaHarness, request_type: str) -> None:
    """A start takes seven minutes here; the response comes with the first description that shows RUNNING."""
    harness.appstream.put("STOPPED")

    response = harness.run(event(request_type))

    assert ("SUCCESS", NAME, "") == (response["Status"], response["PhysicalResourceId"], response["Reason"])
    assert 1 == harness.appstream.starts()
    assert 420 <= harness.responded_at[0] <= 422


def test_a_success_carries_every_promised_attribute(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """CloudFormation fails a stack that asks for an attribute which is missing."""
    appstream.put("STOPPED")

    data = harness.run(event())["Data"]

    assert {*ATTRIBUTES, SCHEDULED_STOP_TIME} == set(data)
    assert (NAME, ARN, "RUNNING") == (data["Name"], data["Arn"], data["State"])
    assert data["EniPrivateIpAddress"].startswith("10.")


def test_a_running_builder_needs_one_description(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Nothing is started, and nothing is waited for."""
    appstream.put("RUNNING")

    response = harness.run(event())

    assert ("SUCCESS", "RUNNING") == (response["Status"], response["Data"]["State"])
    assert ["DescribeImageBuilders"] == appstream.calls()
    assert [0] == harness.responded_at


@pytest.mark.parametrize("state", ENDS_RUNNING)
def test_a_state_that_ends_in_running_is_waited_out(harness: LambdaHarness, state: str) -> None:
    """Somebody else's doing gets the builder to RUNNING; no start is made."""
    harness.appstream.put("STOPPED")
    harness.appstream.move(state, (200, "RUNNING"))

    assert "SUCCESS" == harness.run(event())["Status"]
    assert [] == harness.appstream.calls("StartImageBuilder")
    assert 200 <= harness.responded_at[0] <= 202


@pytest.mark.parametrize("state", ENDS_STOPPED)
def test_a_transition_to_stopped_is_followed_by_a_start(harness: LambdaHarness, state: str) -> None:
    """The start is made with the first description that shows STOPPED."""
    harness.appstream.put("STOPPED")
    harness.appstream.move(state, (200, "STOPPED"))

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == harness.appstream.starts()
    assert ["StartImageBuilder"] == harness.appstream.calls("StartImageBuilder")
    assert 620 <= harness.responded_at[0] <= 624


@pytest.mark.parametrize("state", ENDS_NOWHERE)
def test_a_state_without_a_way_to_running_fails_at_once(harness: LambdaHarness, state: str) -> None:
    """The reason names the builder, the state and a remedy; nothing is started."""
    harness.appstream.put(state)

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert response["Reason"].startswith(f"Image builder {NAME} ({state}): ")
    assert ["DescribeImageBuilders"] == harness.appstream.calls()
    assert [0] == harness.responded_at


@pytest.mark.parametrize("state", ["WARMING_UP", ""])
def test_a_state_that_nobody_knows_is_waited_out(harness: LambdaHarness, appstream: FakeAppStream, state: str) -> None:
    """AWS may add states: a wrong guess costs time, never a wrong call."""
    appstream.put("RUNNING", State=state)
    appstream.clock.later(200, lambda: appstream.show(State="RUNNING"))

    assert "SUCCESS" == harness.run(event())["Status"]
    assert {"DescribeImageBuilders"} == set(appstream.calls())
    assert 200 <= harness.responded_at[0] <= 202


@pytest.mark.parametrize("state", [*ENDS_RUNNING, "UPDATING", "SNAPSHOTTING", "PENDING_IMAGE_IMPORT"])
def test_after_a_start_every_state_under_way_is_waited_out(harness: LambdaHarness, state: str) -> None:
    """Whatever comes between PENDING and RUNNING, there is one start and one success."""
    harness.appstream.put("STOPPED")
    harness.appstream.clock.later(100, lambda: harness.appstream.move(state, (200, "RUNNING")))

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == harness.appstream.starts()
    assert 300 <= harness.responded_at[0] <= 302


def test_after_a_start_an_unknown_state_is_waited_out(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A new state on the way is no reason to fail."""
    appstream.put("STOPPED")
    appstream.clock.later(100, lambda: appstream.show(State="WARMING_UP"))
    appstream.clock.later(300, lambda: appstream.move("RUNNING"))
    appstream.clock.later(300, lambda: appstream.show(State="RUNNING"))

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == appstream.starts()


@pytest.mark.parametrize("state", [*ENDS_NOWHERE, "STOPPED", "STOPPING"])
def test_after_a_start_a_state_that_leads_away_fails_at_once(harness: LambdaHarness, state: str) -> None:
    """Neither a wait to the deadline nor a second start."""
    harness.appstream.put("STOPPED")
    harness.appstream.clock.later(100, lambda: harness.appstream.move(state))

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert f"({state})" in response["Reason"]
    assert 1 == harness.appstream.starts()
    assert 100 <= harness.responded_at[0] <= 102


@pytest.mark.parametrize("lists_nothing", [False, True])
def test_a_name_without_a_builder_fails_at_the_second_description(harness: LambdaHarness, lists_nothing: bool) -> None:
    """AppStream says so with an error or, as some callers saw, with an empty list."""
    harness.appstream.behave(unknown_name_is_empty=lists_nothing)

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert (
        f"Image builder {NAME}: not found in {REGION}. Use the name of a builder there, or deploy to its Region."
        == response["Reason"]
    )
    assert [10] == harness.responded_at


def test_a_builder_deleted_meanwhile_fails_the_request(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Gone without having been seen DELETING: the reason says so."""
    appstream.put("STOPPED")
    appstream.clock.later(100, lambda: appstream.move(""))

    response = harness.run(event())

    assert "FAILED" == response["Status"]
    assert f"Image builder {NAME}: not found in {REGION}." in response["Reason"]
    assert 110 <= harness.responded_at[0] <= 112
