"""An app that uses every option of the construct and of its provider, every attribute and grant; and the smallest."""

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_appstream as appstream
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider

app = App()
RunningImageBuilder(Stack(app, "Smallest"), "Builder", image_builder_name="nb-1")
stack = Stack(app, "Stack")
vpc = ec2.Vpc(stack, "Vpc")
lambda_service = iam.ServicePrincipal("lambda.amazonaws.com")
provider = RunningImageBuilderProvider(
    stack,
    "Provider",
    vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    security_groups=[ec2.SecurityGroup(stack, "SecurityGroup", vpc=vpc)],
    ipv6_allowed_for_dual_stack=True,
    role=iam.Role(stack, "FunctionRole", assumed_by=lambda_service),
    log_retention=logs.RetentionDays.ONE_WEEK,
    memory_size=512,
    architecture=lambda_.Architecture.X86_64,
    runtime=lambda_.Runtime.PYTHON_3_13,
    logging_format=lambda_.LoggingFormat.TEXT,
    environment_encryption=kms.Key(stack, "Key"),
    tracing=lambda_.Tracing.ACTIVE,
    description="Starts our builders",
    builders_by_tag={"team": "cad"},
)
vpc.add_interface_endpoint(
    "Api", service=ec2.InterfaceVpcEndpointAwsService.LAMBDA_
).connections.allow_default_port_from(provider)
parameter = provider.export_service_token("/platform/token")
native = appstream.CfnImageBuilder(stack, "Native", name="nb-1", instance_type="stream.standard.medium", image_name="i")
builder = RunningImageBuilder(
    stack,
    "Builder",
    image_builder=native,
    appstream_agent_version="LATEST",
    restart_to_update_agent=True,
    timeout=Duration.minutes(45),
    poll_interval=Duration.seconds(5),
    on_delete=OnDelete.STOP,
    stop_after=Duration.hours(8),
    scheduler_role=iam.Role(stack, "Scheduler", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com")),
    triggers={"image": "2026-11"},
    start_on_every_deploy=True,
    provider=provider,
)

for name in dir(type(builder)):
    if name.startswith("image_builder_"):
        CfnOutput(stack, name.replace("_", ""), value=getattr(builder, name))
CfnOutput(stack, "Function", value=provider.function.function_arn)
CfnOutput(stack, "Role", value=provider.role.role_arn)
CfnOutput(stack, "LogGroup", value=provider.log_group.log_group_arn)
person = iam.Role(stack, "Person", assumed_by=iam.AccountRootPrincipal())
builder.grant(person, "appstream:StartImageBuilder")
builder.grant_stop(person)
builder.grant_describe(person)
builder.grant_create_streaming_url(person)

# Another stack that uses the same function, and one whose function has a role that cannot be changed.
RunningImageBuilder(Stack(app, "Second"), "Builder", image_builder_name="nb-2", provider=provider)
third = Stack(app, "Third")
fixed = RunningImageBuilderProvider(
    third,
    "Provider",
    role=iam.Role.from_role_arn(third, "Fixed", "arn:aws:iam::123456789012:role/fixed", mutable=False),
    log_group=logs.LogGroup(third, "Logs"),
)
RunningImageBuilder(third, "Builder", image_builder_name="nb-3", provider=fixed)

# An app that knows no more of a function than its token.
fourth = Stack(app, "Fourth")
token = ssm.StringParameter.value_for_string_parameter(fourth, "/platform/token")
shared = RunningImageBuilderProvider.from_service_token(fourth, "Platform", token)
told = RunningImageBuilder(fourth, "Builder", image_builder_name="nb-4", provider=shared, stop_after=Duration.hours(8))
told.add_running_past_alarm(Duration.hours(10))
app.synth()
