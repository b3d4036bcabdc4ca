"""This project's construct, with every default."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_

from cdk_appstream_image_builder import RunningImageBuilder


def add(stack: Stack, names: list[str], *, trigger: str | None, function_limit: int | None) -> None:
    """Add the builders to a stack; see `app`."""
    builders = [
        RunningImageBuilder(
            stack,
            f"Builder{number}",
            image_builder_name=name,
            triggers=None if trigger is None else {"trigger": trigger},
        )
        for number, name in enumerate(names)
    ]
    CfnOutput(stack, "State", value=builders[0].image_builder_state)
    if function_limit is not None:
        function = builders[0].provider.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.timeout = function_limit


def add_stopping(stack: Stack, names: list[str]) -> None:
    """Add builders that stop by themselves, which no baseline can."""
    for number, name in enumerate(names):
        RunningImageBuilder(stack, f"Builder{number}", image_builder_name=name, stop_after=Duration.hours(8))
