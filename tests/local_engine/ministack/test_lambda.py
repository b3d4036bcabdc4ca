"""Function logs in Lambda's JSON format."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

_CODE = """
import logging

def handler(event, context):
    logging.getLogger().setLevel("INFO")
    logging.getLogger("mine").info("hello %s", "you", extra={"builder": "a"})
    print("printed")
    return 1
"""


pytestmark = pytest.mark.engine


@pytest.fixture
def function(engine_client: Callable[..., Any]) -> Callable[..., str]:
    """Return a factory of functions whose role allows some actions."""

    def make(name: str, *actions: str) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", _CODE)
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        engine_client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        engine_client("iam").put_role_policy(RoleName=name, PolicyName="Logs", PolicyDocument=document)
        engine_client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=f"arn:aws:iam::000000000000:role/{name}",
            Handler="index.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        return name

    return make


def test_a_logged_line_is_json_with_its_extra_fields(
    function: Callable[..., str], engine_client: Callable[..., Any]
) -> None:
    """Printed lines and Lambda's own are there, too."""
    name = function("logging", "logs:CreateLogGroup")

    engine_client("lambda").invoke(FunctionName=name, Payload=b"{}")

    events = engine_client("logs").filter_log_events(logGroupName="/aws/lambda/logging")["events"]
    messages = [each["message"].rstrip() for each in events]
    [line] = [json.loads(message) for message in messages if message.startswith("{")]
    assert ("hello you", "INFO", "mine", "a") == (line["message"], line["level"], line["logger"], line["builder"])
    assert line["timestamp"].endswith("Z")
    assert "printed" in messages


def test_a_missing_log_group_needs_a_permission(
    function: Callable[..., str], engine_client: Callable[..., Any]
) -> None:
    """So a group that is deleted during an invocation stays deleted."""
    name = function("silent", "logs:PutLogEvents")

    engine_client("lambda").invoke(FunctionName=name, Payload=b"{}")

    assert [] == engine_client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
