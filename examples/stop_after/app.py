"""A builder that cannot be forgotten: it stops by itself after a working day, unless a deploy moves that."""

from aws_cdk import App, CfnOutput, Duration, Stack

from cdk_appstream_image_builder import RunningImageBuilder

app = App()
stack = Stack(app, "StopAfter")

builder = RunningImageBuilder(
    stack,
    "Builder",
    image_builder_name=app.node.try_get_context("imageBuilderName") or "my-builder",
    stop_after=Duration.hours(10),
)
CfnOutput(stack, "Address", value=builder.image_builder_eni_private_ip_address)
CfnOutput(stack, "StopsAt", value=builder.scheduled_stop_time)

app.synth()
