"""Updates that are cancelled or fail: who started what, what stands, and which schedules."""

import time
from datetime import datetime, timezone

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer
from support.waiting import wait_for_functions, wait_until, was_described

HOUR = 3600.0


def stop_of(deployer: Deployer, name: str) -> float:
    """Return for when a builder's stop is scheduled, in seconds from now; 0 where none is."""
    scheduler = deployer.client("scheduler")
    for each in scheduler.list_schedules()["Schedules"]:
        schedule = scheduler.get_schedule(Name=each["Name"])
        if f'"{name}"' in schedule["Target"]["Input"]:
            at = datetime.fromisoformat(schedule["ScheduleExpression"][3:-1]).replace(tzinfo=timezone.utc)
            return at.timestamp() - time.time()
    return 0.0


def test_a_cancelled_rename_does_not_start_the_other_builder_later(deployer: Deployer, admin: AdminClient) -> None:
    """It was SNAPSHOTTING when the update was cancelled; it can be started while the roll-back starts the first one."""
    admin.put_image_builder("plan-a")
    admin.put_image_builder("plan-b", state="SNAPSHOTTING")
    admin.set_durations(snapshot=600)
    deployer.deploy("PlanA").check()
    admin.set_state("plan-a", "STOPPED")
    with deployer.slow(start=25), deployer.deploying("PlanB"):
        wait_until(was_described(admin, "plan-b"))
        deployer.cloudformation.cancel_update_stack(StackName="plan-renamed")
        wait_until(lambda: admin.image_builder("plan-a").starts == 2)
        admin.set_state("plan-b", "STOPPED")
        wait_until(lambda: deployer.status("plan-renamed") == "UPDATE_ROLLBACK_COMPLETE")
    wait_for_functions(admin, "plan-renamed")

    assert ("STOPPED", 0) == (admin.image_builder("plan-b").state, admin.image_builder("plan-b").starts)
    assert ("RUNNING", 0) == (admin.image_builder("plan-a").state, admin.image_builder("plan-a").stops)
    assert 0.0 == stop_of(deployer, "plan-b")
    assert stop_of(deployer, "plan-a") > 0
    assert "plan-a" == deployer.events("plan-renamed")[-1][1]


def test_a_failure_elsewhere_ends_a_rename_as_a_cancel_does(deployer: Deployer, admin: AdminClient) -> None:
    """A second builder of the stack is not found; the first one's update ends with it."""
    for name in ("plan-sibling-a", "plan-sibling-c"):
        admin.put_image_builder(name)
    admin.put_image_builder("plan-sibling-b", state="SNAPSHOTTING")
    admin.set_durations(snapshot=600)
    deployer.deploy("SiblingA").check()
    admin.set_state("plan-sibling-a", "STOPPED")
    with deployer.slow(start=25), deployer.deploying("SiblingB"):
        wait_until(lambda: admin.image_builder("plan-sibling-a").starts == 2)
        admin.set_state("plan-sibling-b", "STOPPED")
    wait_for_functions(admin, "plan-sibling")

    assert "UPDATE_ROLLBACK_COMPLETE" == deployer.status("plan-sibling")
    assert 0 == admin.image_builder("plan-sibling-b").starts
    assert [("RUNNING", 2), ("RUNNING", 1)] == [
        (each.state, each.starts) for each in map(admin.image_builder, ("plan-sibling-a", "plan-sibling-c"))
    ]


def test_a_cancelled_earlier_stop_leaves_the_later_one(deployer: Deployer, admin: AdminClient) -> None:
    """8 hours stand, though the update to 15 minutes was on its way and its invocation went on for a while."""
    admin.put_image_builder("plan-hours")
    deployer.deploy("EightHours").check()
    admin.set_state("plan-hours", "SNAPSHOTTING")
    admin.clear_calls()
    with deployer.deploying("Quarter"):
        wait_until(was_described(admin, "plan-hours"))
        deployer.cloudformation.cancel_update_stack(StackName="plan-hours")
        wait_until(lambda: deployer.status("plan-hours") == "UPDATE_ROLLBACK_IN_PROGRESS")
        admin.set_state("plan-hours", "RUNNING")
    wait_until(lambda: deployer.status("plan-hours") == "UPDATE_ROLLBACK_COMPLETE")
    wait_for_functions(admin, "plan-hours")

    assert 7.9 * HOUR < stop_of(deployer, "plan-hours") <= 8 * HOUR
    assert "RUNNING" == admin.image_builder("plan-hours").state


def test_a_cancelled_restart_does_not_start_the_other_agent(deployer: Deployer, admin: AdminClient) -> None:
    """The stop was made; the roll-back starts the builder, with the agent of before."""
    admin.put_image_builder("plan-agent", AppstreamAgentVersion="10-06-2026")
    deployer.deploy("AgentOne").check()
    with deployer.slow(stop=8), deployer.deploying("AgentTwo"):
        wait_until(lambda: admin.image_builder("plan-agent").stops == 1)
        deployer.cancel("plan-agent")
    wait_for_functions(admin, "plan-agent")

    assert "RUNNING" == admin.image_builder("plan-agent").state
    asked = [call for call in admin.calls() if call.operation == "StartImageBuilder" and call.name == "plan-agent"]
    assert {"10-06-2026"} == {call.request.get("AppstreamAgentVersion") for call in asked}
