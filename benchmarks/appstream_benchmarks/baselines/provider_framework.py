"""CDK's Provider framework: a function for the event and one that tells whether it is done, every 5 s by default."""

from pathlib import Path

from aws_cdk import CfnOutput, CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as cr


def add(stack: Stack, names: list[str], *, trigger: str | None, function_limit: int | None) -> None:
    """Add the builders to a stack; see `app`."""
    on_event = _function(stack, "OnEvent", "index.on_event", function_limit)
    is_complete = _function(stack, "IsComplete", "index.is_complete", function_limit)
    arns = [stack.format_arn(service="appstream", resource="image-builder", resource_name=each) for each in names]
    on_event.add_to_role_policy(iam.PolicyStatement(actions=["appstream:StartImageBuilder"], resources=arns))
    for function in (on_event, is_complete):
        function.add_to_role_policy(iam.PolicyStatement(actions=["appstream:DescribeImageBuilders"], resources=["*"]))
    provider = cr.Provider(stack, "Provider", on_event_handler=on_event, is_complete_handler=is_complete)
    resources = []
    for number, name in enumerate(names):
        properties = {"ImageBuilderName": name} | ({} if trigger is None else {"Trigger": trigger})
        resources.append(
            CustomResource(
                stack,
                f"Builder{number}",
                resource_type="Custom::StartedImageBuilder",
                service_token=provider.service_token,
                properties=properties,
            )
        )
    CfnOutput(stack, "State", value=resources[0].get_att_string("State"))


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
