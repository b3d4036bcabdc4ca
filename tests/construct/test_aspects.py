"""Aspects over the construct: names from paths, removal policies, tags, permissions boundaries."""

import re
from functools import cache
from typing import Any

import jsii
import pytest
from aws_cdk import App, Aspects, CfnResource, Duration, IAspect, MissingRemovalPolicies, RemovalPolicies, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from synth.stacks import FUNCTION, Json, any_builder, any_stack, of_type, scheduler_roles, template

NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::Policy": "PolicyName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
}


@jsii.implements(IAspect)
class NamedByPath:
    """What cdk-enterprise-iac's AddPermissionBoundary does with its prefixes."""

    def visit(self, node: IConstruct) -> None:
        """Name a resource of IAM by its path."""
        if isinstance(node, CfnResource) and node.cfn_resource_type in NAMES:
            node.add_property_override(NAMES[node.cfn_resource_type], re.sub("[/:]", "-", node.node.path))


@cache
def named(*names: str, **options: Any) -> dict[str, str]:
    """Return the names of what IAM gets for these builders, by logical id."""
    stack = any_stack()
    for number, name in enumerate(names):
        any_builder(stack, f"Builder{number}", image_builder_name=name, **options)
    Aspects.of(stack).add(NamedByPath())
    found = template(stack)["Resources"]
    return {key: each["Properties"][NAMES[each["Type"]]] for key, each in found.items() if each["Type"] in NAMES}


MANY = [f"nb-{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["old"], ["new"]),
        (["a"], ["a", "b"]),
        (["a", "b"], ["a"]),
        (["a", "b"], ["b", "a"]),
        (MANY, MANY[1:]),
        (MANY[1:], MANY),
    ],
    ids=["renamed", "added", "removed", "reordered", "many", "more"],
)
@pytest.mark.parametrize(
    "options",
    [{"on_delete": OnDelete.STOP}, {"stop_after": Duration.hours(8)}],
    ids=lambda options: next(iter(options)),
)
def test_what_is_replaced_gets_another_name(before: list[str], after: list[str], options: Json) -> None:
    """The clean-up of the old would delete the new one of the same name, or CloudFormation could not make it."""
    old, new = named(*before, **options), named(*after, **options)
    made = {name for key, name in new.items() if key not in old}

    assert made, "nothing was replaced, so this shows nothing"
    assert len(new) == len(set(new.values()))
    assert set() == made & set(old.values())


def test_a_role_shared_by_stacks_has_names_of_each() -> None:
    """A path begins with its stack."""
    app = App()
    provider = RunningImageBuilderProvider(Stack(app, "Home"), "Provider")
    stacks = [Stack(app, name) for name in ("Left", "Right")]
    Aspects.of(app).add(NamedByPath())
    for stack in stacks:
        any_builder(stack, provider=provider, on_delete=OnDelete.STOP)
    names = [
        each["Properties"]["PolicyName"]
        for stack in stacks
        for each in of_type(template(stack), "AWS::IAM::Policy").values()
    ]
    assert 4 == len(set(names))


@pytest.mark.parametrize("policies", [RemovalPolicies, MissingRemovalPolicies])
def test_destroying_everything_retains_the_scheduled_stop(policies: Any) -> None:
    """The schedule outlives the stack, and needs its role."""
    stack = any_stack()
    any_builder(stack, "Left", image_builder_name="left", stop_after=Duration.hours(8))
    any_builder(stack, "Stopped", stop_after=Duration.hours(8), on_delete=OnDelete.STOP)
    policies.of(stack).destroy()
    roles = scheduler_roles(template(stack))

    kept = {key[:4]: (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")) for key, each in roles.items()}
    assert ("Retain", "Retain") == kept["Left"]
    assert "Retain" not in kept["Stop"]


def test_tags_of_the_stack_reach_everything_that_can_be_tagged() -> None:
    """The scheduler's role too: it stays behind, so who pays for it should be told."""
    stack = any_stack()
    any_builder(stack, stop_after=Duration.hours(8))
    Tags.of(stack).add("cost-center", "42")
    tagged = {"AWS::IAM::Role": 2, FUNCTION: 1, "AWS::Logs::LogGroup": 1}
    found = [each for kind in tagged for each in of_type(template(stack), kind).values()]
    assert [[{"Key": "cost-center", "Value": "42"}]] * sum(tagged.values()) == [
        each["Properties"]["Tags"] for each in found
    ]


@pytest.mark.parametrize("later", [False, True])
def test_a_permissions_boundary_reaches_both_roles(later: bool) -> None:
    """Applied to the stack before its constructs or after them."""
    stack = any_stack()
    boundary = iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", "arn:aws:iam::123456789012:policy/b")
    if not later:
        iam.PermissionsBoundary.of(stack).apply(boundary)
    any_builder(stack, stop_after=Duration.hours(8))
    if later:
        iam.PermissionsBoundary.of(stack).apply(boundary)
    roles = of_type(template(stack), "AWS::IAM::Role").values()
    assert ["arn:aws:iam::123456789012:policy/b"] * 2 == [each["Properties"]["PermissionsBoundary"] for each in roles]
