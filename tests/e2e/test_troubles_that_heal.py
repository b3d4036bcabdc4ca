"""Errors that a deploy survives: self-invocations, throttling, late permissions, lost connections, cancels."""

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer
from support.waiting import wait_until


def test_a_start_longer_than_one_invocation_is_handed_over(deployer: Deployer, admin: AdminClient) -> None:
    """A function limited to 8 s waits out a start of 20 s by handing over, and starts once."""
    admin.put_image_builder("long-start")
    with deployer.slow(start=20):
        result = deployer.deploy("LongStart").check()

    assert result.outputs["long-start"]["State"] == "RUNNING"
    assert admin.image_builder("long-start").starts == 1


def test_throttling_and_lost_connections_are_survived(deployer: Deployer, admin: AdminClient) -> None:
    """Throttled and dropped calls, a start whose answer is lost among them, end in one start and a success."""
    admin.put_image_builder("throttled")
    admin.add_fault("throttle", name="throttled", operation="DescribeImageBuilders", times=2)
    admin.add_fault("drop", name="throttled", operation="StartImageBuilder", times=1, after_effect=True)
    admin.add_fault("server_error", name="throttled", operation="DescribeImageBuilders", times=1)

    result = deployer.deploy("Throttled").check()

    assert result.outputs["throttled"]["State"] == "RUNNING"
    assert admin.image_builder("throttled").starts == 1


def test_a_permission_that_takes_a_while_is_waited_for(deployer: Deployer, admin: AdminClient) -> None:
    """Access denied for some seconds, as after a fresh policy, delays the deploy and does not fail it."""
    admin.put_image_builder("denied-at-first")
    admin.add_fault("access_denied", name="denied-at-first", seconds=12)

    result = deployer.deploy("DeniedAtFirst").check()

    assert result.outputs["denied-at-first"]["State"] == "RUNNING"


def test_on_delete_stop_waits_until_the_builder_is_stopped(deployer: Deployer, admin: AdminClient) -> None:
    """With OnDelete STOP the builder is STOPPED when ``cdk destroy`` returns."""
    admin.put_image_builder("stopped-on-delete")
    deployer.deploy("StoppedOnDelete").check()

    deployer.destroy("StoppedOnDelete").check()

    assert admin.image_builder("stopped-on-delete").state == "STOPPED"
    assert admin.image_builder("stopped-on-delete").stops == 1


def test_an_old_agent_is_updated_by_a_restart_where_that_is_allowed(deployer: Deployer, admin: AdminClient) -> None:
    """A running builder with an old agent is stopped and started with the latest one."""
    admin.put_image_builder("agent", state="RUNNING", AppstreamAgentVersion="01-01-2020")

    result = deployer.deploy("AgentUpdate").check()

    builder = admin.image_builder("agent")
    assert result.outputs["agent"]["State"] == "RUNNING"
    assert (builder.stops, builder.starts) == (1, 1)
    assert builder.description["LatestAppstreamAgentVersion"] == "TRUE"


def test_an_update_cancelled_while_the_resource_is_created_leaves_nothing_running(
    deployer: Deployer, admin: AdminClient
) -> None:
    """An update cancelled during the create rolls back, and with OnDelete STOP the builder is stopped again."""
    admin.put_image_builder("cancelled")
    deployer.deploy("BeforeCancel").check()
    with deployer.deploying("Cancelled"):
        wait_until(lambda: admin.image_builder("cancelled").starts == 1)
        deployer.cancel("cancelled")

    builder = admin.image_builder("cancelled")
    assert ("STOPPED", 1, 1) == (builder.state, builder.starts, builder.stops)
