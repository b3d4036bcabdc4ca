"""Makes builders' resources depend on the network of their function in a VPC."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import Annotations, AspectPriority, Aspects, CfnResource, IAspect, Reference, Stack, Stage, Token
from aws_cdk import Tokenization as Tokens
from constructs import DependencyGroup, IConstruct

if TYPE_CHECKING:  # each module of CDK takes time to import, and these serve for annotations only
    from aws_cdk import aws_ec2 as ec2
    from constructs import Construct

WARNING = "cdk-appstream-image-builder:networkNotAwaited"
"""The id of the warning about an endpoint or a route that no builder waits for."""

_ENDPOINT = "AWS::EC2::VPCEndpoint"
_ROUTE = "AWS::EC2::Route"

_BY_VPC = (
    _ENDPOINT,
    "AWS::EC2::VPCDHCPOptionsAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::TransitGatewayAttachment",
    "AWS::EC2::TransitGatewayVpcAttachment",
)
_BY_ROUTE_TABLE = (_ROUTE, "AWS::EC2::SubnetRouteTableAssociation")
_BY_SUBNET = ("AWS::EC2::SubnetNetworkAclAssociation",)
_BY_GROUP = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
_BY_ACL = ("AWS::EC2::NetworkAclEntry",)


@jsii.implements(IAspect)
class NetworkDependencies:
    """Makes the resources of builders depend on the network of their function, wherever the app defines it.

    CloudFormation creates a dependency before the resource and deletes it after the resource. So the function reaches
    CloudFormation on create and on delete. When the app is synthesized, this finds the VPC's endpoints, the routes and
    associations of its route tables, its gateways' attachments, the network ACLs of the function's subnets, and the
    rules of security groups that are resources of their own.

    Args:
        provider: The provider.
        vpc: The function's VPC.
        subnets: The function's subnets.
        groups: The function's security groups.
    """

    def __init__(
        self,
        provider: Construct,
        *,
        vpc: ec2.IVpc,
        subnets: Iterable[ec2.ISubnet],
        groups: Iterable[ec2.ISecurityGroup],
    ) -> None:
        self._provider = provider
        self._vpc = vpc
        self._subnets = list(subnets)
        self._groups = list(groups)
        self._resources: list[Construct] = []
        # As late as CDK allows, when everything is defined.
        Aspects.of(provider).add(self, priority=AspectPriority.READONLY)

    def awaited_by(self, resource: Construct) -> None:
        """Make a builder's resource depend on the network."""
        self._resources.append(resource)

    def visit(self, node: IConstruct) -> None:
        """Add the dependencies, once in each synthesis, at the provider itself."""
        if node.node.path != self._provider.node.path or not self._resources:
            return
        stage = Stage.of(self._provider)
        everything = (stage or self._provider.node.root).node.find_all()
        elements = [each for each in everything if isinstance(each, CfnResource)]
        network = list(self._network(elements))
        by_stack: dict[Stack, list[Construct]] = {}
        for resource in self._resources:
            by_stack.setdefault(Stack.of(resource), []).append(resource)
        for stack, resources in by_stack.items():
            self._order(stack, resources, network, elements)

    def _order(
        self, stack: Stack, resources: list[Construct], network: list[CfnResource], elements: list[CfnResource]
    ) -> None:
        # A nested stack is one resource of its parent.
        stacks = [stack, *_parents(stack)]
        near = {each.node.path for each in stacks}
        graph = _Graph([each for each in elements if Stack.of(each).node.path in near])
        targets = {_id_of(resource.node.default_child) for resource in resources}
        targets |= {_id_of(each.nested_stack_resource) for each in stacks if each.nested_stack_resource is not None}
        far = self._sure_to_be_first(stack)
        annotations = Annotations.of(self._provider)
        awaited: list[CfnResource] = []
        for element in network:
            home = Stack.of(element).node.path
            if home in near:
                if not graph.leads_to(element, targets):
                    awaited.append(element)
                elif element.cfn_resource_type == _ENDPOINT:
                    annotations.add_warning_v2(
                        WARNING,
                        f"{element.node.path} depends on a builder that this function serves, so no builder waits for "
                        "it: remove that dependency, so that the endpoint exists before and after the builders",
                    )
            elif home not in far and element.cfn_resource_type in (_ENDPOINT, _ROUTE):
                annotations.add_warning_v2(
                    WARNING,
                    f"{element.node.path} is in a stack that {stack.node.path} does not depend on: add the dependency "
                    "with add_dependency, so that the function reaches CloudFormation before and after the builders",
                )
        if awaited:
            group = DependencyGroup(*awaited)
            for resource in resources:
                resource.node.add_dependency(group)

    def _sure_to_be_first(self, stack: Stack) -> set[str]:
        """Return the stacks that are deployed before a builder's, and deleted after it."""
        own = Stack.of(self._provider)
        found: dict[str, Stack] = {}
        # The builder's stack refers to the function, and the function's stack to the VPC and its subnets, unless they
        # are imported by their ids.
        waiting = [own, Stack.of(self._vpc), *(Stack.of(subnet) for subnet in self._subnets), *stack.dependencies]
        while waiting:
            each = waiting.pop()
            if each.node.path not in found:
                found[each.node.path] = each
                waiting += each.dependencies
        return set(found)

    def _network(self, elements: list[CfnResource]) -> Iterator[CfnResource]:
        """Yield the resources of the function's network; ids are compared by what they refer to."""
        typed: dict[str, list[CfnResource]] = {}
        for element in elements:
            typed.setdefault(element.cfn_resource_type, []).append(element)

        def having(kinds: Iterable[str], key: str, wanted: set[str]) -> list[CfnResource]:
            candidates = [each for kind in kinds for each in typed.get(kind, [])]
            return [each for each in candidates if self._referent(_properties(each).get(key)) in wanted]

        vpc = {self._referent(self._vpc.vpc_id)}
        of_vpc = having(_BY_VPC, "vpcId", vpc)
        tables = {self._referent(each.ref) for each in having(["AWS::EC2::RouteTable"], "vpcId", vpc)}
        tables |= {self._referent(subnet.route_table.route_table_id) for subnet in self._subnets}
        subnets = {self._referent(subnet.subnet_id) for subnet in self._subnets}
        groups = {self._referent(group.security_group_id) for group in self._groups}
        for endpoint in of_vpc:
            listed = _properties(endpoint).get("securityGroupIds")
            groups |= {self._referent(group) for group in listed} if isinstance(listed, list) else set()
        of_subnets = having(_BY_SUBNET, "subnetId", subnets)
        acls = {self._referent(_properties(each).get("networkAclId")) for each in of_subnets}
        yield from of_vpc
        yield from having(_BY_ROUTE_TABLE, "routeTableId", tables)
        yield from having(_BY_GROUP, "groupId", groups)
        yield from of_subnets
        yield from having(_BY_ACL, "networkAclId", acls)

    def _referent(self, value: Any) -> str:
        """Return the path of the resource that an id refers to, or the id itself."""
        if isinstance(value, str) and Token.is_unresolved(value):
            fragments = Tokens.reverse_string(value)
            first = fragments.first_token
            if fragments.length == 1 and isinstance(first, Reference):
                return str(first.target.node.path)
        return json.dumps(Stack.of(self._provider).resolve(value))


