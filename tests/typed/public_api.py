"""The public API as a user types it: checked by mypy --strict, never run."""

from aws_cdk import CfnOutput, Duration, NestedStack, Stack, Stage
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IDependable

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider


def with_a_name(stack: Stack) -> RunningImageBuilder:
    """A name is enough."""
    return RunningImageBuilder(stack, "Builder", image_builder_name="nb-1")


def with_every_option(scope: Construct, version: str | None, timeout: Duration | None) -> RunningImageBuilder:
    """Options are given by name, and None stands for the default wherever there is one."""
    return RunningImageBuilder(
        scope,
        "Builder",
        image_builder_name="nb-1",
        appstream_agent_version=version,
        restart_to_update_agent=True,
        timeout=timeout,
        on_delete=OnDelete.STOP,
    )


def attributes(stack: Stack, builder: RunningImageBuilder) -> list[str]:
    """Attributes are texts that can be used wherever CDK takes one."""
    CfnOutput(stack, "Address", value=builder.image_builder_eni_private_ip_address)
    return [
        builder.image_builder_name,
        builder.image_builder_arn,
        builder.image_builder_state,
        builder.image_builder_eni_private_ip_address,
        builder.image_builder_eni_id,
    ]


def dependencies(before: Construct, builder: RunningImageBuilder, after: Construct) -> IDependable:
    """A builder is a construct like any other."""
    builder.node.add_dependency(before)
    after.node.add_dependency(builder)
    return builder


def provider(scope: Construct) -> tuple[lambda_.Function, iam.Role, logs.LogGroup]:
    """The provider's parts have the types of CDK's own constructs, not of their interfaces."""
    found: RunningImageBuilderProvider = RunningImageBuilderProvider.of_stack(scope)
    return found.function, found.role, found.log_group


def places(stage: Stage, stack: Stack) -> list[RunningImageBuilder]:
    """A builder can stand in any stack."""
    return [with_a_name(Stack(stage, "Stack")), with_a_name(NestedStack(stack, "Nested"))]


def mistakes(stack: Stack) -> None:
    """What a type checker stops; were one of these accepted, the unused ignore would be reported."""
    RunningImageBuilder(stack, "NoName")  # type: ignore[call-arg]
    RunningImageBuilder(stack, "Position", "nb-1")  # type: ignore[call-arg]
    RunningImageBuilder(stack, "Number", image_builder_name="nb-1", timeout=30)  # type: ignore[arg-type]
    RunningImageBuilder(stack, "Word", image_builder_name="nb-1", on_delete="STOP")  # type: ignore[arg-type]
    with_a_name(stack).image_builder_arn = "arn"  # type: ignore[misc]
