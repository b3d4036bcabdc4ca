"""One function for builders of several stacks, deployed with the real CDK CLI and IAM enforced."""

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from support.deployer import Deployer

STACKS = ("shared-left", "shared-right")


@pytest.fixture(scope="module", autouse=True)
def _deployed(engine: Engine, deployer: Deployer) -> None:
    """Deploy the stack of the function, which has no builder, and the two that use it."""
    for name in STACKS:
        engine.admin.put_image_builder(name)
    for step in ("Shared", "SharedLeft", "SharedRight"):
        deployer.deploy(step).check()


def test_the_builders_of_both_stacks_are_running(deployer: Deployer, admin: AdminClient) -> None:
    """Each was started once, by the one function there is."""
    assert [("RUNNING", 1)] * 2 == [(each.state, each.starts) for each in map(admin.image_builder, STACKS)]
    assert {"shared": 1, "shared-left": 0, "shared-right": 0} == {
        name: deployer.types(name).count("AWS::Lambda::Function") for name in ("shared", *STACKS)
    }


def test_one_stack_can_go_and_the_other_still_works(deployer: Deployer, admin: AdminClient) -> None:
    """A delete stops its own builder and takes its own permissions; the other stack's update starts its builder."""
    deployer.destroy("SharedLeft").check()
    assert ["STOPPED", "RUNNING"] == [admin.image_builder(name).state for name in STACKS]

    admin.set_state("shared-right", "STOPPED")
    deployer.deploy("SharedRightUpdated").check()
    assert [("STOPPED", 1), ("RUNNING", 2)] == [(each.state, each.starts) for each in map(admin.image_builder, STACKS)]
