"""A role given to the provider: it gets the statements, or whoever synthesizes is told which it lacks."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Annotations, App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from cdk_appstream_image_builder.iam.function_role import WARNING
from synth.stacks import (
    ACCOUNT,
    Json,
    actions,
    any_builder,
    imported_vpc,
    known_stack,
    of_type,
    only,
    statements,
    template,
    template_with,
    warnings,
)

ARN = f"arn:aws:iam::{ACCOUNT}:role/ours"
OTHER_ARN = "arn:aws:iam::999999999999:role/theirs"
SAID = "the given role cannot be changed: add these statements to it: "


def any_role(stack: Stack) -> iam.Role:
    """Return a role that the app makes."""
    return iam.Role(stack, "Ours", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


def imported(stack: Stack, arn: str = ARN, **options: Any) -> iam.IRole:
    """Return a role that exists already."""
    return iam.Role.from_role_arn(stack, "Ours", arn, **options)


MUTABLE: dict[str, Callable[[Stack], iam.IRole]] = {
    "of the app": any_role,
    "imported": imported,
    "imported by name": lambda stack: iam.Role.from_role_name(stack, "Ours", "ours"),
}
FIXED: dict[str, Callable[[Stack], iam.IRole]] = {
    "imported as it is": lambda stack: imported(stack, mutable=False),
    "of another account": lambda stack: imported(stack, OTHER_ARN),
    "of the app, frozen": lambda stack: any_role(stack).without_policy_updates(),
}


def use(stack: Stack, role: iam.IRole, **options: Any) -> RunningImageBuilderProvider:
    """Add a builder that is stopped on delete, whose provider has a role."""
    provider = RunningImageBuilderProvider(stack, "Provider", role=role, **options)
    any_builder(stack, provider=provider, on_delete=OnDelete.STOP)
    return provider


def listed_in(messages: list[str]) -> list[Json]:
    """Return the statements that warnings list."""
    texts = [message.removeprefix(SAID) for message in messages]
    return [dict(statement) for text in texts for statement in json.loads(text)]


@pytest.mark.parametrize("kind", MUTABLE)
def test_a_role_that_can_be_changed_gets_every_statement(kind: str) -> None:
    """What a role made here gets, a given one gets as well, without a warning."""
    stack = known_stack()
    use(stack, MUTABLE[kind](stack))
    assert actions(statements(template_with(on_delete=OnDelete.STOP))) == actions(statements(template(stack)))
    assert [] == warnings(stack, SAID)


@pytest.mark.parametrize("kind", MUTABLE)
def test_a_given_role_is_used_and_no_other_is_made(kind: str) -> None:
    """Function and policies name that role."""
    stack = known_stack()
    role = MUTABLE[kind](stack)
    provider = use(stack, role)
    found = template(stack)
    assert len(of_type(found, "AWS::IAM::Role")) == (kind == "of the app")
    assert stack.resolve(role.role_arn) == only(found, "AWS::Lambda::Function")["Properties"]["Role"]
    assert {json.dumps([stack.resolve(role.role_name)])} == {
        json.dumps(policy["Properties"]["Roles"]) for policy in of_type(found, "AWS::IAM::Policy").values()
    }
    assert stack.resolve(role.role_arn) == stack.resolve(provider.role.role_arn)


@pytest.mark.parametrize("kind", MUTABLE)
def test_the_function_waits_for_a_given_roles_policy(kind: str) -> None:
    """Its first call must not be denied."""
    stack = known_stack()
    use(stack, MUTABLE[kind](stack))
    found = template(stack)
    (first,) = [
        key for key, policy in of_type(found, "AWS::IAM::Policy").items() if "DescribeImageBuilders" in str(policy)
    ]
    assert first in only(found, "AWS::Lambda::Function")["DependsOn"]


@pytest.mark.parametrize("kind", FIXED)
def test_a_fixed_role_causes_warnings_with_the_statements(kind: str) -> None:
    """No policy is made, and the warnings together hold the actions that a role made here would get."""
    stack = known_stack()
    use(stack, FIXED[kind](stack))
    assert {} == of_type(template(stack), "AWS::IAM::Policy")
    assert actions(statements(template_with(on_delete=OnDelete.STOP))) == actions(listed_in(warnings(stack, SAID)))


def test_the_statements_of_a_warning_are_ready_to_paste() -> None:
    """Each is a whole statement on the builder's own ARN where IAM allows that."""
    stack = known_stack()
    use(stack, FIXED["imported as it is"](stack))
    (on_builder,) = [each for each in listed_in(warnings(stack, SAID)) if "StopImageBuilder" in str(each)]
    arn = ["arn:", {"Ref": "AWS::Partition"}, f":appstream:us-east-1:{ACCOUNT}:image-builder/nb-1"]
    assert {
        "Action": ["appstream:StartImageBuilder", "appstream:StopImageBuilder"],
        "Effect": "Allow",
        "Resource": {"Fn::Join": ["", arn]},
    } == on_builder


def test_a_warning_lists_what_vpc_and_tracing_need_too() -> None:
    """CDK's own Function would allow tracing silently, to a role that takes nothing."""
    stack = known_stack()
    vpc = imported_vpc(stack)
    use(stack, FIXED["imported as it is"](stack), vpc=vpc, tracing=lambda_.Tracing.ACTIVE)
    needed = actions(listed_in(warnings(stack, SAID)))
    assert {"ec2:CreateNetworkInterface", "xray:PutTraceSegments", "xray:PutTelemetryRecords"} <= needed


def test_the_warnings_can_be_acknowledged_with_one_id() -> None:
    """Whoever has added the statements silences the warnings, whatever they list."""
    stack = known_stack()
    provider = use(stack, FIXED["imported as it is"](stack))
    Annotations.of(provider).acknowledge_warning(WARNING, "the statements are in it")
    assert [] == warnings(stack, SAID)


@pytest.mark.parametrize("kind", ["of the app", "imported"])
def test_a_role_of_another_stack_adds_no_dependency_circle(kind: str) -> None:
    """What names the provider's stack is in a policy of that stack, and the function waits for it."""
    app = App()
    roles, stack = Stack(app, "Roles"), Stack(app, "Stack")
    use(stack, MUTABLE[kind](roles))
    found = template(stack)

    assert ["Roles"] == [each.stack_name for each in stack.dependencies]
    assert [] == list(roles.dependencies)
    here = actions(statements(found))
    assert {"logs:PutLogEvents", "cloudformation:DescribeStackResource", "appstream:StartImageBuilder"} <= here
    (writing,) = [key for key, each in of_type(found, "AWS::IAM::Policy").items() if "logs:PutLogEvents" in str(each)]
    assert writing in only(found, "AWS::Lambda::Function")["DependsOn"]
