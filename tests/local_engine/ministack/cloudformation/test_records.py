"""How a stack shows its resources."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

_TEMPLATE = {"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "found-by-this"}}}}


@pytest.mark.engine
def test_a_stack_is_found_by_a_physical_id(engine_client: Callable[..., Any]) -> None:
    """While it exists; an unknown id has CloudFormation's error."""
    client = engine_client("cloudformation")
    client.create_stack(StackName="by-id", TemplateBody=json.dumps(_TEMPLATE))
    client.get_waiter("stack_create_complete").wait(StackName="by-id", WaiterConfig={"Delay": 1})

    found = client.describe_stack_resources(PhysicalResourceId="found-by-this")["StackResources"]

    assert [("by-id", "Group")] == [(each["StackName"], each["LogicalResourceId"]) for each in found]
    client.delete_stack(StackName="by-id")
    client.get_waiter("stack_delete_complete").wait(StackName="by-id", WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match=r"ValidationError.*found-by-this"):
        client.describe_stack_resources(PhysicalResourceId="found-by-this")
