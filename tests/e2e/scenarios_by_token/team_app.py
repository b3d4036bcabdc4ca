"""A team's app, which knows nothing of the platform team's but the parameter: two builders, one with the tag."""

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider

app = App()
for stack_id, name in (("Tagged", "team-tagged"), ("Untagged", "team-untagged")):
    stack = Stack(app, stack_id, stack_name=name)
    token = ssm.StringParameter.value_for_string_parameter(stack, "/platform/image-builders/service-token")
    builder = RunningImageBuilder(
        stack,
        "Builder",
        image_builder_name=name,
        provider=RunningImageBuilderProvider.from_service_token(stack, "Platform", token),
        on_delete=OnDelete.STOP,
        stop_after=Duration.minutes(15) if stack_id == "Tagged" else None,
        timeout=Duration.minutes(2),
    )
    CfnOutput(stack, "State", value=builder.image_builder_state)
app.synth()
