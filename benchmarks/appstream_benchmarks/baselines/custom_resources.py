"""The part that plain crhelper and the Provider framework share: one custom resource for each builder."""

from aws_cdk import CfnOutput, CustomResource, Stack


def add_custom_resources(stack: Stack, names: list[str], *, service_token: str, trigger: str | None) -> None:
    """Add a custom resource for each builder, and the first builder's state as an output."""
    resources = [
        CustomResource(
            stack,
            f"Builder{number}",
            resource_type="Custom::StartedImageBuilder",
            service_token=service_token,
            properties={"ImageBuilderName": name} | ({} if trigger is None else {"Trigger": trigger}),
        )
        for number, name in enumerate(names)
    ]
    CfnOutput(stack, "State", value=resources[0].get_att_string("State"))
