"""The resource types of single security group rules."""

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.engine

STACK = "rules"
GROUPS: dict[str, Any] = {
    name: {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": name}} for name in ("Here", "There")
}
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
RULES = {
    "In": {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {**HTTPS, "GroupId": {"Ref": "Here"}, "SourceSecurityGroupId": {"Ref": "There"}},
    },
    "Out": {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {**HTTPS, "GroupId": {"Ref": "There"}, "DestinationSecurityGroupId": {"Ref": "Here"}},
    },
}


def template(resources: dict[str, Any]) -> str:
    """Return a template."""
    return json.dumps({"Resources": resources})


def test_a_rule_is_created_and_deleted(engine_client: Callable[..., Any]) -> None:
    """In its group, without changing the group's other rules."""
    cloudformation, ec2 = engine_client("cloudformation"), engine_client("ec2")

    def rules(logical_id: str, key: str) -> list[tuple[int, list[str]]]:
        resource = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        group = resource["StackResourceDetail"]["PhysicalResourceId"]
        (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        return [
            (each["FromPort"], [pair["GroupId"] for pair in each["UserIdGroupPairs"]])
            for each in found[key]
            if "FromPort" in each
        ]

    cloudformation.create_stack(StackName=STACK, TemplateBody=template({**GROUPS, **RULES}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    ids = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    }
    assert [(443, [ids["There"]])] == rules("Here", "IpPermissions")
    assert [(443, [ids["Here"]])] == rules("There", "IpPermissionsEgress")

    cloudformation.update_stack(StackName=STACK, TemplateBody=template(GROUPS))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    assert ([], []) == (rules("Here", "IpPermissions"), rules("There", "IpPermissionsEgress"))
    cloudformation.delete_stack(StackName=STACK)


def test_a_rule_without_its_group_fails(engine_client: Callable[..., Any]) -> None:
    """The reason names the group."""
    cloudformation = engine_client("cloudformation")
    rule = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {**HTTPS, "GroupId": "sg-none", "CidrIp": "0.0.0.0/0"},
    }
    cloudformation.create_stack(StackName="no-group", TemplateBody=template({"In": rule}))
    with pytest.raises(Exception, match="terminal failure state"):
        cloudformation.get_waiter("stack_create_complete").wait(StackName="no-group", WaiterConfig={"Delay": 1})
    events = cloudformation.describe_stack_events(StackName="no-group")["StackEvents"]
    assert any("'sg-none' does not exist" in each.get("ResourceStatusReason", "") for each in events)
