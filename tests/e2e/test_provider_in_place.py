"""A deployed stack changes from the default provider to a configured one and back, with the real CDK CLI."""

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from support.deployer import Deployer


@pytest.fixture(scope="module", autouse=True)
def _deployed(engine: Engine, deployer: Deployer) -> None:
    """Deploy the stack with the default provider."""
    engine.admin.put_image_builder("placed")
    deployer.deploy("Placed").check()


def resources(deployer: Deployer) -> dict[str, str]:
    """Return the physical id of each of the stack's resources."""
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in deployer.resources("placed")}


def function(deployer: Deployer) -> tuple[str, int, str]:
    """Return the ARN of the stack's one function, its memory and its description."""
    found = [each for each in deployer.resources("placed") if each["ResourceType"] == "AWS::Lambda::Function"]
    (name,) = [each["PhysicalResourceId"] for each in found]
    configuration = deployer.client("lambda").get_function_configuration(FunctionName=name)
    return configuration["FunctionArn"], configuration["MemorySize"], configuration["Description"]


def test_configured_and_back_are_updates_in_place(deployer: Deployer, admin: AdminClient) -> None:
    """The function is changed and never replaced: CloudFormation refuses another ServiceToken."""
    before, arn = resources(deployer), function(deployer)[0]

    deployer.deploy("PlacedConfigured").check()
    assert before == resources(deployer)
    assert (arn, 512, "Ours") == function(deployer)

    deployer.deploy("PlacedAgain").check()
    assert before == resources(deployer)
    assert (arn, 256) == function(deployer)[:2]

    assert [("CREATE_COMPLETE", "placed")] + [("UPDATE_COMPLETE", "placed")] * 2 == [
        each[:2] for each in deployer.events("placed") if each[0].endswith("_COMPLETE")
    ]
    assert 1 == admin.image_builder("placed").starts

    deployer.destroy("PlacedAgain").check()
    assert "STOPPED" == admin.image_builder("placed").state
