"""A hundred builders in one stack, each of them started, all at the same time, deployed with the real CDK CLI."""

from collections.abc import Callable
from pathlib import Path

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from support.deployer import Deployer

NAMES = [f"hundred-{number}" for number in range(100)]


def test_a_hundred_builders_of_one_stack_are_running_after_one_deploy(
    engine: Engine, admin: AdminClient, synthesized: Callable[[str], Path]
) -> None:
    """One function serves them all within one deploy and starts each once; its role holds them all."""
    for name in NAMES:
        admin.put_image_builder(name)
    deployer = Deployer(engine, synthesized("scenarios_permissions/app.py"))

    deployer.deploy("Hundred").check()

    builders = {name: admin.image_builder(name) for name in NAMES}
    assert dict.fromkeys(NAMES, ("RUNNING", 1)) == {name: (each.state, each.starts) for name, each in builders.items()}
    assert 1 == deployer.types("hundred").count("AWS::Lambda::Function")
