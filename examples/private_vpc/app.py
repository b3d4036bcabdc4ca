"""A function without a way to the internet: isolated subnets, and exactly the VPC endpoints that it needs."""

from aws_cdk import App, CfnOutput, Duration, Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder import RunningImageBuilder, RunningImageBuilderProvider

app = App()
stack = Stack(app, "PrivateVpc")

isolated = ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])
provider = RunningImageBuilderProvider(
    stack, "Provider", vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
)

# One for each API that the function calls: AppStream to start and look, CloudFormation to ask whether it still waits,
# Lambda to hand a long wait over, EventBridge Scheduler for stop_after. Leave the last one out without stop_after.
services = {
    "AppStream": ec2.InterfaceVpcEndpointAwsService.APPSTREAM_API,
    "CloudFormation": ec2.InterfaceVpcEndpointAwsService.CLOUDFORMATION,
    "Lambda": ec2.InterfaceVpcEndpointAwsService.LAMBDA_,
    "Scheduler": ec2.InterfaceVpcEndpointAwsService("scheduler"),
}
for name, service in services.items():
    endpoint = vpc.add_interface_endpoint(name, service=service, open=False)
    endpoint.connections.allow_default_port_from(provider)

# The answer to CloudFormation is an object in a bucket of AWS's own, by a URL that is signed already: this endpoint
# lets the function write there, and reach no other bucket.
answers = f"cloudformation-custom-resource-response-{Fn.join('', Fn.split('-', stack.region))}"
s3 = vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
s3.add_to_policy(
    iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=["s3:PutObject"],
        resources=[f"arn:{stack.partition}:s3:::{answers}/*"],
    )
)

builder = RunningImageBuilder(
    stack,
    "Builder",
    image_builder_name=app.node.try_get_context("imageBuilderName") or "my-builder",
    provider=provider,
    stop_after=Duration.hours(10),
)
CfnOutput(stack, "Address", value=builder.image_builder_eni_private_ip_address)

app.synth()
