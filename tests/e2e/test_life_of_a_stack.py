"""The main job with the real CDK CLI: create, update, rename, destroy."""

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer


def test_create_starts_a_stopped_builder_and_returns_when_it_is_running(deployer: Deployer, admin: AdminClient) -> None:
    """A deploy starts a stopped builder, returns when it is RUNNING, and has its attributes as outputs."""
    admin.put_image_builder("life", state="STOPPED")

    result = deployer.deploy("Created").check()

    builder = admin.image_builder("life")
    assert builder.state == "RUNNING"
    assert builder.starts == 1
    assert result.outputs == {
        "life": {
            "Arn": builder.description["Arn"],
            "State": "RUNNING",
            "EniPrivateIpAddress": builder.description["NetworkAccessConfiguration"]["EniPrivateIpAddress"],
        }
    }
    assert [("CREATE_COMPLETE", "life")] == [each[:2] for each in deployer.events("life")][-1:]


def test_update_starts_a_builder_that_was_stopped_meanwhile(deployer: Deployer, admin: AdminClient) -> None:
    """An update finds the builder stopped and starts it again, without replacing the resource."""
    admin.set_state("life", "STOPPED")
    before = admin.image_builder("life").starts

    deployer.deploy("Updated").check()

    assert admin.image_builder("life").state == "RUNNING"
    assert admin.image_builder("life").starts == before + 1
    assert [("UPDATE_COMPLETE", "life")] == [each[:2] for each in deployer.events("life")][-1:]


def test_destroy_leaves_the_builder_as_it_is(deployer: Deployer, admin: AdminClient) -> None:
    """Destroying the stack neither stops the builder nor looks at it."""
    admin.clear_calls()

    deployer.destroy("Updated").check()

    assert admin.image_builder("life").state == "RUNNING"
    assert [call.operation for call in admin.calls() if call.name == "life"] == []


def test_create_with_a_running_builder_starts_nothing(deployer: Deployer, admin: AdminClient) -> None:
    """A builder that is RUNNING already is looked at once and not started."""
    admin.put_image_builder("already-running", state="RUNNING")

    result = deployer.deploy("AlreadyRunning").check()

    assert result.outputs["running"]["State"] == "RUNNING"
    calls = [call.operation for call in admin.calls() if call.name == "already-running"]
    assert calls == ["DescribeImageBuilders"]


def test_rename_starts_the_new_builder_and_deletes_the_old_resource(deployer: Deployer, admin: AdminClient) -> None:
    """Another name is another resource: the new builder runs, and the old one is treated by its OnDelete."""
    admin.put_image_builder("old-name")
    admin.put_image_builder("new-name")
    deployer.deploy("BeforeRename").check()

    result = deployer.deploy("AfterRename").check()

    assert result.outputs["rename"]["Arn"].endswith("image-builder/new-name")
    assert admin.image_builder("new-name").state == "RUNNING"
    assert admin.image_builder("new-name").stops == 0
    assert admin.image_builder("old-name").state == "STOPPED"
    assert admin.image_builder("old-name").stops == 1


def test_a_rename_keeps_the_right_to_stop_where_policies_are_named_by_path(
    deployer: Deployer, admin: AdminClient
) -> None:
    """The clean-up deletes the old builder's policy, and not the new one's, which the delete of the stack needs."""
    admin.put_image_builder("named-before")
    admin.put_image_builder("named-after")
    deployer.deploy("NamedBefore").check()
    deployer.deploy("NamedAfter").check()
    assert ["STOPPED", "RUNNING"] == [admin.image_builder(f"named-{each}").state for each in ("before", "after")]

    deployer.destroy("NamedAfter").check()
    assert "STOPPED" == admin.image_builder("named-after").state


def test_every_deploy_starts_a_builder_that_was_stopped(deployer: Deployer, admin: AdminClient) -> None:
    """Where that is asked for; the two steps are otherwise the same."""
    admin.put_image_builder("every-deploy")
    deployer.deploy("EveryDeploy").check()
    admin.set_state("every-deploy", "STOPPED")

    deployer.deploy("EveryDeployAgain").check()

    assert ("RUNNING", 2) == (admin.image_builder("every-deploy").state, admin.image_builder("every-deploy").starts)
