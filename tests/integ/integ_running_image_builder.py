"""The integration test for a real account: a builder of its own is created, stopped, started again, and removed.

It costs money and is never run by itself: see README.md beside it. Its image is named by IMAGE_NAME.
"""

import os

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_appstream as appstream
from aws_cdk import aws_ec2 as ec2
from aws_cdk import custom_resources as cr
from aws_cdk.integ_tests_alpha import ExpectedResult, IntegTest, Match
from constructs import Construct

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

NAME = "integ-running-image-builder"


class Case(Stack):
    """The smallest builder, in a VPC of its own, that is RUNNING, is stopped, and is started by a second construct."""

    def __init__(self, scope: Construct, construct_id: str, *, image_name: str) -> None:
        """Define what is deployed; each step waits for the one before."""
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
        most = Duration.minutes(59)
        # It stops the builder, too: where a later step fails, the roll-back could not delete one that runs.
        first = RunningImageBuilder(self, "First", image_builder=created, timeout=most, on_delete=OnDelete.STOP)
        stop = cr.AwsCustomResource(
            self,
            "Stop",
            on_create=cr.AwsSdkCall(
                service="AppStream",
                action="stopImageBuilder",
                parameters={"Name": first.image_builder_name},
                physical_resource_id=cr.PhysicalResourceId.of("stop"),
                output_paths=["ImageBuilder.Name"],
            ),
            policy=cr.AwsCustomResourcePolicy.from_sdk_calls(resources=[first.image_builder_arn]),
            install_latest_aws_sdk=False,
        )
        # This one finds it STOPPING or STOPPED, so that it has to start it.
        self.builder = RunningImageBuilder(
            self, "Builder", image_builder=created, timeout=most, on_delete=OnDelete.STOP
        )
        self.builder.node.add_dependency(stop)
        CfnOutput(self, "Arn", value=self.builder.image_builder_arn)
        CfnOutput(self, "State", value=self.builder.image_builder_state)
        CfnOutput(self, "EniPrivateIpAddress", value=self.builder.image_builder_eni_private_ip_address)


app = App()
case = Case(app, "RunningImageBuilderInteg", image_name=os.environ["IMAGE_NAME"])
test = IntegTest(app, "Integ", test_cases=[case], diff_assets=False, stack_update_workflow=False)

described = test.assertions.aws_api_call("AppStream", "describeImageBuilders", {"Names": [NAME]})
described.expect(
    ExpectedResult.object_like(
        {
            "ImageBuilders": [
                {
                    "State": "RUNNING",
                    "Arn": case.builder.image_builder_arn,
                    "NetworkAccessConfiguration": {
                        "EniPrivateIpAddress": case.builder.image_builder_eni_private_ip_address
                    },
                }
            ]
        }
    )
)
stacks = test.assertions.aws_api_call("CloudFormation", "describeStacks", {"StackName": case.stack_name})
stacks.expect(
    ExpectedResult.object_like(
        {
            "Stacks": [
                {
                    "Outputs": Match.array_with(
                        [
                            Match.object_like({"OutputKey": "State", "OutputValue": "RUNNING"}),
                            Match.object_like(
                                {
                                    "OutputKey": "EniPrivateIpAddress",
                                    "OutputValue": case.builder.image_builder_eni_private_ip_address,
                                }
                            ),
                        ]
                    )
                }
            ]
        }
    )
)

app.synth()
