"""Where the construct can stand: partitions, stages, nested stacks, tokens as names, tags, boundaries, synthesizers."""

import pytest
from aws_cdk import (
    App,
    CfnParameter,
    Environment,
    IStackSynthesizer,
    LegacyStackSynthesizer,
    NestedStack,
    PermissionsBoundary,
    Stack,
    Stage,
    Tags,
)
from aws_cdk import aws_iam as iam

from synth.stacks import any_builder, any_stack, of_type, only, statements, template

TYPE = "Custom::AppStreamRunningImageBuilder"


def test_a_parameter_can_be_the_name() -> None:
    """A CfnParameter's value reaches the function and the builder's ARN as a reference."""
    stack = any_stack()
    name = CfnParameter(stack, "NameOfBuilder").value_as_string
    any_builder(stack, image_builder_name=name)
    found = template(stack)
    assert {"Ref": "NameOfBuilder"} == only(found, TYPE)["Properties"]["Name"]
    (start,) = [each for each in statements(found) if each["Action"] == "appstream:StartImageBuilder"]
    assert [":image-builder/", {"Ref": "NameOfBuilder"}] == start["Resource"]["Fn::Join"][1][-2:]


def test_another_stacks_value_can_be_the_name() -> None:
    """A name made by another stack of the app is imported."""
    app = App()
    exporting, stack = Stack(app, "Exporting"), Stack(app, "Stack")
    any_builder(stack, image_builder_name=any_builder(exporting).image_builder_name)
    (way,) = only(template(stack), TYPE)["Properties"]["Name"]
    assert way in ("Fn::ImportValue", "Fn::GetStackOutput")


def test_the_arn_names_no_environment_it_does_not_know() -> None:
    """A stack for any environment takes partition, Region and account from CloudFormation."""
    stack = any_stack()
    any_builder(stack)
    (start,) = [each for each in statements(template(stack)) if each["Action"] == "appstream:StartImageBuilder"]
    references = [part["Ref"] for part in start["Resource"]["Fn::Join"][1] if isinstance(part, dict)]
    assert ["AWS::Partition", "AWS::Region", "AWS::AccountId"] == references


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1"])
def test_the_partition_always_comes_from_cloudformation(region: str) -> None:
    """With account and Region given, only the partition is left open: the ARN is right in each of them."""
    stack = Stack(App(), "Stack", env=Environment(account="123456789012", region=region))
    any_builder(stack)
    (start,) = [each for each in statements(template(stack)) if each["Action"] == "appstream:StartImageBuilder"]
    assert {
        "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":appstream:{region}:123456789012:image-builder/nb-1"]]
    } == start["Resource"]


def test_a_nested_stack_has_a_function_of_its_own() -> None:
    """A nested stack is a stack: its builder's function, and the stack that this may look at, are its own."""
    stack = any_stack()
    nested = NestedStack(stack, "Nested")
    any_builder(stack), any_builder(nested)
    found = template(nested)
    assert 6 == len(found["Resources"])
    (look,) = [each for each in statements(found) if "cloudformation:DescribeStackResource" in each["Action"]]
    assert {"Ref": "AWS::StackId"} == look["Resource"]


def test_a_stage_holds_a_stack_like_any_other() -> None:
    """In a pipeline's stage the stack synthesizes the same resources."""
    stack = Stack(Stage(App(), "Production"), "Stack")
    any_builder(stack)
    outside = any_stack()
    any_builder(outside)
    assert template(outside)["Resources"] == template(stack)["Resources"]


def test_tags_of_the_stack_reach_everything_that_can_be_tagged() -> None:
    """Function, role and log group carry the tags of the stack."""
    stack = any_stack()
    any_builder(stack)
    Tags.of(stack).add("cost-centre", "42")
    found = template(stack)
    for resource_type in ("AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"):
        assert [{"Key": "cost-centre", "Value": "42"}] == only(found, resource_type)["Properties"]["Tags"]


def test_a_permissions_boundary_of_the_stack_reaches_the_role() -> None:
    """Where an organization demands a boundary, the role has it."""
    boundary = PermissionsBoundary.from_name("developers")
    stack = Stack(App(), "Stack", permissions_boundary=boundary)
    any_builder(stack)
    assert "policy/developers" in str(only(template(stack), "AWS::IAM::Role")["Properties"]["PermissionsBoundary"])


def test_a_permissions_boundary_applied_later_reaches_the_role() -> None:
    """The aspect that applies a boundary to what is made already finds the role."""
    stack = any_stack()
    any_builder(stack)
    iam.PermissionsBoundary.of(stack).apply(
        iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", "arn:aws:iam::123456789012:policy/boundary")
    )
    role = only(template(stack), "AWS::IAM::Role")["Properties"]
    assert "arn:aws:iam::123456789012:policy/boundary" == role["PermissionsBoundary"]


def test_the_legacy_synthesizer_works() -> None:
    """An app that stayed with the old bootstrap gets the code's place from parameters."""
    synthesizer: IStackSynthesizer = LegacyStackSynthesizer()
    stack = Stack(App(), "Stack", synthesizer=synthesizer)
    any_builder(stack)
    found = template(stack)
    code = only(found, "AWS::Lambda::Function")["Properties"]["Code"]
    assert code["S3Bucket"]["Ref"] in found["Parameters"]


def test_two_stacks_of_an_app_have_a_function_each() -> None:
    """Stacks stay independent of each other: each can be deployed and destroyed alone."""
    app = App()
    stacks = [Stack(app, "One"), Stack(app, "Two")]
    for stack in stacks:
        any_builder(stack)
    assert [1, 1] == [len(of_type(template(stack), "AWS::Lambda::Function")) for stack in stacks]
