"""The second integration case for a real account: a builder that stops by itself, a long start, a cancelled update.

It costs money and is never run by itself: see README.md beside it. Its image is named by IMAGE_NAME. `--context step=N`
changes the resource, so that the same app is another update; FUNCTION_LIMIT shortens the function's limit, in seconds.
"""

import os

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_appstream as appstream
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

NAME = "integ-changes"
NO_BUILDER = "integ-no-such-builder"
"""What a schedule of the case is to stop in vain."""


class Changes(Stack):
    """A builder of its own with `stop_after`, and a function that may run for 4 minutes only."""

    def __init__(self, scope: Construct, construct_id: str, *, image_name: str, step: str, function_limit: int) -> None:
        super().__init__(scope, construct_id)
        inside = ec2.SubnetConfiguration(name="Builder", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=28)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=1,
            nat_gateways=0,
            subnet_configuration=[inside],
            restrict_default_security_group=False,  # it would be one more function, for a group that nothing uses
        )
        group = ec2.SecurityGroup(self, "Group", vpc=vpc)
        created = appstream.CfnImageBuilder(
            self,
            "Created",
            name=NAME,
            image_name=image_name,
            instance_type="stream.standard.small",
            vpc_config=appstream.CfnImageBuilder.VpcConfigProperty(
                subnet_ids=[vpc.isolated_subnets[0].subnet_id], security_group_ids=[group.security_group_id]
            ),
        )
        builder = RunningImageBuilder(
            self,
            "Builder",
            image_builder=created,
            timeout=Duration.minutes(59),
            on_delete=OnDelete.STOP,
            stop_after=Duration.minutes(15),
            triggers={"step": step},
        )
        function = builder.provider.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.timeout = function_limit
        CfnOutput(self, "ScheduledStopTime", value=builder.scheduled_stop_time)
        CfnOutput(self, "LogGroup", value=builder.provider.log_group.log_group_name)
        self._refused_target()

    def _refused_target(self) -> None:
        """Add what a schedule needs that is refused with a 4xx: a role for it, and a queue that tells of its tries."""
        queue = sqs.Queue(self, "Refused", enforce_ssl=True)
        role = iam.Role(self, "Refusing", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        queue.grant_send_messages(role)
        arn = self.format_arn(service="appstream", resource="image-builder", resource_name=NO_BUILDER)
        role.add_to_policy(iam.PolicyStatement(actions=["appstream:StopImageBuilder"], resources=[arn]))
        CfnOutput(self, "RefusedQueueUrl", value=queue.queue_url)
        CfnOutput(self, "RefusedQueueArn", value=queue.queue_arn)
        CfnOutput(self, "RefusingRoleArn", value=role.role_arn)


app = App()
Changes(
    app,
    "RunningImageBuilderIntegChanges",
    image_name=os.environ["IMAGE_NAME"],
    step=app.node.try_get_context("step") or "1",
    function_limit=int(os.environ.get("FUNCTION_LIMIT", "240")),
)
app.synth()
