"""Stacks that are deleted on their way, rollbacks, and renamed constructs: who started what, and what stands."""

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer
from support.waiting import wait_for_functions, wait_until, was_described


def test_a_stack_deleted_while_a_builder_starts_stops_it(deployer: Deployer, admin: AdminClient) -> None:
    """The Delete comes while the Create still runs, with an id that CloudFormation made up."""
    admin.put_image_builder("plan-deleted")
    with deployer.deploying("DeletedOnItsWay"):
        wait_until(lambda: admin.image_builder("plan-deleted").starts == 1)
        stack_id = deployer.cloudformation.describe_stacks(StackName="plan-deleted")["Stacks"][0]["StackId"]
        deployer.cloudformation.delete_stack(StackName="plan-deleted")
        wait_until(lambda: deployer.status(stack_id) == "DELETE_COMPLETE")
    wait_for_functions(admin, "plan-deleted")

    builder = admin.image_builder("plan-deleted")
    assert ("STOPPED", 1, 1) == (builder.state, builder.starts, builder.stops)


def test_a_stack_deleted_before_the_start_starts_nothing(deployer: Deployer, admin: AdminClient) -> None:
    """The builder was SNAPSHOTTING; it is left alone, also when it can be started."""
    admin.put_image_builder("plan-deleted-before", state="SNAPSHOTTING")
    admin.set_durations(snapshot=600)
    with deployer.deploying("DeletedBefore"):
        wait_until(was_described(admin, "plan-deleted-before"))
        stack_id = deployer.cloudformation.describe_stacks(StackName="plan-deleted-before")["Stacks"][0]["StackId"]
        deployer.cloudformation.delete_stack(StackName="plan-deleted-before")
        wait_until(lambda: deployer.status(stack_id) in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"))
        admin.set_state("plan-deleted-before", "STOPPED")
        wait_until(lambda: deployer.status(stack_id) == "DELETE_COMPLETE")
    wait_for_functions(admin, "plan-deleted-before")

    builder = admin.image_builder("plan-deleted-before")
    assert ("STOPPED", 0) == (builder.state, builder.starts)


def test_a_roll_back_ends_though_its_builder_cannot_run_any_more(deployer: Deployer, admin: AdminClient) -> None:
    """It was deleted meanwhile; the stack is UPDATE_ROLLBACK_COMPLETE all the same, and can be deployed again."""
    admin.put_image_builder("plan-back")
    deployer.deploy("UnreachableLater").check()
    admin.set_state("plan-back", "DELETING", then=[(0.1, "")])

    assert deployer.deploy("UnreachableNow").exit_code != 0

    assert "UPDATE_ROLLBACK_COMPLETE" == deployer.status("plan-back")


def test_a_renamed_construct_keeps_its_builder_running(deployer: Deployer, admin: AdminClient) -> None:
    """The clean-up Delete of the old one neither stops the builder nor leaves a stop of its own behind."""
    admin.put_image_builder("plan-logical")
    deployer.deploy("LogicalOld").check()

    deployer.deploy("LogicalNew").check()

    builder = admin.image_builder("plan-logical")
    assert ("RUNNING", 1, 0) == (builder.state, builder.starts, builder.stops)
    scheduler = deployer.client("scheduler")
    found = [scheduler.get_schedule(Name=each["Name"]) for each in scheduler.list_schedules()["Schedules"]]
    assert 1 == len([each for each in found if '"plan-logical"' in each["Target"]["Input"]])
