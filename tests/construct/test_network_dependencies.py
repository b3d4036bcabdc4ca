"""The way of the answer in a private VPC: what a builder's resource waits for, and what it may not wait for."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, CfnResource, NestedStack, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_appstream_image_builder import RunningImageBuilder, RunningImageBuilderProvider
from cdk_appstream_image_builder.network_dependencies import WARNING
from synth.stacks import TYPE, Json, any_builder, any_stack, of_type, template

API = ec2.InterfaceVpcEndpointAwsService.APPSTREAM_API
S3 = ec2.GatewayVpcEndpointAwsService.S3
ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)


def any_vpc(stack: Stack, construct_id: str = "Vpc") -> ec2.Vpc:
    """Return a VPC of isolated subnets in two zones."""
    subnets = ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    return ec2.Vpc(stack, construct_id, max_azs=2, nat_gateways=0, subnet_configuration=[subnets])


def provided(stack: Stack, vpc: ec2.IVpc, **options: Any) -> RunningImageBuilderProvider:
    """Return a provider in a VPC."""
    return RunningImageBuilderProvider(stack, "Provider", vpc=vpc, **options)


def awaited(stack: Stack) -> dict[str, str]:
    """Return what the builders of a stack wait for, directly or by what lies between: id to type."""
    resources: Json = template(stack)["Resources"]
    found: dict[str, str] = {}
    waiting = [each for key in of_type({"Resources": resources}, TYPE) for each in resources[key].get("DependsOn", [])]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found[each] = resources[each]["Type"]
            waiting += resources[each].get("DependsOn", [])
    return found


def warnings(provider: RunningImageBuilderProvider) -> list[str]:
    """Return what the provider warns of about its network."""
    return [str(each.data) for each in provider.node.metadata if WARNING in str(each.data)]


def test_endpoints_routes_and_rules_come_before_the_builder() -> None:
    """Also those that are defined after it, or away from the VPC, or as plain CloudFormation."""
    stack = any_stack()
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=1)
    provider = provided(stack, vpc)
    any_builder(stack, provider=provider)
    vpc.add_gateway_endpoint("S3", service=S3)
    api = ec2.InterfaceVpcEndpoint(stack, "Api", vpc=vpc, service=API)
    api.connections.allow_default_port_from(provider)
    CfnResource(stack, "Raw", type="AWS::EC2::VPCEndpoint", properties={"VpcId": vpc.vpc_id, "ServiceName": "any"})
    table = vpc.private_subnets[0].route_table.route_table_id
    ec2.CfnRoute(
        stack, "Peer", route_table_id=table, destination_cidr_block="10.1.0.0/16", vpc_peering_connection_id="p"
    )
    ec2.CfnSecurityGroupEgress(
        stack, "Out", group_id=provider.connections.security_groups[0].security_group_id, ip_protocol="tcp"
    )

    types = sorted(awaited(stack).values())

    assert 3 == types.count("AWS::EC2::VPCEndpoint")
    # The public and the private subnet's own routes, and the one to the peer.
    assert 3 == types.count("AWS::EC2::Route")
    assert 2 == types.count("AWS::EC2::SubnetRouteTableAssociation")
    assert {"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::VPCGatewayAttachment"} <= set(
        types
    )
    assert [] == warnings(provider)


def test_network_acls_of_the_functions_subnets_come_first_too() -> None:
    """An entry that is deleted early would close the way."""
    stack = any_stack()
    vpc = any_vpc(stack)
    acl = ec2.NetworkAcl(stack, "Acl", vpc=vpc, subnet_selection=ISOLATED)
    acl.add_entry("In", cidr=ec2.AclCidr.any_ipv4(), rule_number=100, traffic=ec2.AclTraffic.all_traffic())
    any_builder(stack, provider=provided(stack, vpc, vpc_subnets=ISOLATED))
    assert {"AWS::EC2::SubnetNetworkAclAssociation", "AWS::EC2::NetworkAclEntry"} <= set(awaited(stack).values())


def test_another_vpcs_network_is_not_waited_for() -> None:
    """It has nothing to do with the function."""
    stack = any_stack()
    other = any_vpc(stack, "Other")
    other.add_gateway_endpoint("S3", service=S3)
    any_builder(stack, provider=provided(stack, any_vpc(stack)))
    assert [] == [each for each in awaited(stack) if each.startswith("Other")]


def test_without_a_vpc_nothing_is_waited_for() -> None:
    """The endpoints of a VPC that the function is not in are nobody's."""
    stack = any_stack()
    any_vpc(stack).add_gateway_endpoint("S3", service=S3)
    any_builder(stack)
    assert "AWS::EC2::VPCEndpoint" not in awaited(stack).values()


