"""CDK's Provider framework: one function starts the builder, another is asked every 5 s, the default."""

from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as cr

from appstream_benchmarks.baselines.custom_resources import add_custom_resources


def add(stack: Stack, names: list[str], *, trigger: str | None, function_limit: int | None) -> None:
    """Add the builders to a stack; see `app`."""
    on_event = _function(stack, "OnEvent", "index.on_event", function_limit)
    is_complete = _function(stack, "IsComplete", "index.is_complete", function_limit)
    arns = [stack.format_arn(service="appstream", resource="image-builder", resource_name=each) for each in names]
    on_event.add_to_role_policy(iam.PolicyStatement(actions=["appstream:StartImageBuilder"], resources=arns))
    for function in (on_event, is_complete):
        function.add_to_role_policy(iam.PolicyStatement(actions=["appstream:DescribeImageBuilders"], resources=["*"]))
    provider = cr.Provider(stack, "Provider", on_event_handler=on_event, is_complete_handler=is_complete)
    add_custom_resources(stack, names, service_token=provider.service_token, trigger=trigger)


def _function(stack: Stack, function_id: str, handler: str, limit: int | None) -> lambda_.Function:
    folder = Path(__file__).parent / "provider_framework_function"
    return lambda_.Function(
        stack,
        function_id,
        code=lambda_.Code.from_asset(str(folder), exclude=["__pycache__"]),
        handler=handler,
        runtime=lambda_.Runtime.PYTHON_3_14,
        timeout=Duration.seconds(limit or 60),
    )
