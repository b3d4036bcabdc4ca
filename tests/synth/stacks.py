"""Stacks with builders, and their templates as plain data; asserts nothing."""

from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

Json = dict[str, Any]

NAME = "nb-1"
"""The builder's name where a test does not care."""

POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
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


def any_builder(scope: Construct, construct_id: str = "Builder", **options: Any) -> RunningImageBuilder:
    """Add a builder to a stack, or to a construct in it."""
    return RunningImageBuilder(scope, construct_id, **{"image_builder_name": NAME, **options})


def imported_vpc(stack: Stack) -> ec2.IVpc:
    """Return an imported VPC with one subnet that has egress."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-00000001",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0000000a"],
        private_subnet_route_table_ids=["rtb-0000000a"],
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
