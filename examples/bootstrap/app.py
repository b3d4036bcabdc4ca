"""An environment from nothing: network, image builder, RUNNING, and its address where others look for it."""

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_appstream as appstream
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

app = App()
stack = Stack(app, "Bootstrap")
name = app.node.try_get_context("imageBuilderName") or "first-builder"
image = app.node.try_get_context("imageName") or "AppStream-WinServer2022-06-17-2024"

subnets = ec2.SubnetConfiguration(name="Builders", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
cidr = "10.0.0.0/16"
addresses = ec2.IpAddresses.cidr(cidr)
vpc = ec2.Vpc(stack, "Vpc", ip_addresses=addresses, max_azs=2, nat_gateways=0, subnet_configuration=[subnets])
group = ec2.SecurityGroup(stack, "Group", vpc=vpc, description="The network interface of the image builder")
group.add_ingress_rule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(5985), "WinRM from inside the VPC")

created = appstream.CfnImageBuilder(
    stack,
    "Created",
    name=name,
    image_name=image,
    instance_type="stream.standard.small",
    vpc_config=appstream.CfnImageBuilder.VpcConfigProperty(
        subnet_ids=[vpc.isolated_subnets[0].subnet_id], security_group_ids=[group.security_group_id]
    ),
)
# A destroy goes the other way round: first it stops the builder, since one that runs cannot be deleted, then it deletes
# the builder, and then the network that the builder was in.
running = RunningImageBuilder(
    stack, "Running", image_builder=created, timeout=Duration.minutes(59), on_delete=OnDelete.STOP
)

address = running.image_builder_eni_private_ip_address
ssm.StringParameter(stack, "Parameter", parameter_name=f"/image-builders/{name}/address", string_value=address)
zone = route53.PrivateHostedZone(stack, "Zone", zone_name="builders.internal", vpc=vpc)
route53.ARecord(
    stack,
    "Record",
    zone=zone,
    record_name=name,
    target=route53.RecordTarget.from_ip_addresses(address),
    ttl=Duration.minutes(1),
)
CfnOutput(stack, "Address", value=address)
CfnOutput(stack, "HostName", value=f"{name}.builders.internal")

app.synth()
