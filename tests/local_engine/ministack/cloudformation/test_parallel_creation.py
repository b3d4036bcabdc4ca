"""Custom resources that do not depend on each other are created at the same time, as CloudFormation does it."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from appstream_local.process.engine import Engine

pytestmark = pytest.mark.engine

# A function that answers after as many seconds as it is told, and fails where it is told to.
CODE = """
import json, ssl, time, urllib.request

def handler(event, context):
    properties = event["ResourceProperties"]
    time.sleep(float(properties.get("Seconds", 0)) if event["RequestType"] == "Create" else 0)
    failed = event["RequestType"] == "Create" and properties.get("Fails") == "true"
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "FAILED" if failed else "SUCCESS", "Reason": "as told", "PhysicalResourceId": properties["Id"]}
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request, context=ssl.create_default_context()).read()
"""
ROLE = "arn:aws:iam::000000000000:role/function"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a maker of clients for an engine with the function in it."""
    with Engine() as engine:

        def make(service: Any) -> Any:
            return boto3.client(
                service,
                endpoint_url=engine.endpoint_url,
                verify=str(engine.ca_bundle),
                region_name=engine.region,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(proxies={}),
            )

        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", CODE)
        make("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")
        make("lambda").create_function(
            FunctionName="told",
            Runtime="python3.13",
            Role=ROLE,
            Handler="index.handler",
            Code={"ZipFile": packed.getvalue()},
            Timeout=60,
        )
        yield make


def create(client: Any, name: str, **resources: dict[str, Any]) -> list[tuple[float, str, str]]:
    """Create a stack of custom resources, and return its events: moment, logical id, status; oldest first."""
    token = "arn:aws:lambda:us-east-1:000000000000:function:told"
    template = {
        "Resources": {
            logical_id: {
                "Type": "Custom::Told",
                "Properties": {"ServiceToken": token, "Id": f"{name}-{logical_id}", **given.get("Properties", {})},
                "DependsOn": given.get("DependsOn", []),
            }
            for logical_id, given in resources.items()
        }
    }
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    ends_at = time.monotonic() + 30
    while cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("_IN_PROGRESS"):
        assert time.monotonic() < ends_at
        time.sleep(0.1)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    found = [
        (each["Timestamp"].timestamp(), each["LogicalResourceId"], each["ResourceStatus"])
        for each in events
        if each["ResourceType"] == "Custom::Told"
    ]
    return sorted(found)


def moment(events: list[tuple[float, str, str]], logical_id: str, status: str) -> float:
    """Return when the one event of a resource happened."""
    [found] = [at for at, each, its_status in events if (each, its_status) == (logical_id, status)]
    return found


def test_what_is_independent_is_created_at_once_and_complete_when_it_is(client: Any) -> None:
    """The slower one is begun before the faster one is complete, and its event does not wait for anybody else's."""
    events = create(client, "both", Slow={"Properties": {"Seconds": 3}}, ZFast={"Properties": {"Seconds": 1}})

    assert moment(events, "ZFast", "CREATE_COMPLETE") < moment(events, "Slow", "CREATE_COMPLETE") - 1
    assert moment(events, "ZFast", "CREATE_IN_PROGRESS") < moment(events, "Slow", "CREATE_IN_PROGRESS") + 1
    assert 4 == len(events)


def test_what_depends_waits(client: Any) -> None:
    """A resource begins after the one that it depends on is complete, though its name comes first."""
    events = create(client, "chain", A={"DependsOn": ["B"]}, B={"Properties": {"Seconds": 1}}, C={})

    assert moment(events, "B", "CREATE_COMPLETE") <= moment(events, "A", "CREATE_IN_PROGRESS")
    assert moment(events, "C", "CREATE_COMPLETE") < moment(events, "B", "CREATE_COMPLETE")


def test_a_failure_deletes_all_that_was_created_beside_it(client: Any) -> None:
    """Also what was not complete yet: its creation is cancelled, and its Delete comes while the Create still runs."""
    events = create(
        client,
        "failure",
        Fails={"Properties": {"Fails": True, "Seconds": 1}},
        Slow={"Properties": {"Seconds": 20}},
        ZFast={},
    )

    assert {"Fails", "Slow", "ZFast"} == {each for _, each, status in events if status == "DELETE_COMPLETE"}
    assert moment(events, "Slow", "DELETE_COMPLETE") < moment(events, "Slow", "CREATE_IN_PROGRESS") + 20
    assert moment(events, "Slow", "CREATE_FAILED") <= moment(events, "Slow", "DELETE_IN_PROGRESS")
