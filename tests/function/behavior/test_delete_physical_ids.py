"""The specification of a Delete and physical ids: whose builder it is about, and whether there is a start to undo."""

from functools import partial
from typing import Any

import pytest

from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LOGICAL_ID, LambdaHarness, event
from support.virtual_time import VirtualClock

MADE_UP_ID = f"stack-1-{LOGICAL_ID}-1ABCDEFGHIJKL"
"""What CloudFormation uses for a Create that has not responded."""


def stop(**properties: Any) -> dict[str, Any]:
    """Return a Delete that asks for a stop."""
    return event("Delete", OnDelete="STOP", **properties)


def test_an_id_that_cloudformation_made_up_is_handled(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A Create that never responded may have started the builder that the properties name."""
    appstream.put("RUNNING")

    response = harness.run(stop() | {"PhysicalResourceId": MADE_UP_ID})

    assert ("SUCCESS", MADE_UP_ID) == (response["Status"], response["PhysicalResourceId"])
    assert 1 == appstream.stops()


def test_a_create_that_started_nothing_has_an_id_of_its_own(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its Delete stops nothing: somebody else runs that builder."""
    appstream.put("RUNNING", AppstreamAgentVersion="01-01-2020")
    failed_create_id = harness.run(event(AppstreamAgentVersion="LATEST"))["PhysicalResourceId"]
    deletion = LambdaHarness(appstream)

    response = deletion.run(stop() | {"PhysicalResourceId": failed_create_id})

    assert f"{NAME}/not-started" == failed_create_id
    assert ("SUCCESS", failed_create_id) == (response["Status"], response["PhysicalResourceId"])
    assert 0 == appstream.stops()


@pytest.mark.parametrize(("timeout", "expected"), [("60", f"{NAME}/start-not-seen"), ("120", NAME)])
def test_a_create_that_started_has_the_builders_name_in_its_id(
    harness: LambdaHarness, appstream: FakeAppStream, timeout: str, expected: str
) -> None:
    """It failed while the builder was starting: the Delete stops what would be running and billed.

    A description can be older than a start of a moment ago, even where one before it has shown the start.
    """
    appstream.put("STOPPED")
    failed_create_id = harness.run(event(TimeoutSeconds=timeout))["PhysicalResourceId"]
    deletion = LambdaHarness(appstream)

    response = deletion.run(stop() | {"PhysicalResourceId": failed_create_id})

    assert expected == failed_create_id
    assert "SUCCESS" == response["Status"]
    assert (1, "STOPPED") == (appstream.stops(), appstream.state())


def test_a_create_whose_start_fell_back_needs_no_wait(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Its Delete believes STOPPED at once, however recent the start is."""
    appstream.put("STOPPED")
    appstream.durations(start=30)
    appstream.starts_end("stopped")

    assert NAME == harness.run(event())["PhysicalResourceId"]
    assert harness.responded_at[0] < 60


def test_a_create_with_a_lost_start_counts_as_started(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """In doubt the builder is not left running."""
    appstream.put("STOPPED")
    appstream.fault("drop", "Start", after_effect=True, times=1)

    assert f"{NAME}/start-not-seen" == harness.run(event(TimeoutSeconds="60"))["PhysicalResourceId"]


def test_a_delete_that_arrives_while_create_waits_ends_both() -> None:
    """The Delete stops what Create had started; Create notices within a minute and starts nothing more."""
    clock = VirtualClock()
    appstream = FakeAppStream(clock)
    appstream.put("STOPPED")
    creation, deletion = LambdaHarness(appstream), LambdaHarness(appstream)

    def cancel() -> None:
        clock.sleep(100)
        creation.stacks.tell("DELETE_IN_PROGRESS")
        deletion.run(stop() | {"PhysicalResourceId": MADE_UP_ID})

    clock.run_together(partial(creation.run, event()), cancel)

    assert ("FAILED", "SUCCESS") == (creation.responses[0]["Status"], deletion.responses[0]["Status"])
    assert "CloudFormation no longer waits" in creation.responses[0]["Reason"]
    assert 100 <= creation.responded_at[0] <= 162
    assert (1, 1, "STOPPED") == (appstream.starts(), appstream.stops(), appstream.state())


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "DELETE_FAILED", "UPDATE_COMPLETE", "CREATE_FAILED"])
def test_a_delete_is_carried_out_while_it_is_wanted(harness: LambdaHarness, status: str) -> None:
    """What shows then is its own deletion, or the update that replaced what it deletes."""
    harness.appstream.put("RUNNING")
    harness.stacks.tell(status)

    response = harness.run(stop())

    assert ("SUCCESS", {}) == (response["Status"], response["Data"])
    assert (1, "STOPPED") == (harness.appstream.stops(), harness.appstream.state())


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_a_delete_that_is_over_stops_nothing(harness: LambdaHarness, appstream: FakeAppStream, status: str) -> None:
    """Delivered again much later, it must not stop a builder that somebody uses by then."""
    appstream.put("RUNNING")
    harness.stacks.tell(status)

    assert f"CloudFormation no longer waits for this request ({status})." in harness.run(stop())["Reason"]
    assert 0 == appstream.stops()


def test_a_renamed_builder_is_a_new_resource(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The new id makes CloudFormation delete the old one, to which its own policy applies."""
    appstream.put("RUNNING")
    appstream.put("STOPPED", name="builder-2")
    update = event("Update", Name="builder-2", OnDelete="STOP", physical_id=NAME)
    clean_up = LambdaHarness(appstream)

    assert "builder-2" == harness.run(update)["PhysicalResourceId"]
    assert "SUCCESS" == clean_up.run(stop(physical_id=NAME))["Status"]
    assert (1, 0) == (appstream.stops(), appstream.stops("builder-2"))
    assert ("STOPPED", "RUNNING") == (appstream.state(), appstream.state("builder-2"))


def test_the_id_decides_which_builder_a_delete_is_about(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Whatever name the properties have by then."""
    appstream.put("RUNNING")
    appstream.put("RUNNING", name="builder-2")

    assert "SUCCESS" == harness.run(stop(Name="builder-2", physical_id=NAME))["Status"]
    assert (1, 0) == (appstream.stops(), appstream.stops("builder-2"))
