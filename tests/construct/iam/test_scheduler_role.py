"""A role given to the scheduler: it gets its right to stop, or whoever synthesizes is told what it lacks."""

import json
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder import OnDelete
from synth.stacks import (
    POLICY,
    TYPE,
    Json,
    any_builder,
    any_stack,
    known_stack,
    of_type,
    only,
    scheduler_roles,
    template,
    warnings,
)

ARN = "arn:aws:iam::123456789012:role/stopper"
EIGHT = Duration.hours(8)


def any_role(stack: Stack) -> iam.Role:
    """Return a role that the app makes for the scheduler."""
    return iam.Role(stack, "Stopper", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))


def stopping(found: Json) -> dict[str, Json]:
    """Return the policies that stop a builder for the scheduler."""
    return {key: each for key, each in of_type(found, POLICY).items() if "SchedulerPolicy" in key}


def used(stack: Stack, role: iam.IRole, **options: Any) -> Json:
    """Return the template of a stack with a builder whose scheduler has this role."""
    any_builder(stack, stop_after=EIGHT, scheduler_role=role, **options)
    return template(stack)


def test_it_is_used_and_no_other_is_made() -> None:
    """The resource names it, and the function may pass that role."""
    found = used(stack := any_stack(), role := any_role(stack), on_delete=OnDelete.STOP)
    assert {} == scheduler_roles(found)
    assert stack.resolve(role.role_arn) == only(found, TYPE)["Properties"]["SchedulerRoleArn"]
    (passing,) = [
        each
        for each in only(found, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]["Statement"]
        if each["Action"] == "iam:PassRole"
    ]
    assert stack.resolve(role.role_arn) == passing["Resource"]
    assert [] == warnings(stack, "role")


def test_it_gets_the_right_to_stop_before_the_resource_is_made() -> None:
    """On that builder only."""
    found = used(stack := any_stack(), any_role(stack), on_delete=OnDelete.STOP)
    ((policy_id, policy),) = stopping(found).items()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert "appstream:StopImageBuilder" == statement["Action"]
    assert ":image-builder/nb-1" in json.dumps(statement["Resource"])
    assert policy_id in only(found, TYPE)["DependsOn"]


@pytest.mark.parametrize("kind", ["imported", "of another stack"])
def test_the_right_stays_where_the_builder_may_be_left_running(kind: str) -> None:
    """The role outlives the stack, and so does what its schedule needs; another builder's right is another policy."""
    names: list[set[str]] = []
    for name in ("nb-1", "nb-2"):
        stack = Stack(app := App(), "Stack")
        home = stack if kind == "imported" else Stack(app, "Home")
        role = iam.Role.from_role_arn(stack, "Stopper", ARN) if kind == "imported" else any_role(home)
        policies = stopping(used(stack, role, image_builder_name=name))
        assert ["Retain"] == [each["DeletionPolicy"] for each in policies.values()]
        assert "AWS::StackId" in json.dumps([each["Properties"]["PolicyName"] for each in policies.values()])
        assert [] == warnings(stack, "role")
        names.append(set(policies))
    assert set() == names[0] & names[1]


def test_a_role_of_the_same_stack_causes_a_warning() -> None:
    """It is deleted with the stack, before the schedule comes."""
    stack = any_stack()
    policies = stopping(used(stack, any_role(stack)))
    assert [None] == [each.get("DeletionPolicy") for each in policies.values()]
    (warning,) = warnings(stack, "role")
    assert warning.startswith("the given scheduler_role is deleted with this stack")


@pytest.mark.parametrize("kind", ["as it is", "of another account", "frozen"])
def test_a_fixed_role_causes_a_warning_with_the_statement(kind: str) -> None:
    """And no policy is made that would not be attached."""
    stack = any_stack() if kind != "of another account" else known_stack()
    role: iam.IRole = {
        "as it is": lambda: iam.Role.from_role_arn(stack, "Stopper", ARN, mutable=False),
        "of another account": lambda: iam.Role.from_role_arn(stack, "Stopper", ARN.replace("1234", "9999")),
        "frozen": lambda: any_role(stack).without_policy_updates(),
    }[kind]()
    assert {} == stopping(used(stack, role))
    (warning,) = warnings(stack, "role")
    assert warning.startswith("the given scheduler_role cannot be changed: add these statements to it: [{")
    assert "appstream:StopImageBuilder" in warning


def test_it_means_nothing_without_stop_after() -> None:
    """Then nothing is scheduled."""
    stack = any_stack()
    with pytest.raises(ValueError, match=r"^scheduler_role is given without stop_after: specify stop_after as well$"):
        any_builder(stack, scheduler_role=any_role(stack))
