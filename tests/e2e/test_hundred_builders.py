"""A hundred builders in one stack, each of them started, all at the same time, deployed with the real CDK CLI."""

from pathlib import Path

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine
from support.deployer import Deployer
from support.paths import PROJECT_DIR

APP = Path(__file__).parent / "scenarios_permissions" / "app.py"

NAMES = [f"hundred-{number}" for number in range(100)]


def test_a_hundred_builders_of_one_stack_are_running_after_one_deploy(engine: Engine, admin: AdminClient) -> None:
    """One function serves them all within one deploy and starts each once; its role holds them all."""
    for name in NAMES:
        admin.put_image_builder(name)
    cdk = Cdk(engine=engine, project_dir=PROJECT_DIR, app=f"python3 {APP}")

    cdk.deploy("Hundred").check()

    builders = {name: admin.image_builder(name) for name in NAMES}
    assert dict.fromkeys(NAMES, ("RUNNING", 1)) == {name: (each.state, each.starts) for name, each in builders.items()}
    cloudformation = Deployer(engine, cdk.output_dir).cloudformation
    resources = cloudformation.list_stack_resources(StackName="hundred")["StackResourceSummaries"]
    assert 1 == [each["ResourceType"] for each in resources].count("AWS::Lambda::Function")
