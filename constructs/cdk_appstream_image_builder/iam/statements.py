"""The function's IAM statements, each with its reason; makes no roles."""

from collections.abc import Mapping
from typing import Protocol

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from running_image_builder_function import contract

START = ("appstream:StartImageBuilder",)
"""On exactly the builders that the function serves."""

STOP = ("appstream:StopImageBuilder",)
"""On exactly the builders that an option allows to be stopped."""

LOOK = (
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
"""Why some statements have the resource "*"; said to cdk-nag, which acknowledges it."""


PATTERN_REASON = (
    "builders_by_tag: the builders of other apps, their stacks, schedules and scheduler's roles are not known here; "
    "a tag narrows the builders, a prefix the schedules, a path the roles"
)
"""Why a provider whose builders are told by a tag has patterns; said to cdk-nag, which acknowledges them."""

SHARED_SCHEDULES = "running-image-builder-"
"""How the names of schedules begin that a function makes for builders that its own app does not know."""

SHARED_ROLES = "/running-image-builder/"
"""The path of the roles of these schedules: IAM has no other way to tell roles apart that are to be passed."""


class Schedule(Protocol):
    """What a statement about a schedule needs of it."""

    @property
    def arn(self) -> str:
        """The schedule's ARN."""

    @property
    def role(self) -> iam.IRole:
        """The role that the scheduler stops with."""


def describe_image_builders() -> iam.PolicyStatement:
    """Look at a builder. IAM knows no resource for DescribeImageBuilders, so its resource can only be "*"."""
    return iam.PolicyStatement(
        sid="DescribeImageBuilders", actions=["appstream:DescribeImageBuilders"], resources=["*"]
    )


def write_log(log_group_arn: str) -> iam.PolicyStatement:
    """Write to its own log group, which the template makes: creating groups is not needed."""
    return iam.PolicyStatement(
        sid="WriteLog", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group_arn]
    )


def hand_over(function_arn: str) -> iam.PolicyStatement:
    """Invoke itself, for waits longer than one invocation may last."""
    return iam.PolicyStatement(sid="HandOver", actions=["lambda:InvokeFunction"], resources=[function_arn])


def look_at_stack(stack_id: str) -> iam.PolicyStatement:
    """Ask whether CloudFormation still waits, rolls back, or has another resource of the builder."""
    return iam.PolicyStatement(sid="LookAtStack", actions=list(LOOK), resources=[stack_id])


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
    """Send traces to X-Ray, which has no resources. CDK's Function allows it too, but tells nobody where it cannot."""
    return iam.PolicyStatement(
        sid="SendTraces", actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"]
    )


def stop(image_builder_arn: str) -> iam.PolicyStatement:
    """Stop one builder; for the scheduler's role, not for the function's."""
    return iam.PolicyStatement(sid="Stop", actions=list(STOP), resources=[image_builder_arn])


def schedule_stop(schedule: Schedule) -> list[iam.PolicyStatement]:
    """Make, move and delete a schedule, and hand over to the scheduler the role that it stops with."""
    return [
        iam.PolicyStatement(sid="ScheduleStop", actions=list(SCHEDULE), resources=[schedule.arn]),
        pass_scheduler_role(schedule.role.role_arn),
    ]


def pass_scheduler_role(role_arn: str) -> iam.PolicyStatement:
    """Hand a role over to EventBridge Scheduler, and to no other service."""
    return iam.PolicyStatement(
        sid="PassSchedulerRole",
        actions=["iam:PassRole"],
        resources=[role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    )


def by_tag(stack: Stack, tags: Mapping[str, str]) -> list[iam.PolicyStatement]:
    """Serve every builder of the account and Region that has all these tags, in whatever stack its resource is.

    Stacks, schedules and roles of builders that nobody knows at synth can only be told by a pattern.
    """
    schedules = f"{contract.SCHEDULE_GROUP}/{SHARED_SCHEDULES}*"
    return [
        iam.PolicyStatement(
            sid="StartAndStopByTag",
            actions=[*START, *STOP],
            resources=[stack.format_arn(service="appstream", resource="image-builder", resource_name="*")],
            conditions={"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}},
        ),
        look_at_stack(stack.format_arn(service="cloudformation", resource="stack", resource_name="*")),
        iam.PolicyStatement(
            sid="ScheduleStops",
            actions=list(SCHEDULE),
            resources=[stack.format_arn(service="scheduler", resource="schedule", resource_name=schedules)],
        ),
        pass_scheduler_role(
            stack.format_arn(
                service="iam", region="", resource=f"role{SHARED_ROLES}*", arn_format=ArnFormat.NO_RESOURCE_NAME
            )
        ),
    ]
