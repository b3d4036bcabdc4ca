"""The smallest app."""

from aws_cdk import App, Stack

from cdk_appstream_image_builder import RunningImageBuilder

app = App()
RunningImageBuilder(Stack(app, "Stack"), "Builder", image_builder_name="nb-1")
app.synth()
