"""Two apps, deployed with the real CDK CLI and IAM enforced: a function that one shares, and builders of the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.cdk import Cdk, CdkResult
from appstream_local.process.engine import Engine
from support.deployer import Deployer
from support.paths import PROJECT_DIR

TEAMS = {"team-tagged": "cad", "team-untagged": "crm", "team-by-name": "crm"}
"""The builders, and the value of their tag."""


@pytest.fixture(scope="module")
def deployed(engine: Engine, synthesized: Callable[[str], Path]) -> tuple[Cdk, list[CdkResult]]:
    """Return the team's app and what became of the deploys of its stacks, after the platform's."""
    assemblies = (synthesized(f"scenarios_by_token/{program}.py") for program in ("platform_app", "team_app"))
    platform, team = (Cdk(engine=engine, project_dir=PROJECT_DIR, app=each) for each in assemblies)
    appstream = engine.client("appstream")
    engine.admin.set_durations(create=0)
    for name, value in TEAMS.items():
        appstream.create_image_builder(Name=name, InstanceType="t", ImageName="i", Tags={"team": value})
        engine.admin.set_state(name, "STOPPED")
    platform.deploy("Platform").check()
    with ThreadPoolExecutor() as pool:
        return team, list(pool.map(team.deploy, ("Tagged", "Untagged", "ByName")))


def schedules(deployer: Deployer) -> list[Any]:
    """Return what is scheduled for the team's builder."""
    listed = deployer.client("scheduler").list_schedules(GroupName="default")["Schedules"]
    return [each for each in listed if each["Name"].startswith("running-image-builder-team-tagged")]


def test_the_function_of_the_other_app_starts_a_builder_with_the_tag(
    deployed: tuple[Cdk, list[CdkResult]], admin: AdminClient, deployer: Deployer
) -> None:
    """The team's stack has neither function nor permission, and its builder's stop is scheduled."""
    assert {"State": "RUNNING"} == deployed[1][0].check().outputs["team-tagged"]
    assert ("RUNNING", 1) == (admin.image_builder("team-tagged").state, admin.image_builder("team-tagged").starts)
    expected = {"Custom::AppStreamRunningImageBuilder", "AWS::IAM::Role", "AWS::CDK::Metadata"}
    assert expected >= set(deployer.types("team-tagged"))
    assert 1 == len(schedules(deployer))


def test_a_builder_without_the_tag_is_not_started(
    deployed: tuple[Cdk, list[CdkResult]], admin: AdminClient, deployer: Deployer
) -> None:
    """IAM denies it, and the reason names action and builder."""
    assert 0 != deployed[1][1].exit_code
    reason = deployer.failure("team-untagged")[1]
    assert "access denied. Allow the function's role appstream:StartImageBuilder" in reason
    assert 0 == admin.image_builder("team-untagged").starts


def test_a_role_that_is_known_is_allowed_the_builder_by_its_name(
    deployed: tuple[Cdk, list[CdkResult]], admin: AdminClient
) -> None:
    """The team's stack attaches the permission to the platform's role, and takes it away again."""
    assert {"State": "RUNNING"} == deployed[1][2].check().outputs["team-by-name"]
    deployed[0].destroy("ByName").check()
    assert "STOPPED" == admin.image_builder("team-by-name").state


def test_deleting_the_teams_stack_stops_its_builder(
    deployed: tuple[Cdk, list[CdkResult]], admin: AdminClient, deployer: Deployer
) -> None:
    """The platform's function does it, by the tag, and takes the schedule away; the function stays."""
    deployed[0].destroy("Tagged").check()
    assert "STOPPED" == admin.image_builder("team-tagged").state
    assert [] == schedules(deployer)
    assert "CREATE_COMPLETE" == deployer.status("platform")


def test_the_function_used_nothing_beyond_its_patterns(engine: Engine, admin: AdminClient, deployer: Deployer) -> None:
    """What IAM denied on the way was the builder without the tag, and nothing else."""
    checks = [each for each in admin.iam_checks() if ":assumed-role/platform-" in each.principal]
    denied = {(each.action, each.resource) for each in checks if not each.allowed}
    arn = f"arn:aws:appstream:{engine.region}:{engine.account}:image-builder/team-untagged"
    assert {("appstream:StartImageBuilder", arn)} == denied
