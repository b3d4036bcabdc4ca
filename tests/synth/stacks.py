"""Stacks with builders, and their templates as plain data; asserts nothing."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import App, Duration, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

Json = dict[str, Any]

ACCOUNT = "123456789012"

NAME = "nb-1"
"""The builder's name where a test does not care."""

TYPE = "Custom::AppStreamRunningImageBuilder"
FUNCTION = "AWS::Lambda::Function"
POLICY = "AWS::IAM::Policy"
POLICIES = (POLICY, "AWS::IAM::ManagedPolicy")
"""The resources that allow something to a role, but for what is written into a role itself."""


def every_option() -> Json:
    """Return each option of the construct with a value that is not its default."""
    return {
        "appstream_agent_version": "LATEST",
        "restart_to_update_agent": True,
        "timeout": Duration.minutes(45),
        "poll_interval": Duration.seconds(5),
        "on_delete": OnDelete.STOP,
        "stop_after": Duration.hours(8),
        "triggers": {"refresh": "2026-11"},
    }


def any_stack() -> Stack:
    """Return an empty stack of an app of its own, for any account and Region."""
    return Stack(App(), "Stack")


def known_stack(region: str = "us-east-1", account: str = ACCOUNT) -> Stack:
    """Return an empty stack of an app of its own, for a known account and Region."""
    return Stack(App(), "Stack", env=Environment(account=account, region=region))


def any_builder(scope: Construct, construct_id: str = "Builder", **options: Any) -> RunningImageBuilder:
    """Add a builder to a stack, or to a construct in it."""
    return RunningImageBuilder(scope, construct_id, **{"image_builder_name": NAME, **options})


def imported_vpc(stack: Stack) -> ec2.IVpc:
    """Return an imported VPC with one subnet that has egress and one that has none."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-00000001",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0000000a"],
        private_subnet_route_table_ids=["rtb-0000000a"],
        isolated_subnet_ids=["subnet-0000000c"],
        isolated_subnet_route_table_ids=["rtb-0000000c"],
    )


def template(stack: Stack) -> Json:
    """Return the template of a stack, which must not change after it."""
    return dict(Template.from_stack(stack).to_json())


def template_with(**options: Any) -> Json:
    """Return the template of a stack with one builder."""
    stack = any_stack()
    any_builder(stack, **options)
    return template(stack)


def of_type(found: Json, resource_type: str) -> dict[str, Json]:
    """Return a template's resources of one type by their logical ids."""
    return {key: value for key, value in found["Resources"].items() if value["Type"] == resource_type}


def only(found: Json, resource_type: str) -> Json:
    """Return a template's only resource of a type."""
    (resource,) = of_type(found, resource_type).values()
    return dict(resource)


def scheduler_roles(resources: Json) -> dict[str, Json]:
    """Return the roles for the scheduler."""
    return {key: each for key, each in of_type(resources, "AWS::IAM::Role").items() if "SchedulerRole" in key}


def statements(found: Json) -> list[Json]:
    """Return every statement of every policy of a template, in the template's order."""
    policies = (each for each in found["Resources"].values() if each["Type"] in POLICIES)
    return [statement for policy in policies for statement in policy["Properties"]["PolicyDocument"]["Statement"]]


def actions(found: Iterable[Json]) -> set[str]:
    """Return the actions of statements."""
    return {action for each in found for action in listed(each["Action"])}


def listed(value: Any) -> list[Any]:
    """Return a value of a policy, of which a single one may stand alone, as a list."""
    return value if isinstance(value, list) else [value]


def warnings(stack: Stack, about: str) -> list[str]:
    """Return a stack's warnings that have some words, without the id by which each is acknowledged."""
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(about))
    return [str(each.entry.data).partition(" [ack:")[0] for each in found]


def builder_arn(name: object) -> Json:
    """Return a builder's ARN in the stack's partition, Region and account, as a template says it."""
    parts = ["arn:", {"Ref": "AWS::Partition"}, ":appstream:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}]
    end = [f":image-builder/{name}"] if isinstance(name, str) else [":image-builder/", name]
    return {"Fn::Join": ["", [*parts, *end]]}