def test_an_imported_vpcs_endpoint_is_found_by_its_id() -> None:
    """What is compared is the id as it is written."""
    stack = any_stack()
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["us-east-1a"],
        isolated_subnet_ids=["subnet-1"],
        isolated_subnet_route_table_ids=["rtb-1"],
    )
    ec2.InterfaceVpcEndpoint(stack, "Api", vpc=vpc, service=API, subnets=ISOLATED, open=False)
    ec2.CfnRoute(stack, "Route", route_table_id="rtb-1", destination_cidr_block="0.0.0.0/0", gateway_id="tgw-1")
    any_builder(stack, provider=provided(stack, vpc, vpc_subnets=ISOLATED))
    assert {"AWS::EC2::VPCEndpoint", "AWS::EC2::Route"} <= set(awaited(stack).values())


def by_reference(endpoint: ec2.InterfaceVpcEndpoint, builder: RunningImageBuilder) -> None:
    """Let the endpoint admit the builder's address, which is known when the builder runs."""
    endpoint.connections.allow_default_port_from(ec2.Peer.ipv4(f"{builder.image_builder_eni_private_ip_address}/32"))


def by_dependency(endpoint: ec2.InterfaceVpcEndpoint, builder: RunningImageBuilder) -> None:
    """Let the endpoint come after the builder, as its owner says."""
    endpoint.node.add_dependency(builder)


def by_something_between(endpoint: ec2.InterfaceVpcEndpoint, builder: RunningImageBuilder) -> None:
    """Let the endpoint come after a bucket that comes after the builder."""
    bucket = s3.CfnBucket(Stack.of(endpoint), "Between", bucket_name=f"b-{builder.image_builder_eni_id}")
    resource = endpoint.node.default_child
    assert isinstance(resource, CfnResource)
    resource.add_dependency(bucket)


@pytest.mark.parametrize("need", [by_reference, by_dependency, by_something_between])
def test_an_endpoint_that_needs_the_builder_makes_no_circle(
    need: Callable[[ec2.InterfaceVpcEndpoint, RunningImageBuilder], None],
) -> None:
    """CloudFormation would refuse the template; a warning says that this one's order is open."""
    stack = any_stack()
    vpc = any_vpc(stack)
    provider = provided(stack, vpc)
    builder = any_builder(stack, provider=provider)
    vpc.add_gateway_endpoint("S3", service=S3)
    need(vpc.add_interface_endpoint("Circle", service=API), builder)

    found = awaited(stack)

    assert [True] == ["S3" in each for each, kind in found.items() if kind == "AWS::EC2::VPCEndpoint"]
    assert ["Stack/Vpc/Circle/Resource depends on a builder"] == [each[:46] for each in warnings(provider)]


def test_a_rule_that_needs_the_builder_is_left_out() -> None:
    """A machine that uses the builder may use the endpoints as well: its rule comes after it, the endpoint before."""
    stack = any_stack()
    vpc = any_vpc(stack)
    provider = provided(stack, vpc)
    builder = any_builder(stack, provider=provider)
    user = Construct(stack, "User")
    group = ec2.SecurityGroup(user, "Group", vpc=vpc)
    user.node.add_dependency(builder)
    endpoint = vpc.add_interface_endpoint("Api", service=API)
    endpoint.connections.allow_default_port_from(group)
    endpoint.connections.allow_default_port_from(provider)

    found = awaited(stack)

    assert ["AWS::EC2::VPCEndpoint"] == [kind for kind in found.values() if kind == "AWS::EC2::VPCEndpoint"]
    rules = [each for each, kind in found.items() if kind == "AWS::EC2::SecurityGroupIngress"]
    assert [True] == ["Provider" in each for each in rules]
    assert [] == warnings(provider)


def test_the_vpcs_own_stack_is_deployed_first_anyway() -> None:
    """The function refers to it: nothing is added, and nothing is warned of."""
    app = App()
    network, stack = Stack(app, "Network"), Stack(app, "Stack")
    vpc = any_vpc(network)
    vpc.add_interface_endpoint("Api", service=API)
    provider = provided(stack, vpc)
    any_builder(stack, provider=provider)
    third = Stack(app, "Third")
    any_builder(third, provider=provider)
    app.synth()
    assert [["Network"], ["Stack"]] == [[each.stack_name for each in one.dependencies] for one in (stack, third)]
    assert [] == warnings(provider)


