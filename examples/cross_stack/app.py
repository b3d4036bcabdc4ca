"""One stack starts the builder, another one uses its address: CDK passes the value and orders the two deploys."""

from aws_cdk import App, Stack
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import RunningImageBuilder

app = App()

owner = Stack(app, "BuilderStack")
name = app.node.try_get_context("imageBuilderName") or "my-builder"
builder = RunningImageBuilder(owner, "Builder", image_builder_name=name)

user = Stack(app, "AddressStack")
parameter = ssm.StringParameter(
    user,
    "Address",
    parameter_name=f"/image-builders/{name}/address",
    string_value=builder.image_builder_eni_private_ip_address,
)

app.synth()
