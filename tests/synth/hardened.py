"""The stack of an operator who wants everything: what the standards' checks look at beside the default."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction

from cdk_appstream_image_builder import RunningImageBuilderProvider
from synth.stacks import any_builder, every_option, imported_vpc


def harden(stack: Stack, *, role: iam.IRole | None = None) -> None:
    """Add a builder with every option, alarms, and a provider with every option; log_retention is its log_group's.

    Args:
        stack: The stack to add to.
        role: The provider's role, whose findings are its owner's. Default: the provider makes one.
    """
    key = kms.Key.from_key_arn(
        stack, "Key", "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    )
    vpc = imported_vpc(stack)
    provider = RunningImageBuilderProvider(
        stack,
        "Provider",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnets=vpc.private_subnets),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0000000a")],
        ipv6_allowed_for_dual_stack=True,
        role=role,
        log_group=logs.LogGroup(stack, "Log", encryption_key=key, retention=logs.RetentionDays.ONE_YEAR),
        memory_size=512,
        architecture=lambda_.Architecture.X86_64,
        runtime=lambda_.Runtime.PYTHON_3_14,
        logging_format=lambda_.LoggingFormat.TEXT,
        environment_encryption=key,
        tracing=lambda_.Tracing.ACTIVE,
        description="Starts our builders",
    )
    builder = any_builder(stack, provider=provider, **every_option())
    on_call = SnsAction(sns.Topic.from_topic_arn(stack, "OnCall", "arn:aws:sns:us-east-1:123456789012:on-call"))
    for alarm in (builder.add_running_past_alarm(Duration.hours(10)), provider.add_failed_starts_alarm()):
        alarm.add_alarm_action(on_call)
