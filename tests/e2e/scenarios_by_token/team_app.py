"""A team's app, which knows nothing of the platform team's but the parameter: builders with the tag and without."""

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider

app = App()
for stack_id, name in (("Tagged", "team-tagged"), ("Untagged", "team-untagged"), ("ByName", "team-by-name")):
    stack = Stack(app, stack_id, stack_name=name)
    token = ssm.StringParameter.value_for_string_parameter(stack, "/platform/image-builders/service-token")
    role: iam.IRole | None = None
    if stack_id == "ByName":
        arn = ssm.StringParameter.value_for_string_parameter(stack, "/platform/image-builders/role")
        role = iam.Role.from_role_arn(stack, "Role", arn)
    builder = RunningImageBuilder(
        stack,
        "Builder",
        image_builder_name=name,
        provider=RunningImageBuilderProvider.from_service_token(stack, "Platform", token, role=role),
        on_delete=OnDelete.STOP,
        stop_after=Duration.minutes(15) if stack_id == "Tagged" else None,
        timeout=Duration.minutes(2),
    )
    CfnOutput(stack, "State", value=builder.image_builder_state)
app.synth()
