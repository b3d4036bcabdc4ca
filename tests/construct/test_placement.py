"""Where the construct can stand: partitions, stages, nested stacks, tokens as names, boundaries, synthesizers."""

from typing import Any

import pytest
from aws_cdk import (
    App,
    BootstraplessSynthesizer,
    CfnParameter,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    IStackSynthesizer,
    LegacyStackSynthesizer,
    NestedStack,
    PermissionsBoundary,
    Stack,
    Stage,
)

from synth.stacks import FUNCTION, TYPE, any_builder, any_stack, known_stack, of_type, only, statements, template


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


def test_a_permissions_boundary_of_the_stack_reaches_the_role() -> None:
    """Where an organization demands a boundary, the role has it."""
    boundary = PermissionsBoundary.from_name("developers")
    stack = Stack(App(), "Stack", permissions_boundary=boundary)
    any_builder(stack)
    assert "policy/developers" in str(only(template(stack), "AWS::IAM::Role")["Properties"]["PermissionsBoundary"])


def test_two_stacks_of_an_app_have_a_function_each() -> None:
    """Stacks stay independent of each other: each can be deployed and destroyed alone."""
    app = App()
    stacks = [Stack(app, "One"), Stack(app, "Two")]
    for stack in stacks:
        any_builder(stack)
    assert [1, 1] == [len(of_type(template(stack), "AWS::Lambda::Function")) for stack in stacks]


@pytest.mark.parametrize(
    "region", ["eu-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"]
)
def test_arns_are_in_the_stacks_own_partition(region: str) -> None:
    """No ARN names a partition: it comes from the stack's, in a Region that is known as well."""
    stack = known_stack(region)
    any_builder(stack)

    (start,) = [each for each in statements(template(stack)) if each["Action"] == "appstream:StartImageBuilder"]

    assert {
        "Fn::Join": [
            "",
            ["arn:", {"Ref": "AWS::Partition"}, f":appstream:{region}:123456789012:image-builder/nb-1"],
        ]
    } == start["Resource"]


@pytest.mark.parametrize(
    "synthesizer",
    [DefaultStackSynthesizer(qualifier="other"), CliCredentialsStackSynthesizer(), LegacyStackSynthesizer()],
    ids=lambda synthesizer: type(synthesizer).__name__,
)
def test_every_synthesizer_that_takes_assets_works(synthesizer: IStackSynthesizer) -> None:
    """The function's code is found by whatever publishes it."""
    stack = Stack(App(), "Stack", synthesizer=synthesizer)
    any_builder(stack)

    found = template(stack)

    assert len(of_type(found, TYPE)) == 1
    code = only(found, FUNCTION)["Properties"]["Code"]
    assert {"S3Bucket", "S3Key"} == code.keys()
    # An app that stayed with the old bootstrap gets the code's place from parameters.
    assert isinstance(synthesizer, LegacyStackSynthesizer) == (
        code["S3Bucket"].get("Ref") in found.get("Parameters", {})
    )


def test_a_bootstrapless_stack_is_refused_by_cdk() -> None:
    """A function's code is an asset, and CDK's bootstrapless synthesizer takes none: it says so itself."""
    stack: Any = Stack(App(), "Stack", synthesizer=BootstraplessSynthesizer())

    with pytest.raises(RuntimeError, match="Cannot add assets to a Stack that uses the BootstraplessSynthesizer"):
        any_builder(stack)
