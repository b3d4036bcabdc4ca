"""The construct's part of the template: the custom resource, what it waits for, what it gives out."""

import pytest
from aws_cdk import Duration
from constructs import Construct

from running_image_builder_function import contract
from synth.stacks import (
    FUNCTION,
    TYPE,
    Json,
    any_builder,
    any_stack,
    every_option,
    of_type,
    only,
    template,
    template_with,
)


def given(found: Json) -> Json:
    """Return what the function is given: the resource's properties but for CloudFormation's own two."""
    properties = only(found, TYPE)["Properties"]
    return {key: value for key, value in properties.items() if key not in ("ServiceToken", "ServiceTimeout")}


def test_a_name_is_enough(default: Json) -> None:
    """Without options the function gets the name, half an hour, and the order to leave the builder running."""
    assert {"Name": "nb-1", "TimeoutSeconds": 1800, "OnDelete": "LEAVE_RUNNING"} == given(default)


def test_every_option_reaches_the_function() -> None:
    """Each option is a property of the resource."""
    properties = given(template_with(**every_option()))
    assert {
        "Name": "nb-1",
        "AppstreamAgentVersion": "LATEST",
        "RestartToUpdateAgent": True,
        "TimeoutSeconds": 2700,
        "PollIntervalSeconds": 5,
        "OnDelete": "STOP",
        "Triggers": {"refresh": "2026-11"},
        "StopAfterSeconds": 28800,
    } == {key: each for key, each in properties.items() if not key.startswith("Schedule")}


def test_a_restart_needs_a_version_to_restart_for() -> None:
    """Without a version there is nothing to restart for, so the function is not told to."""
    assert "RestartToUpdateAgent" not in given(template_with(restart_to_update_agent=True))


def test_the_resource_type_is_the_published_one(default: Json) -> None:
    """The type never changes, or an upgrade would replace every deployed resource."""
    assert contract.RESOURCE_TYPE == TYPE
    assert 1 == len(of_type(default, TYPE))


@pytest.mark.parametrize(("minutes", "seconds"), [(1, "120"), (30, "1860"), (59, "3600")])
def test_cloudformation_waits_a_minute_longer_than_the_function(minutes: int, seconds: str) -> None:
    """ServiceTimeout is the timeout and 60 s, so the function's own answer always comes first."""
    found = template_with(timeout=Duration.minutes(minutes))
    assert seconds == only(found, TYPE)["Properties"]["ServiceTimeout"]


def test_the_default_timeout_is_bounded_too(default: Json) -> None:
    """A function that never answers holds the stack for 31 minutes, not for CloudFormation's hour."""
    assert "1860" == only(default, TYPE)["Properties"]["ServiceTimeout"]


def test_the_function_serves_the_resource(default: Json) -> None:
    """The service token is the ARN of the stack's function."""
    (function_id,) = of_type(default, FUNCTION)
    assert {"Fn::GetAtt": [function_id, "Arn"]} == only(default, TYPE)["Properties"]["ServiceToken"]


def test_the_resource_waits_for_its_permissions(default: Json) -> None:
    """A start that needs a second invocation must not find the permission missing."""
    (policy_id,) = [key for key in of_type(default, "AWS::IAM::Policy") if "Builders" in key]
    assert [policy_id] == only(default, TYPE)["DependsOn"]


def test_the_first_builder_makes_six_resources(default: Json) -> None:
    """The resource, the function, its log group, its role and two policies: nothing else."""
    assert sorted(
        [TYPE, FUNCTION, "AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::Policy"]
    ) == sorted(resource["Type"] for resource in default["Resources"].values())


def test_a_further_builder_makes_one_resource_more() -> None:
    """Builders of a stack share one function, so a second one is the custom resource alone."""
    stack = any_stack()
    first, second = any_builder(stack, "A", image_builder_name="a"), any_builder(stack, "B", image_builder_name="b")
    found = template(stack)
    assert first.provider is second.provider
    assert 7 == len(found["Resources"])
    assert 1 == len(of_type(found, FUNCTION))
    assert ["a", "b"] == [resource["Properties"]["Name"] for resource in of_type(found, TYPE).values()]


def test_builders_deep_in_the_tree_share_the_function_too() -> None:
    """The function belongs to the stack, not to the construct that a builder happens to be in."""
    stack = any_stack()
    assert any_builder(stack).provider is any_builder(Construct(stack, "Inner")).provider


def test_removing_the_resource_never_keeps_it(default: Json) -> None:
    """The resource is deleted with its stack: the function decides what that does to the builder."""
    assert "Delete" == only(default, TYPE)["DeletionPolicy"]
    assert "Delete" == only(default, TYPE)["UpdateReplacePolicy"]


def test_a_dependency_on_the_construct_is_one_on_the_resource() -> None:
    """``node.add_dependency`` makes another builder wait for this one."""
    stack = any_stack()
    first, second = any_builder(stack, "First", image_builder_name="first"), any_builder(stack, "Second")
    second.node.add_dependency(first)
    resources = of_type(template(stack), TYPE)
    (first_id,) = [key for key, resource in resources.items() if resource["Properties"]["Name"] == "first"]
    (waiting,) = [resource for key, resource in resources.items() if key != first_id]
    assert first_id in waiting["DependsOn"]
