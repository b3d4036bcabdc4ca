"""Where the construct can be deployed: partitions, stacks for any environment, synthesizers."""

from typing import Any

import pytest
from aws_cdk import (
    App,
    BootstraplessSynthesizer,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Environment,
    IStackSynthesizer,
    LegacyStackSynthesizer,
    Stack,
)

from synth.stacks import any_builder, of_type, statements, template

TYPE = "Custom::AppStreamRunningImageBuilder"


@pytest.mark.parametrize(
    "region", ["eu-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"]
)
def test_arns_are_in_the_stacks_own_partition(region: str) -> None:
    """No ARN names a partition: it comes from the stack's, in a Region that is known as well."""
    stack = Stack(App(), "Stack", env=Environment(account="123456789012", region=region))
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
    (function,) = of_type(found, "AWS::Lambda::Function").values()
    assert {"S3Bucket", "S3Key"} == function["Properties"]["Code"].keys()


def test_a_bootstrapless_stack_is_refused_by_cdk() -> None:
    """A function's code is an asset, and CDK's bootstrapless synthesizer takes none: it says so itself."""
    stack: Any = Stack(App(), "Stack", synthesizer=BootstraplessSynthesizer())

    with pytest.raises(RuntimeError, match="Cannot add assets to a Stack that uses the BootstraplessSynthesizer"):
        any_builder(stack)
