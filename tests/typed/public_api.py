"""The public API as a user types it: checked by mypy and pyright, both strict, never run."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration, NestedStack, Stack, Stage
from aws_cdk import aws_appstream as appstream
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct, IDependable

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider


def with_a_name(stack: Stack) -> RunningImageBuilder:
    """A name is enough."""
    return RunningImageBuilder(stack, "Builder", image_builder_name="nb-1")


def with_a_native_builder(stack: Stack, native: appstream.CfnImageBuilder) -> RunningImageBuilder:
    """CDK's own image builder can be given as it is."""
    return RunningImageBuilder(stack, "Builder", image_builder=native)


def with_every_option(
    scope: Construct,
    version: str | None,
    time: Duration | None,
    triggers: Mapping[str, str] | None,
    role: iam.IRole | None,
) -> RunningImageBuilder:
    """Options are given by name, and None stands for the default wherever there is one."""
    return RunningImageBuilder(
        scope,
        "Builder",
        image_builder_name="nb-1",
        appstream_agent_version=version,
        restart_to_update_agent=True,
        timeout=time,
        poll_interval=time,
        on_delete=OnDelete.STOP,
        stop_after=time,
        scheduler_role=role,
        triggers=triggers,
        start_on_every_deploy=True,
        provider=RunningImageBuilderProvider.of_stack(scope),
    )


def attributes(stack: Stack, builder: RunningImageBuilder) -> list[str]:
    """Attributes are texts that can be used wherever CDK takes one."""
    CfnOutput(stack, "Address", value=builder.image_builder_eni_private_ip_address)
    return [
        builder.image_builder_name,
        builder.image_builder_arn,
        builder.image_builder_state,
        builder.image_builder_eni_private_ip_address,
        builder.image_builder_eni_id,
    ]


def dependencies(before: Construct, builder: RunningImageBuilder, after: Construct) -> IDependable:
    """A builder is a construct like any other."""
    builder.node.add_dependency(before)
    after.node.add_dependency(builder)
    return builder


def grants(builder: RunningImageBuilder, grantee: iam.IGrantable) -> list[iam.Grant]:
    """Grants are CDK's own."""
    return [
        builder.grant(grantee, "appstream:StartImageBuilder", "appstream:TagResource"),
        builder.grant_stop(grantee),
        builder.grant_describe(grantee),
        builder.grant_create_streaming_url(grantee),
    ]


def provider(stack: Stack, vpc: ec2.Vpc, key: kms.IKey, role: iam.IRole) -> RunningImageBuilderProvider:
    """A provider takes what CDK's Function takes, by the same names and types.

    Role and key are typed as interfaces here: pyright takes neither Role for IRole nor Key for IKey anywhere in CDK,
    since the parameters of some of their methods go by other names there. mypy takes both.
    """
    return RunningImageBuilderProvider(
        stack,
        "Provider",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        ipv6_allowed_for_dual_stack=True,
        security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
        role=role,
        log_retention=logs.RetentionDays.ONE_WEEK,
        memory_size=512,
        architecture=lambda_.Architecture.X86_64,
        runtime=lambda_.Runtime.PYTHON_3_13,
        logging_format=lambda_.LoggingFormat.TEXT,
        environment_encryption=key,
        tracing=lambda_.Tracing.ACTIVE,
        description="Starts our builders",
        builders_by_tag={"team": "cad"},
    )


def of_another_app(stack: Stack, role: iam.IRole) -> RunningImageBuilder:
    """A provider of another app is given like any other; its token comes from wherever a text can come from."""
    token: str = ssm.StringParameter.value_for_string_parameter(stack, "/platform/token")
    shared: RunningImageBuilderProvider = RunningImageBuilderProvider.from_service_token(stack, "Platform", token)
    RunningImageBuilderProvider.from_service_token(stack, "ByName", shared.service_token, role=role)
    return RunningImageBuilder(stack, "Builder", image_builder_name="nb-1", provider=shared)


def exported(shared: RunningImageBuilderProvider) -> ssm.StringParameter:
    """The parameter is CDK's own."""
    return shared.export_service_token("/platform/token")


def connected(
    shared: RunningImageBuilderProvider, endpoint: ec2.InterfaceVpcEndpoint, bucket: s3.Bucket
) -> ec2.Connections:
    """A provider is a peer for rules and a grantee, as a function is."""
    endpoint.connections.allow_default_port_from(shared)
    bucket.grant_read(shared)
    return shared.connections


def parts(found: RunningImageBuilderProvider) -> tuple[lambda_.Function, iam.IRole, logs.ILogGroup, iam.IPrincipal]:
    """The function is made here; role and log group may be the user's, so they are CDK's interfaces."""
    return found.function, found.role, found.log_group, found.grant_principal


def places(stage: Stage, stack: Stack) -> list[RunningImageBuilder]:
    """A builder can stand in any stack."""
    return [with_a_name(Stack(stage, "Stack")), with_a_name(NestedStack(stack, "Nested"))]


def mistakes(stack: Stack) -> None:
    """What a type checker stops; were one of these accepted, the unused ignore would be reported."""
    RunningImageBuilder(stack, "NoBuilder", image_builder="nb-1")  # type: ignore[arg-type]
    RunningImageBuilder(stack, "Position", "nb-1")  # type: ignore[call-arg]
    RunningImageBuilder(stack, "Number", image_builder_name="nb-1", timeout=30)  # type: ignore[arg-type]
    RunningImageBuilder(stack, "Word", image_builder_name="nb-1", on_delete="STOP")  # type: ignore[arg-type]
    with_a_name(stack).image_builder_arn = "arn"  # type: ignore[misc]


def health(builder: RunningImageBuilder) -> list[cloudwatch.IAlarm]:
    """Metrics and alarms are CDK's own."""
    failed: cloudwatch.Metric = builder.provider.metric_failed_starts(
        image_builder_name="nb-1", period=Duration.hours(1), label="Failed"
    )
    succeeded: cloudwatch.Metric = builder.provider.metric_succeeded_starts()
    lasted: cloudwatch.Metric = builder.provider.metric_start_duration(statistic="p90")
    handed_over: cloudwatch.Metric = builder.provider.metric_self_invocations()
    cloudwatch.GraphWidget(left=[failed, succeeded, handed_over], right=[lasted])
    return [builder.add_running_past_alarm(Duration.hours(10)), builder.provider.add_failed_starts_alarm()]
