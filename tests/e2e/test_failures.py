"""What goes wrong ends in a rollback with a reason that a person can act on, and the stack can be destroyed."""

from pathlib import Path

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer


def test_an_unknown_builder_fails_at_once_and_rolls_back(deployer: Deployer) -> None:
    """A name that no builder has fails the deploy with that name and the remedy."""
    result = deployer.deploy("Unknown")

    assert result.exit_code != 0
    assert deployer.status("unknown") == "ROLLBACK_COMPLETE"
    assert (
        "no-such-builder: not found in us-east-1. Use the name of a builder there, or" in deployer.failure("unknown")[1]
    )
    deployer.destroy("Unknown").check()


def test_a_failing_start_says_what_appstream_says_and_is_not_repeated(deployer: Deployer, admin: AdminClient) -> None:
    """A start that ends in an error fails with AppStream's own words, after one start."""
    admin.put_image_builder("failing-start")
    admin.set_start_outcome(
        "failing-start", "stopped", error_code="SUBNET_NOT_FOUND", error_message="The subnet is gone."
    )

    result = deployer.deploy("FailingStart")

    assert result.exit_code != 0
    assert "SUBNET_NOT_FOUND: The subnet is gone." in deployer.failure("failing-start")[1]
    assert admin.image_builder("failing-start").starts == 1
    assert deployer.status("failing-start") == "ROLLBACK_COMPLETE"


def test_a_start_that_never_ends_fails_at_the_timeout(deployer: Deployer, admin: AdminClient) -> None:
    """At the timeout the answer is the function's own, with the last state, not CloudFormation's."""
    admin.put_image_builder("never-running")
    admin.set_start_outcome("never-running", "never")

    result = deployer.deploy("NeverRunning")

    assert result.exit_code != 0
    assert "(PENDING): not RUNNING within 1 minute. " in deployer.failure("never")[1]


def test_a_builder_deleted_while_it_is_waited_for_fails_at_once(deployer: Deployer, admin: AdminClient) -> None:
    """A builder that disappears ends the wait, long before the timeout."""
    admin.put_image_builder("deleted-meanwhile")
    admin.set_state("deleted-meanwhile", "PENDING", then=[(4, "DELETING"), (60, "")])

    result = deployer.deploy("DeletedMeanwhile")

    assert result.exit_code != 0
    assert "(DELETING): it is being deleted" in deployer.failure("deleted-meanwhile")[1]


def test_a_missing_permission_to_hand_over_fails_the_deploy(
    deployer: Deployer, admin: AdminClient, tmp_path: Path
) -> None:
    """Without the permission to invoke itself, a wait beyond the function's limit fails and says so."""
    admin.put_image_builder("may-not-self-invoke")
    admin.set_start_outcome("may-not-self-invoke", "never")

    result = deployer.without("lambda:InvokeFunction", tmp_path).deploy("MayNotSelfInvoke")

    assert result.exit_code != 0
    remedy = "Allow the function's role lambda:InvokeFunction. AWS: AccessDenied"
    reason = deployer.failure("may-not-self-invoke")[1]
    assert f"the function could not invoke itself: access denied. {remedy}" in reason
