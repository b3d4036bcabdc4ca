"""A hundred builders in one stack, deployed with the real CDK CLI.

The engine creates one custom resource after the other (100 starts of 6 s took 632 s), where AWS creates them side by
side. So only every tenth builder is started here; this says nothing about a hundred invocations at once.
"""

from pathlib import Path

from appstream_local.cdk import Cdk
from appstream_local.control import Control
from appstream_local.engine import Engine
from support.deployer import Deployer
from support.paths import PROJECT_DIR

APP = Path(__file__).parent / "scenarios_permissions" / "app.py"

NAMES = [f"hundred-{number}" for number in range(100)]


def test_a_hundred_builders_of_one_stack_are_running_after_one_deploy(engine: Engine, control: Control) -> None:
    """One function serves them all within one deploy, and starts each stopped one once; its role holds them all."""
    stopped = NAMES[::10]
    for name in NAMES:
        control.put_image_builder(name, state="STOPPED" if name in stopped else "RUNNING")
    cdk = Cdk(engine=engine, project_dir=PROJECT_DIR, app=f"python3 {APP}")
    control.set_durations(start=1)
    try:
        cdk.deploy("Hundred").check()
    finally:
        control.set_durations(start=6)

    builders = {name: control.image_builder(name) for name in NAMES}
    assert {name: ("RUNNING", int(name in stopped)) for name in NAMES} == {
        name: (each.state, each.starts) for name, each in builders.items()
    }
    cloudformation = Deployer(engine, cdk.output_dir).cloudformation
    resources = cloudformation.list_stack_resources(StackName="hundred")["StackResourceSummaries"]
    assert 1 == [each["ResourceType"] for each in resources].count("AWS::Lambda::Function")
