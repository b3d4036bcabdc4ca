"""With iam.Role.customize_roles: every option synthesizes, and CDK's report lists the statements."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder import OnDelete
from synth.hardened import harden
from synth.stacks import Json, actions, any_builder, every_option, of_type, statements, template

IAM = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
BUILDERS = 20
"""More than fit into a role's inline policies."""


def synthesized(folder: Path, **customized: Any) -> tuple[Json, Json]:
    """Return the template of a stack with everything, and the report by the roles' paths."""
    app = App(outdir=str(folder))
    if customized:
        iam.Role.customize_roles(app, **customized)
    stack = Stack(app, "Stack")
    harden(stack)
    for number in range(BUILDERS):
        any_builder(stack, f"Builder{number}", **{**every_option(), "image_builder_name": f"nb-{number}"})
    app.synth()
    report = folder / "iam-policy-report.json"
    roles = json.loads(report.read_text(encoding="utf-8"))["roles"] if report.exists() else []
    found = json.loads((folder / "Stack.template.json").read_text(encoding="utf-8"))
    return found, {each["roleConstructPath"]: each["identityPolicyStatements"] for each in roles}


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """Return the template without customized roles."""
    return synthesized(tmp_path_factory.mktemp("ordinary"))[0]


@pytest.fixture(scope="module")
def precreated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Json]:
    """Return template and report where the roles exist already."""
    roles = {"Stack/Provider/Role": "ours"}
    return synthesized(tmp_path_factory.mktemp("precreated"), use_precreated_roles=roles)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """Return the report where it is all that is asked for."""
    return synthesized(tmp_path_factory.mktemp("reported"), prevent_synthesis=False)[1]


def test_roles_that_exist_already_are_used_and_no_iam_is_made(precreated: tuple[Json, Json], ordinary: Json) -> None:
    """Everything else is what it is without."""
    found, _ = precreated
    (function,) = of_type(found, "AWS::Lambda::Function").values()
    assert ":role/ours" in json.dumps(function["Properties"]["Role"])
    assert {key for key, each in ordinary["Resources"].items() if each["Type"] not in IAM} == set(found["Resources"])


@pytest.mark.parametrize("kind", ["precreated", "reported"])
def test_the_report_lists_what_the_function_needs(kind: str, request: pytest.FixtureRequest, ordinary: Json) -> None:
    """The same actions that the policies have where they are made, for every builder."""
    value = request.getfixturevalue(kind)
    report = value[1] if isinstance(value, tuple) else value
    listed = report["Stack/Provider/Role"]

    assert actions(statements(ordinary)) == actions(listed)
    text = json.dumps([each["Resource"] for each in listed if "appstream:StartImageBuilder" in each["Action"]])
    assert [] == [number for number in range(BUILDERS) if f'image-builder/nb-{number}"' not in text]


def test_the_report_lists_the_schedulers_roles(reported: Json) -> None:
    """Each may stop its builder."""
    scheduling = [listed for path, listed in reported.items() if "SchedulerRole" in path]
    assert [["appstream:StopImageBuilder"]] * (BUILDERS + 1) == [[each["Action"] for each in one] for one in scheduling]


def test_a_role_given_to_the_scheduler_needs_no_place_in_the_map() -> None:
    """Its path would have a builder's name hashed into it; the report lists the statement all the same."""
    app = App()
    iam.Role.customize_roles(
        app, use_precreated_roles={"Stack/RunningImageBuilderProvider/Role": "ours", "Stack/Stopper": "stopper"}
    )
    stack = Stack(app, "Stack")
    role = iam.Role(stack, "Stopper", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
    any_builder(stack, **{**every_option(), "on_delete": OnDelete.STOP, "scheduler_role": role})
    found = template(stack)

    (resource,) = of_type(found, "Custom::AppStreamRunningImageBuilder").values()
    assert ":role/stopper" in json.dumps(resource["Properties"]["SchedulerRoleArn"])
    assert set() == {each["Type"] for each in found["Resources"].values()} & set(IAM)
    errors = [each for node in stack.node.find_all() for each in node.node.metadata if each.type == "aws:cdk:error"]
    assert [] == errors
