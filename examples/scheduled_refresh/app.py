"""A builder that runs every working morning: a schedule updates the stack, and a changed trigger runs the construct."""

from aws_cdk import App, CfnOutput, CfnParameter, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from cdk_appstream_image_builder import RunningImageBuilder

app = App()
stack = Stack(app, "ScheduledRefresh")

refresh = CfnParameter(stack, "Refresh", default="never", description="Any new value runs the update")
builder = RunningImageBuilder(
    stack,
    "Builder",
    image_builder_name=app.node.try_get_context("imageBuilderName") or "my-builder",
    triggers={"refresh": refresh.value_as_string},
)
CfnOutput(stack, "Address", value=builder.image_builder_eni_private_ip_address)

role = iam.Role(stack, "ScheduleRole", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
role.add_to_policy(iam.PolicyStatement(actions=["cloudformation:UpdateStack"], resources=[stack.stack_id]))

update = {
    "StackName": stack.stack_name,
    "UsePreviousTemplate": True,
    "Capabilities": ["CAPABILITY_NAMED_IAM"],
    "Parameters": [
        {"ParameterKey": refresh.logical_id, "ParameterValue": "<aws.scheduler.scheduled-time>"},
        {"ParameterKey": "BootstrapVersion", "UsePreviousValue": True},
    ],
}
scheduler.CfnSchedule(
    stack,
    "EveryMorning",
    schedule_expression=app.node.try_get_context("schedule") or "cron(0 7 ? * MON-FRI *)",
    schedule_expression_timezone=app.node.try_get_context("timezone") or "Etc/UTC",
    flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
    target=scheduler.CfnSchedule.TargetProperty(
        arn=f"arn:{stack.partition}:scheduler:::aws-sdk:cloudformation:updateStack",
        role_arn=role.role_arn,
        input=stack.to_json_string(update),
    ),
).node.add_dependency(builder)

app.synth()
