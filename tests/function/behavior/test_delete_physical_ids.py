"""The specification of a Delete and physical ids: whose builder it is about, and whether there is a start to undo."""

from functools import partial
from typing import Any

import pytest

from support.lambda_side import LOGICAL_ID, LambdaSide, event
from support.together import SharedClock
from support.world import NAME, World

MADE_UP_ID = f"stack-1-{LOGICAL_ID}-1ABCDEFGHIJKL"
"""What CloudFormation uses for a Create that has not answered."""


def stop(**properties: Any) -> dict[str, Any]:
    """Return a Delete that asks for a stop."""
    return event("Delete", OnDelete="STOP", **properties)


def test_an_id_that_cloudformation_made_up_is_handled(side: LambdaSide, world: World) -> None:
    """A Create that never answered may have started the builder that the properties name."""
    world.put("RUNNING")

    answer = side.run(stop() | {"PhysicalResourceId": MADE_UP_ID})

    assert ("SUCCESS", MADE_UP_ID) == (answer["Status"], answer["PhysicalResourceId"])
    assert 1 == world.stops()


def test_a_create_that_had_started_nothing_leaves_an_id_that_says_so(side: LambdaSide, world: World) -> None:
    """Its Delete stops nothing: somebody else runs that builder."""
    world.put("RUNNING", AppstreamAgentVersion="01-01-2020")
    failed_id = side.run(event(AppstreamAgentVersion="LATEST"))["PhysicalResourceId"]
    deletion = LambdaSide(world)

    answer = deletion.run(stop() | {"PhysicalResourceId": failed_id})

    assert f"{NAME}/not-started" == failed_id
    assert ("SUCCESS", failed_id) == (answer["Status"], answer["PhysicalResourceId"])
    assert 0 == world.stops()


def test_a_create_that_had_started_the_builder_leaves_an_id_that_says_so(side: LambdaSide, world: World) -> None:
    """It failed while the builder was starting: the Delete stops what would be running and billed."""
    world.put("STOPPED")
    failed_id = side.run(event(TimeoutSeconds="60"))["PhysicalResourceId"]
    deletion = LambdaSide(world)

    answer = deletion.run(stop() | {"PhysicalResourceId": failed_id})

    assert NAME == failed_id
    assert "SUCCESS" == answer["Status"]
    assert (1, "STOPPED") == (world.stops(), world.state())


def test_a_create_whose_start_may_have_arrived_counts_as_having_started(side: LambdaSide, world: World) -> None:
    """In doubt the builder is not left running."""
    world.put("STOPPED")
    world.fault("drop", "Start", after_effect=True, times=1)

    assert NAME == side.run(event(TimeoutSeconds="60"))["PhysicalResourceId"]


def test_a_delete_that_arrives_while_create_waits_ends_both() -> None:
    """The Delete stops what Create had started; Create notices within a minute and starts nothing more."""
    clock = SharedClock()
    world = World(clock)
    world.put("STOPPED")
    creation, deletion = LambdaSide(world), LambdaSide(world)

    def cancel() -> None:
        clock.sleep(100)
        creation.stacks.tell("DELETE_IN_PROGRESS")
        deletion.run(stop() | {"PhysicalResourceId": MADE_UP_ID})

    clock.run_together(partial(creation.run, event()), cancel)

    assert ("FAILED", "SUCCESS") == (creation.answers[0]["Status"], deletion.answers[0]["Status"])
    assert "CloudFormation no longer waits" in creation.answers[0]["Reason"]
    assert 100 <= creation.answered_at[0] <= 162
    assert (1, 1, "STOPPED") == (world.starts(), world.stops(), world.state())


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "DELETE_FAILED", "UPDATE_COMPLETE", "CREATE_FAILED"])
def test_a_delete_is_carried_out_while_it_is_wanted(side: LambdaSide, world: World, status: str) -> None:
    """What shows then is its own deletion, or the update that replaced what it deletes."""
    world.put("RUNNING")
    side.stacks.tell(status)

    answer = side.run(stop())

    assert ("SUCCESS", {}) == (answer["Status"], answer["Data"])
    assert (1, "STOPPED") == (world.stops(), world.state())


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_a_delete_that_is_over_stops_nothing(side: LambdaSide, world: World, status: str) -> None:
    """Delivered again much later, it must not stop a builder that somebody uses by then."""
    world.put("RUNNING")
    side.stacks.tell(status)

    answer = side.run(stop())

    assert f"CloudFormation no longer waits for this request ({status})." in answer["Reason"]
    assert 0 == world.stops()


def test_a_renamed_builder_is_a_new_resource(side: LambdaSide, world: World) -> None:
    """The new id makes CloudFormation delete the old one, to which its own policy applies."""
    world.put("RUNNING")
    world.put("STOPPED", name="builder-2")
    update = event("Update", Name="builder-2", OnDelete="STOP", physical_id=NAME)
    clean_up = LambdaSide(world)

    assert "builder-2" == side.run(update)["PhysicalResourceId"]
    assert "SUCCESS" == clean_up.run(stop(physical_id=NAME))["Status"]
    assert (1, 0) == (world.stops(), world.stops("builder-2"))
    assert ("STOPPED", "RUNNING") == (world.state(), world.state("builder-2"))


def test_the_id_decides_which_builder_a_delete_is_about(side: LambdaSide, world: World) -> None:
    """Whatever name the properties have by then."""
    world.put("RUNNING")
    world.put("RUNNING", name="builder-2")

    assert "SUCCESS" == side.run(stop(Name="builder-2", physical_id=NAME))["Status"]
    assert (1, 0) == (world.stops(), world.stops("builder-2"))
