"""The function's IAM statements, each with its reason; makes no roles."""

from typing import Protocol

from aws_cdk import aws_iam as iam

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
        iam.PolicyStatement(
            sid="PassSchedulerRole",
            actions=["iam:PassRole"],
            resources=[schedule.role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        ),
    ]
