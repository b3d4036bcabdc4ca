"""Several image builders of one stack: one function starts them side by side, and the deploy returns when all run."""

from aws_cdk import App, CfnOutput, Stack

from cdk_appstream_image_builder import RunningImageBuilder

app = App()
stack = Stack(app, "SeveralBuilders")

names = app.node.try_get_context("imageBuilderNames") or "office,design,engineering"
for name in names.split(","):
    builder = RunningImageBuilder(stack, f"Builder-{name}", image_builder_name=name)
    CfnOutput(stack, f"Address-{name}", value=builder.image_builder_eni_private_ip_address)

app.synth()