class _Graph:
    """Which resources depend on which, by a reference or an explicit dependency.

    References are matched by logical id, which resources of two stacks may share. Then a dependency too many is
    assumed, and a resource is not waited for that could be.
    """

    def __init__(self, elements: Iterable[CfnResource]) -> None:
        self._by_id: dict[str, list[CfnResource]] = {}
        for element in elements:
            self._by_id.setdefault(_id_of(element), []).append(element)

    def leads_to(self, element: CfnResource, targets: set[str]) -> bool:
        """Return whether a resource depends on one of the targets, directly or not."""
        seen: set[str] = set()
        waiting = [_id_of(element)]
        while waiting:
            each = waiting.pop()
            if each in targets:
                return True
            if each not in seen:
                seen.add(each)
                waiting += [needed for found in self._by_id.get(each, []) for needed in _dependencies(found)]
        return False


def _dependencies(element: CfnResource) -> Iterator[str]:
    """Yield the logical ids that a resource depends on."""
    yield from _referred_to(Stack.of(element).resolve(element._cfn_properties))
    yield from (_id_of(each) for each in element.obtain_dependencies() if isinstance(each, CfnResource))
    for scope in element.node.scopes:
        for dependency in scope.node.dependencies:
            yield from (_id_of(each) for each in dependency.node.find_all() if isinstance(each, CfnResource))


def _id_of(element: Any) -> str:
    return str(Stack.of(element).resolve(element.logical_id))


def _properties(element: CfnResource) -> dict[str, Any]:
    """Return a resource's properties by names that begin with a lower-case letter, as in CDK's classes."""
    return {f"{key[:1].lower()}{key[1:]}": value for key, value in element._cfn_properties.items()}


def _referred_to(value: Any) -> Iterator[str]:
    """Yield the logical ids in a resolved value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield inner
            elif key == "Fn::GetAtt":
                yield str(inner[0]) if isinstance(inner, list) else str(inner).partition(".")[0]
            elif key == "Fn::Sub":
                text = inner[0] if isinstance(inner, list) else inner
                yield from (part.partition("}")[0].partition(".")[0] for part in str(text).split("${")[1:])
            yield from _referred_to(inner)
    elif isinstance(value, list):
        for each in value:
            yield from _referred_to(each)


def _parents(stack: Stack) -> Iterator[Stack]:
    parent = stack.nested_stack_parent
    while parent is not None:
        yield parent
        parent = parent.nested_stack_parent