def test_an_endpoint_of_a_third_stack_causes_a_warning() -> None:
    """A dependency that CDK does not know could close a circle of stacks, so its owner adds it."""
    for depends in (False, True):
        app = App()
        network, endpoints, stack = (Stack(app, each) for each in ("Network", "Endpoints", "Stack"))
        vpc = any_vpc(network)
        ec2.InterfaceVpcEndpoint(endpoints, "Api", vpc=vpc, service=API)
        provider = provided(stack, vpc)
        any_builder(stack, provider=provider)
        if depends:
            stack.add_dependency(endpoints)
        app.synth()
        expected = [] if depends else ["Endpoints/Api/Resource is in a stack that Stack does not depend on"]
        assert expected == [each[:66] for each in warnings(provider)]


def test_stacks_that_are_built_alike_are_told_apart() -> None:
    """Their VPCs have the same logical ids."""
    app = App()
    providers = []
    for name in ("Left", "Right"):
        stack = Stack(app, name)
        vpc = any_vpc(stack)
        vpc.add_interface_endpoint("Api", service=API)
        providers.append(provided(stack, vpc))
        any_builder(stack, provider=providers[-1])
    app.synth()
    assert [[], []] == [warnings(each) for each in providers]


def test_a_nested_stacks_builder_waits_for_parent_endpoints() -> None:
    """Its stack is a resource of the parent, which then waits as a whole."""
    stack = any_stack()
    vpc = any_vpc(stack)
    vpc.add_interface_endpoint("Api", service=API)
    any_builder(NestedStack(stack, "Nested"), provider=provided(stack, vpc))
    found = template(stack)
    (nested,) = of_type(found, "AWS::CloudFormation::Stack").values()
    assert [True] == [each in nested["DependsOn"] for each in of_type(found, "AWS::EC2::VPCEndpoint")]


def test_an_endpoint_that_needs_a_nested_builder_makes_no_circle() -> None:
    """The nested stack would wait for what waits for it."""
    stack = any_stack()
    vpc = any_vpc(stack)
    provider = provided(stack, vpc)
    builder = any_builder(NestedStack(stack, "Nested"), provider=provider)
    by_reference(vpc.add_interface_endpoint("Circle", service=API), builder)
    (nested,) = of_type(template(stack), "AWS::CloudFormation::Stack").values()
    assert [] == [each for each in nested["DependsOn"] if "Circle" in each]
    assert ["Stack/Vpc/Circle/Resource depends on a builder"] == [each[:46] for each in warnings(provider)]


def test_connections_are_the_functions_own() -> None:
    """The provider is connectable as any other: a rule names the function's security group."""
    stack = any_stack()
    vpc = any_vpc(stack)
    provider = provided(stack, vpc)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    group.connections.allow_from(provider, ec2.Port.tcp(443))
    provider.connections.allow_to(group, ec2.Port.tcp(444))
    found = of_type(template(stack), "AWS::EC2::SecurityGroupIngress").values()
    (own,) = provider.connections.security_groups
    assert [stack.resolve(own.security_group_id)] * 2 == [each["Properties"]["SourceSecurityGroupId"] for each in found]


def test_without_a_vpc_there_are_no_connections() -> None:
    """The message says what is missing."""
    provider = RunningImageBuilderProvider(any_stack(), "Provider")
    with pytest.raises(
        ValueError, match=r"^Stack/Provider has no connections, because its function is not in a VPC: specify vpc$"
    ):
        _ = provider.connections


def test_ipv6_is_allowed_where_it_is_asked_for() -> None:
    """It is one property of the function, and needs the VPC."""
    values = []
    for asked in (False, True):
        stack = any_stack()
        any_builder(stack, provider=provided(stack, any_vpc(stack), ipv6_allowed_for_dual_stack=asked))
        (function,) = of_type(template(stack), "AWS::Lambda::Function").values()
        values.append(function["Properties"]["VpcConfig"].get("Ipv6AllowedForDualStack"))
    assert [None, True] == values


def test_ipv6_is_a_flag() -> None:
    """A text would be true whatever it says."""
    with pytest.raises(TypeError, match=r"^ipv6_allowed_for_dual_stack is 'false': specify True or False$"):
        RunningImageBuilderProvider(any_stack(), "Provider", ipv6_allowed_for_dual_stack="false")  # type: ignore[arg-type]


def test_the_provider_is_a_grantee() -> None:
    """CDK's grants take it as it is."""
    stack = any_stack()
    provider = RunningImageBuilderProvider(stack, "Provider")
    assert s3.Bucket(stack, "Bucket").grant_read(provider).success
