"""Stacks of custom resources that do what their properties say, and a record of their requests."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# Records the request, waits while it is held, and responds as the properties say.
_CODE = """
import json, os, pathlib, ssl, time, urllib.request

def handler(event, context):
    script, kind = event["ResourceProperties"], event["RequestType"]
    directory = pathlib.Path(script["Directory"])
    record(directory, "requested", {**event, "Function": context.function_name})
    hold = script.get("Hold" + kind)
    while hold and not (directory / hold).exists():
        time.sleep(0.02)
    if script.get("Crash" + kind) == "true":
        raise ValueError("as scripted")
    if script.get("Silent" + kind) == "true":
        return
    response = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    response |= {"Status": "SUCCESS", "PhysicalResourceId": script["Id"], "Data": {"Kind": kind}}
    response |= json.loads(script.get("Response" + kind, "{}"))
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(response).encode(), method="PUT")
    urllib.request.urlopen(request, context=ssl.create_default_context())
    record(directory, "responded", event)

def record(directory, what, event):
    name = f"{what}-{time.time_ns()}-{event['RequestId']}.json"
    (directory / ("." + name)).write_text(json.dumps(event))
    os.replace(directory / ("." + name), directory / name)
"""
_ROLE = "scripted-function"
_BOUND = 30.0


class CustomResourceStack:
    """One stack of custom resources and its function.

    Attributes:
        name: The stack's name.
        stack_id: Its id, which is valid after its deletion, too; "" before its creation.
        cloudformation: A boto3 client.
    """

    def __init__(self, client: Callable[[str], Any], name: str, directory: Path) -> None:
        """Create the functions that the stacks of an engine share, unless they exist."""
        self.name = name
        self.stack_id = ""
        self.cloudformation = client("cloudformation")
        self._directory = directory
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", _CODE)
        functions, roles = client("lambda"), client("iam")
        if _ROLE not in [each["RoleName"] for each in roles.list_roles()["Roles"]]:
            roles.create_role(RoleName=_ROLE, AssumeRolePolicyDocument="{}")
        names = [each["FunctionName"] for each in functions.list_functions()["Functions"]]
        for each in ("scripted", "another"):
            if each not in names:
                functions.create_function(
                    FunctionName=each,
                    Runtime="python3.13",
                    Role=f"arn:aws:iam::000000000000:role/{_ROLE}",
                    Handler="index.handler",
                    Code={"ZipFile": packed.getvalue()},
                    Timeout=60,
                )

    def template(self, resources: Mapping[str, Mapping[str, Any]]) -> str:
        """Return a template of resources with the given properties; DependsOn and Function aren't properties."""
        made: dict[str, Any] = {}
        for logical_id, given in resources.items():
            properties = {key: value for key, value in given.items() if key != "DependsOn"}
            function = properties.pop("Function", "scripted")
            made[logical_id] = {
                "Type": "Custom::Scripted",
                "Properties": {
                    "ServiceToken": f"arn:aws:lambda:us-east-1:000000000000:function:{function}",
                    "Directory": str(self._directory),
                    "Id": f"{self.name}-{logical_id}",
                    **properties,
                },
                **{key: value for key, value in given.items() if key == "DependsOn"},
            }
        return json.dumps({"Resources": made})

    def create(self, **resources: Mapping[str, Any]) -> None:
        """Start creating the stack."""
        created = self.cloudformation.create_stack(StackName=self.name, TemplateBody=self.template(resources))
        self.stack_id = created["StackId"]

    def update(self, **resources: Mapping[str, Any]) -> None:
        """Start updating the stack."""
        self.cloudformation.update_stack(StackName=self.name, TemplateBody=self.template(resources))

    def release(self, hold: str) -> None:
        """Let the invocations that wait for a name respond."""
        (self._directory / hold).touch()

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests so far, oldest first."""
        return self._recorded("requested")

    def responded(self) -> list[dict[str, Any]]:
        """Return the requests that got a response so far, oldest first."""
        return self._recorded("responded")

    def _recorded(self, what: str) -> list[dict[str, Any]]:
        found = sorted(self._directory.glob(f"{what}-*.json"), key=lambda path: int(path.name.split("-")[1]))
        return [json.loads(path.read_text()) for path in found]

    def sent(self) -> list[tuple[str, str, str]]:
        """Return the type, logical id and physical id of each request."""
        return [
            (each["RequestType"], each["LogicalResourceId"], each.get("PhysicalResourceId", ""))
            for each in self.requests()
        ]

    def wait_for_request(self, kind: str, logical_id: str, *, times: int = 1) -> dict[str, Any]:
        """Wait for so many requests of a type to a resource, and return the last one."""

        def found() -> list[dict[str, Any]]:
            return [
                each
                for each in self.requests()
                if (each["RequestType"], each["LogicalResourceId"]) == (kind, logical_id)
            ]

        self.wait(lambda: len(found()) >= times)
        return found()[-1]

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, and fail if that takes long."""
        ends_at = time.monotonic() + _BOUND
        while not condition():
            assert time.monotonic() < ends_at, (self.sent(), self.events())
            time.sleep(0.05)

    def status(self) -> str:
        """Return the stack's status."""
        return str(self.cloudformation.describe_stacks(StackName=self.stack_id)["Stacks"][0]["StackStatus"])

    def wait_until_done(self) -> str:
        """Wait for the end of the operation, and return the stack's status."""
        self.wait(lambda: not self.status().endswith("_IN_PROGRESS"))
        return self.status()

    def resource(self, logical_id: str) -> dict[str, Any]:
        """Return a resource as DescribeStackResource shows it."""
        found = self.cloudformation.describe_stack_resource(StackName=self.stack_id, LogicalResourceId=logical_id)
        return dict(found["StackResourceDetail"])

    def listed(self) -> dict[str, tuple[str, str]]:
        """Return the physical id and status of each resource, as ListStackResources shows them."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.stack_id)
        return {
            each["LogicalResourceId"]: (each.get("PhysicalResourceId", ""), each["ResourceStatus"])
            for page in pages
            for each in page["StackResourceSummaries"]
        }

    def events(self, logical_id: str = "") -> list[tuple[str, str]]:
        """Return the events of a resource, or of the stack, oldest first: status and reason."""
        found = self.cloudformation.describe_stack_events(StackName=self.stack_id)["StackEvents"]
        return [
            (each["ResourceStatus"], each.get("ResourceStatusReason", ""))
            for each in reversed(found)
            if each["LogicalResourceId"] == (logical_id or self.name)
        ]
