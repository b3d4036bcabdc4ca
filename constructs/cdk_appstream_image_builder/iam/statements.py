"""The function's IAM statements, each with its reason."""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from running_image_builder_function import contract

START = ("appstream:StartImageBuilder",)
"""On exactly the builders that the function serves."""

STOP = ("appstream:StopImageBuilder",)
"""On exactly the builders that an option allows to be stopped."""

DESCRIBE_STACK = (
    "cloudformation:DescribeStackResource",
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
)
"""On exactly the stacks of the builders' resources."""

SCHEDULE = (
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:GetSchedule",
    "scheduler:UpdateSchedule",
)
"""On exactly the schedules of builders with ``stop_after``."""

WILDCARD_REASON = (
    "IAM knows no resource for appstream:DescribeImageBuilders, none that exists yet for a VPC's network interfaces, "
    "and none for X-Ray"
)
"""Why some statements have the resource "*", for cdk-nag."""

PATTERN_REASON = (
    "builders_by_tag: the builders of other apps, their stacks, schedules and scheduler's roles are not known here; "
    "a tag narrows the builders, a prefix the schedules, a path the roles"
)
"""Why a provider with ``builders_by_tag`` has patterns as resources, for cdk-nag."""

SHARED_SCHEDULES_PREFIX = "running-image-builder-"
"""The prefix of the names of schedules for builders that the provider's own app does not know."""

SHARED_ROLES_PATH = "/running-image-builder/"
"""The path of the roles of these schedules: IAM cannot limit iam:PassRole to roles by anything else."""


def describe_image_builders() -> iam.PolicyStatement:
    """Describe a builder. IAM knows no resource for DescribeImageBuilders, so its resource can only be "*"."""
    return iam.PolicyStatement(
        sid="DescribeImageBuilders", actions=["appstream:DescribeImageBuilders"], resources=["*"]
    )


def write_log(log_group_arn: str) -> iam.PolicyStatement:
    """Write to the function's own log group, which the template creates."""
    return iam.PolicyStatement(
        sid="WriteLog", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group_arn]
    )


def invoke_self(function_arn: str) -> iam.PolicyStatement:
    """Self-invocation, for waits longer than one invocation may take."""
    return iam.PolicyStatement(sid="HandOver", actions=["lambda:InvokeFunction"], resources=[function_arn])


def describe_stack(stack_id: str) -> iam.PolicyStatement:
    """Find out whether CloudFormation still waits, rolls back, or has another resource of the builder."""
    return iam.PolicyStatement(sid="LookAtStack", actions=list(DESCRIBE_STACK), resources=[stack_id])


def attach_to_vpc() -> iam.PolicyStatement:
    """Let Lambda run the function in a VPC. IAM cannot narrow these to network interfaces that do not exist yet."""
    return iam.PolicyStatement(
        sid="AttachToVpc",
        actions=[
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ],
        resources=["*"],
    )


def send_traces() -> iam.PolicyStatement:
    """Send traces to X-Ray, which has no resources. CDK's Function allows it too, but does not warn if it cannot."""
    return iam.PolicyStatement(
        sid="SendTraces", actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"]
    )


def stop(image_builder_arn: str) -> iam.PolicyStatement:
    """Stop one builder; for the role of a scheduled stop, not for the function's."""
    return iam.PolicyStatement(sid="Stop", actions=list(STOP), resources=[image_builder_arn])


def schedule_stops(schedule_arns: Sequence[str], role_arns: Sequence[str]) -> list[iam.PolicyStatement]:
    """Create, change and delete schedules, and pass their roles to EventBridge Scheduler."""
    return [
        iam.PolicyStatement(sid="ScheduleStop", actions=list(SCHEDULE), resources=list(schedule_arns)),
        pass_scheduler_roles(*role_arns),
    ]


def pass_scheduler_roles(*role_arns: str) -> iam.PolicyStatement:
    """Pass roles to EventBridge Scheduler, and to no other service."""
    return iam.PolicyStatement(
        sid="PassSchedulerRole",
        actions=["iam:PassRole"],
        resources=list(role_arns),
        conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    )


def by_tag(stack: Stack, tags: Mapping[str, str]) -> list[iam.PolicyStatement]:
    """Serve every builder of the account and Region that has all these tags, whichever stack has its resource.

    Stacks, schedules and roles of builders that are unknown at synth need patterns.
    """
    schedules = f"{contract.SCHEDULE_GROUP}/{SHARED_SCHEDULES_PREFIX}*"
    return [
        iam.PolicyStatement(
            sid="StartAndStopByTag",
            actions=[*START, *STOP],
            resources=[stack.format_arn(service="appstream", resource="image-builder", resource_name="*")],
            conditions={"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}},
        ),
        describe_stack(stack.format_arn(service="cloudformation", resource="stack", resource_name="*")),
        iam.PolicyStatement(
            sid="ScheduleStops",
            actions=list(SCHEDULE),
            resources=[stack.format_arn(service="scheduler", resource="schedule", resource_name=schedules)],
        ),
        pass_scheduler_roles(
            stack.format_arn(
                service="iam", region="", resource=f"role{SHARED_ROLES_PATH}*", arn_format=ArnFormat.NO_RESOURCE_NAME
            )
        ),
    ]
