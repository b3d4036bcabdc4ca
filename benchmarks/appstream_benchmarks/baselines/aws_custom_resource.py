"""`AwsCustomResource`: one API call, startImageBuilder; it doesn't wait, and its state is what that call returns."""

from aws_cdk import CfnOutput, CfnResource, Stack
from aws_cdk import custom_resources as cr


def add(stack: Stack, names: list[str], *, trigger: str | None, function_limit: int | None) -> None:
    """Add the builders to a stack; see `app`."""
    del function_limit  # its one call is over within a second
    resources = []
    for number, name in enumerate(names):
        start = cr.AwsSdkCall(
            service="AppStream",
            action="startImageBuilder",
            parameters={"Name": name},
            physical_resource_id=cr.PhysicalResourceId.of(name),
        )
        resource = cr.AwsCustomResource(
            stack,
            f"Builder{number}",
            on_create=start,
            on_update=start,
            policy=cr.AwsCustomResourcePolicy.from_sdk_calls(resources=cr.AwsCustomResourcePolicy.ANY_RESOURCE),
            install_latest_aws_sdk=False,
        )
        if trigger is not None:
            made = resource.node.find_child("Resource").node.default_child
            assert isinstance(made, CfnResource)
            made.add_property_override("Trigger", trigger)
        resources.append(resource)
    CfnOutput(stack, "State", value=resources[0].get_response_field("ImageBuilder.State"))
