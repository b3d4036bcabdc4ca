"""Updates that are cancelled or fail, and stacks that are deleted on their way: who started what, and what stands."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from appstream_local.control import Control
from support.deployer import Deployer
from support.waiting import wait_for_functions, wait_until

HOUR = 3600.0


@contextmanager
def deploying(deployer: Deployer, step: str) -> Iterator[None]:
    """Deploy in the background, and wait for the CDK CLI's end."""
    deploy = threading.Thread(target=deployer.deploy, args=[step])
    deploy.start()
    try:
        yield
    finally:
        deploy.join()


def looked_at(control: Control, name: str) -> Callable[[], bool]:
    """Return a condition: the function has looked at a builder."""
    return lambda: any(call.name == name for call in control.calls())


def stop_of(deployer: Deployer, name: str) -> float:
    """Return for when a builder's stop is scheduled, in seconds from now; 0 where none is."""
    scheduler = deployer.client("scheduler")
    for each in scheduler.list_schedules()["Schedules"]:
        schedule = scheduler.get_schedule(Name=each["Name"])
        if f'"{name}"' in schedule["Target"]["Input"]:
            at = datetime.fromisoformat(schedule["ScheduleExpression"][3:-1]).replace(tzinfo=timezone.utc)
            return at.timestamp() - time.time()
    return 0.0


def test_a_failure_elsewhere_ends_a_rename_as_a_cancel_does(deployer: Deployer, control: Control) -> None:
    """A second builder of the stack is not found; the first one's update ends with it."""
    for name in ("plan-sibling-a", "plan-sibling-c"):
        control.put_image_builder(name)
    control.put_image_builder("plan-sibling-b", state="SNAPSHOTTING")
    control.set_durations(snapshot=600)
    deployer.deploy("SiblingA").check()
    control.set_state("plan-sibling-a", "STOPPED")
    control.set_durations(start=25)
    try:
        with deploying(deployer, "SiblingB"):
            wait_until(lambda: control.image_builder("plan-sibling-a").starts == 2)
            control.set_state("plan-sibling-b", "STOPPED")
    finally:
        control.set_durations(start=6)
    wait_for_functions(control, "plan-sibling")

    assert "UPDATE_ROLLBACK_COMPLETE" == deployer.status("plan-sibling")
    assert 0 == control.image_builder("plan-sibling-b").starts
    assert [("RUNNING", 2), ("RUNNING", 1)] == [
        (each.state, each.starts) for each in map(control.image_builder, ("plan-sibling-a", "plan-sibling-c"))
    ]


def test_a_cancelled_earlier_stop_leaves_the_later_one(deployer: Deployer, control: Control) -> None:
    """8 hours stand, though the update to 15 minutes was on its way and its invocation went on for a while."""
    control.put_image_builder("plan-hours")
    deployer.deploy("EightHours").check()
    control.set_state("plan-hours", "SNAPSHOTTING")
    control.clear_calls()
    with deploying(deployer, "Quarter"):
        wait_until(looked_at(control, "plan-hours"))
        deployer.cloudformation.cancel_update_stack(StackName="plan-hours")
        wait_until(lambda: deployer.status("plan-hours") == "UPDATE_ROLLBACK_IN_PROGRESS")
        control.set_state("plan-hours", "RUNNING")
    wait_until(lambda: deployer.status("plan-hours") == "UPDATE_ROLLBACK_COMPLETE")
    wait_for_functions(control, "plan-hours")

    assert 7.9 * HOUR < stop_of(deployer, "plan-hours") <= 8 * HOUR
    assert "RUNNING" == control.image_builder("plan-hours").state


def test_a_stack_deleted_while_a_builder_starts_stops_it(deployer: Deployer, control: Control) -> None:
    """The Delete comes while the Create still runs, with an id that CloudFormation made up."""
    control.put_image_builder("plan-deleted")
    with deploying(deployer, "DeletedOnItsWay"):
        wait_until(lambda: control.image_builder("plan-deleted").starts == 1)
        stack_id = deployer.cloudformation.describe_stacks(StackName="plan-deleted")["Stacks"][0]["StackId"]
        deployer.cloudformation.delete_stack(StackName="plan-deleted")
        wait_until(lambda: deployer.status(stack_id) == "DELETE_COMPLETE")
    wait_for_functions(control, "plan-deleted")

    builder = control.image_builder("plan-deleted")
    assert ("STOPPED", 1, 1) == (builder.state, builder.starts, builder.stops)


def test_a_stack_deleted_before_the_start_starts_nothing(deployer: Deployer, control: Control) -> None:
    """The builder was SNAPSHOTTING; it is left alone, also when it can be started."""
    control.put_image_builder("plan-deleted-before", state="SNAPSHOTTING")
    control.set_durations(snapshot=600)
    with deploying(deployer, "DeletedBefore"):
        wait_until(looked_at(control, "plan-deleted-before"))
        stack_id = deployer.cloudformation.describe_stacks(StackName="plan-deleted-before")["Stacks"][0]["StackId"]
        deployer.cloudformation.delete_stack(StackName="plan-deleted-before")
        wait_until(lambda: deployer.status(stack_id) in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"))
        control.set_state("plan-deleted-before", "STOPPED")
        wait_until(lambda: deployer.status(stack_id) == "DELETE_COMPLETE")
    wait_for_functions(control, "plan-deleted-before")

    builder = control.image_builder("plan-deleted-before")
    assert ("STOPPED", 0) == (builder.state, builder.starts)
