"""What the function's role is granted is what a whole life of its resource uses: no action and no resource more."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine
from support.deployer import Deployer
from support.paths import PROJECT_DIR
from support.permissions import Permission, differences, granted_by, used_by

SETS = ("Default", "Stop", "Restart", "StopAndRestart", "Ends")


class Lives(NamedTuple):
    """What was granted and what was used, by set of options."""

    granted: dict[str, set[Permission]]
    used: dict[str, set[Permission]]


@pytest.fixture(scope="module")
def lives(engine: Engine, admin_of_lives: AdminClient, synthesized: Callable[[str], Path]) -> Lives:
    """Create each set's resource with the builder stopped, update it, delete it; side by side, to save time."""
    assembly = synthesized("scenarios_permissions/app.py")
    cdk = Cdk(engine=engine, project_dir=PROJECT_DIR, app=assembly)
    together = ["--exclusively", "--concurrency", str(len(SETS))]
    deployer = Deployer(engine, assembly)

    for name in SETS:
        admin_of_lives.put_image_builder(f"life-{name}")
    cdk.deploy(*(f"{name}Created" for name in SETS), arguments=together).check()
    roles = {name: role_of(f"life-{name}", deployer) for name in SETS}
    granted = {name: permissions_of(role, deployer) for name, role in roles.items()}

    for name in SETS:
        if "Restart" in name:
            admin_of_lives.put_image_builder(f"life-{name}", state="RUNNING", AppstreamAgentVersion="01-01-2020")
        else:
            admin_of_lives.put_image_builder(f"life-{name}")
    cdk.deploy(*(f"{name}Updated" for name in SETS), arguments=together).check()
    assert granted == {name: permissions_of(role, deployer) for name, role in roles.items()}

    cdk.destroy(*(f"{name}Updated" for name in SETS), arguments=together).check()
    states = {name: admin_of_lives.image_builder(f"life-{name}").state for name in SETS}
    assert {name: "STOPPED" if "Stop" in name or name == "Ends" else "RUNNING" for name in SETS} == states
    checks = admin_of_lives.iam_checks()
    return Lives(granted, {name: used_by(role, checks) for name, role in roles.items()})


@pytest.fixture(scope="module")
def admin_of_lives(engine: Engine) -> Iterator[AdminClient]:
    """Return what sets up builders whose starts take longer than one invocation of these functions."""
    engine.admin.set_durations(start=10)
    yield engine.admin
    engine.admin.set_durations(start=6)


def role_of(stack: str, deployer: Deployer) -> str:
    """Return the name of the function's role, the one of a stack that is not the scheduler's."""
    (role,) = [
        each["PhysicalResourceId"]
        for each in deployer.resources(stack)
        if each["ResourceType"] == "AWS::IAM::Role" and "Scheduler" not in each["LogicalResourceId"]
    ]
    return str(role)


def permissions_of(role: str, deployer: Deployer) -> set[Permission]:
    """Return what a role's policies allow, inline and managed."""
    iam = deployer.client("iam")
    inline = iam.list_role_policies(RoleName=role)["PolicyNames"]
    managed = [each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    return granted_by(
        *(iam.get_role_policy(RoleName=role, PolicyName=each)["PolicyDocument"] for each in inline),
        *(iam.get_policy_version(PolicyArn=each, VersionId="v1")["PolicyVersion"]["Document"] for each in managed),
    )


ROLL_BACKS_ONLY = {"cloudformation:DescribeStacks", "cloudformation:ListStackResources"}
"""What an update asks that fails, and the roll-back of a rename with STOP; test_cancelled_updates.py has both."""


@pytest.mark.parametrize("name", SETS)
def test_granted_is_used(lives: Lives, name: str) -> None:
    """Each permission is needed, on that very resource, and nothing was refused on the way."""
    spared = {each for each in lives.granted[name] if each[0] in ROLL_BACKS_ONLY and each not in lives.used[name]}

    assert [] == differences(granted=lives.granted[name] - spared, used=lives.used[name])


def test_the_sets_differ_where_their_options_say(lives: Lives) -> None:
    """Only what an option stops may be stopped; the rest of the role is the same in each."""
    actions = {name: {action for action, _ in granted} for name, granted in lives.granted.items()}
    default = {
        "appstream:DescribeImageBuilders",
        "appstream:StartImageBuilder",
        "cloudformation:DescribeStackResource",
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "lambda:InvokeFunction",
    }
    stop = default | {"appstream:StopImageBuilder"}
    schedule = {f"scheduler:{each}Schedule" for each in ("Create", "Delete", "Get", "Update")}
    ends = stop | schedule | {"iam:PassRole"}
    assert {"Default": default, "Stop": stop, "Restart": stop, "StopAndRestart": stop, "Ends": ends} == actions
