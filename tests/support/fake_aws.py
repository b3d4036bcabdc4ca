"""AWS as the commands see it, in virtual time: one builder, one stack, one log group; each service can be denied."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import ClientError

from support.fake_appstream import NAME
from support.virtual_time import VirtualClock

STACK = "stack-1"
STACK_ID = f"arn:aws:cloudformation:eu-central-1:123456789012:stack/{STACK}/1"
LOGICAL_ID = "Builder"
GROUP = "group-1"
ADDRESS = {"NetworkAccessConfiguration": {"EniPrivateIpAddress": "10.0.0.7"}}
RESOURCE = "Custom::AppStreamRunningImageBuilder"
TEMPLATE: dict[str, Any] = {
    "Resources": {
        LOGICAL_ID: {
            "Type": RESOURCE,
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "Name": NAME, "TimeoutSeconds": 600},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"LoggingConfig": {"LogGroup": {"Ref": "LogGroup"}}},
        },
    }
}


Run = Callable[..., tuple[int, list[str]]]
"""Runs a command with options: its exit code and the lines it prints."""


class FakeAws:
    """The calls that the commands make.

    Attributes:
        clock: The time.
        builder: The builder's fields; None where it does not exist.
        template: The stack's template.
        events: The stack's events, oldest first.
        log: The function's log events, oldest first.
        denied: The services that refuse every call.
        errors: What the next calls of AppStream raise.
        calls: The operations called.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.builder: dict[str, Any] | None = {"Name": NAME, "State": "STOPPED"}
        self.template: Any = TEMPLATE
        self.events: list[dict[str, Any]] = []
        self.log: list[dict[str, Any]] = []
        self.denied: set[str] = set()
        self.errors: list[Exception] = []
        self.calls: list[str] = []

    def client(self, service: str) -> Any:
        """Return a client."""
        return _Client(self, service)

    def state(self, state: str, **fields: Any) -> None:
        """Put the builder into a state."""
        self.builder = {"Name": NAME, **(self.builder or {}), "State": state, **fields}

    def stack_event(self, status: str) -> None:
        """Let something happen to the stack itself."""
        self._event(STACK, "AWS::CloudFormation::Stack", status, STACK_ID, "")

    def event(self, status: str, reason: str = "") -> None:
        """Let something happen to the custom resource."""
        self._event(LOGICAL_ID, RESOURCE, status, NAME if status.endswith("COMPLETE") else "", reason)

    def says(self, message: str, *, state: str, remaining: float, invocation: int = 1) -> None:
        """Let the function log a line, as Lambda's JSON format makes it."""
        fields = {
            "timestamp": "2027-01-15T08:00:00Z",
            "level": "INFO",
            "message": f"{NAME}: {message}",
            "logger": "running_image_builder",
            "requestId": "1",
            "builder": NAME,
            "state": state,
            "elapsedSeconds": 600 - remaining,
            "remainingSeconds": remaining,
            "invocation": invocation,
        }
        self.log.append({"timestamp": int(self.clock.now * 1000), "message": json.dumps(fields)})

    def says_plainly(self, message: str) -> None:
        """Let the function log a line, as Lambda's text format makes it."""
        line = f"[INFO]\t2027-01-15T08:00:00.123Z\t5a1b6b1e-0000-0000-0000-000000000000\t{message}\n"
        self.log.append({"timestamp": int(self.clock.now * 1000), "message": line})

    def _event(self, logical_id: str, kind: str, status: str, physical_id: str, reason: str) -> None:
        self.events.append(
            {
                "StackId": STACK_ID,
                "StackName": STACK,
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": physical_id,
                "ResourceType": kind,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
                "Timestamp": datetime.fromtimestamp(self.clock.now, tz=timezone.utc),
            }
        )


def begin(aws: FakeAws) -> None:
    """Let a create come to the builder."""
    aws.stack_event("CREATE_IN_PROGRESS")
    aws.event("CREATE_IN_PROGRESS")


def finish(aws: FakeAws) -> None:
    """Let the builder run, and the create end."""
    aws.state("RUNNING", **ADDRESS)
    aws.event("CREATE_COMPLETE")
    aws.stack_event("CREATE_COMPLETE")


def refusal(code: str, operation: str) -> ClientError:
    """Return an error as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": "No."}}, operation)


class _Client:
    def __init__(self, aws: FakeAws, service: str) -> None:
        self._aws = aws
        self._service = service

    def _called(self, operation: str) -> None:
        self._aws.calls.append(operation)
        if self._service in self._aws.denied:
            raise refusal("AccessDeniedException", operation)

    def describe_image_builders(self, *, Names: list[str]) -> Any:  # noqa: N803
        self._called("DescribeImageBuilders")
        if self._aws.errors:
            raise self._aws.errors.pop(0)
        if self._aws.builder is None or Names != [NAME]:
            raise refusal("ResourceNotFoundException", "DescribeImageBuilders")
        return {"ImageBuilders": [self._aws.builder]}

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        self._called("DescribeStacks")
        if not self._aws.events or StackName not in (STACK, STACK_ID):
            raise refusal("ValidationError", "DescribeStacks")
        return {"Stacks": [{"StackName": STACK, "Parameters": [{"ParameterKey": "P", "ParameterValue": NAME}]}]}

    def describe_stack_resources(self, *, PhysicalResourceId: str) -> Any:  # noqa: N803
        self._called("DescribeStackResources")
        known = [each for each in self._aws.events if each["PhysicalResourceId"] == PhysicalResourceId]
        if not known:
            raise refusal("ValidationError", "DescribeStackResources")
        return {"StackResources": known[-1:]}

    def get_template(self, *, StackName: str) -> Any:  # noqa: N803
        self._called("GetTemplate")
        return {"TemplateBody": self._aws.template}

    def get_paginator(self, operation: str) -> "_Paginator":
        return _Paginator(self, self._aws, operation)


class _Paginator:
    def __init__(self, client: _Client, aws: FakeAws, operation: str) -> None:
        self._client = client
        self._aws = aws
        self._operation = operation

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        self._client._called(self._operation)
        if self._operation == "list_stacks":
            stack = [each for each in self._aws.events if each["LogicalResourceId"] == STACK][-1:]
            going_on = [each for each in stack if each["ResourceStatus"] in arguments["StackStatusFilter"]]
            yield {"StackSummaries": [{"StackId": STACK_ID, "CreationTime": each["Timestamp"]} for each in going_on]}
        elif self._operation == "list_stack_resources":
            yield {"StackResourceSummaries": [{"LogicalResourceId": "LogGroup", "PhysicalResourceId": GROUP}]}
        elif self._operation == "describe_stack_events":
            for event in reversed(self._aws.events):
                yield {"StackEvents": [event]}
        else:
            assert {"logGroupName", "startTime", "filterPattern"} == set(arguments)
            assert (GROUP, f'"{NAME}:"') == (arguments["logGroupName"], arguments["filterPattern"])
            found = [each for each in self._aws.log if f"{NAME}:" in each["message"]]
            yield {"events": [each for each in found if each["timestamp"] >= arguments["startTime"]]}
