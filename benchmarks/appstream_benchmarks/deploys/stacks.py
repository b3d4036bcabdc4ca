"""Deploys a contender's stack with CloudFormation calls on its synthesized template, and reads its events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOOK_EVERY = 0.5
_AT_MOST = 600.0
_CUSTOM = "Custom::"
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]


@dataclass(frozen=True)
class Ended:
    """What became of one stack operation.

    Attributes:
        status: The stack's status.
        began: When each custom resource began, by its builder's name or else its logical id; epoch seconds.
        completed: When each was complete; only those that were.
        reasons: Why resources failed.
        outputs: The stack's outputs.
    """

    status: str
    began: dict[str, float]
    completed: dict[str, float]
    reasons: list[str]
    outputs: dict[str, str]

    @property
    def worked(self) -> bool:
        """Whether the operation succeeded."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class Stack:
    """One stack of an assembly.

    Args:
        cloudformation: The client.
        s3: The client that puts the template where CloudFormation reads it; the larger ones do not fit into a call.
        assembly: Where the template is.
        name: The stack's name, which is the template's too.
    """

    def __init__(self, cloudformation: Any, s3: Any, assembly: Path, name: str) -> None:
        self._cloudformation = cloudformation
        self._name = name
        self._s3 = s3
        self._template = assembly / f"{name}.template.json"

    def create(self) -> Ended:
        """Create it, and wait for the end; that of a failure is its rollback's begin.

        How long a rollback takes would say little: the engine deletes one resource after the other, and crhelper lets
        each delete sleep for two minutes.
        """
        bucket = self._s3.list_buckets()["Buckets"][0]["Name"]
        self._s3.put_object(Bucket=bucket, Key=self._template.name, Body=self._template.read_bytes())
        url = f"{self._s3.meta.endpoint_url}/{bucket}/{self._template.name}"
        since = time.time()
        self._cloudformation.create_stack(StackName=self._name, TemplateURL=url, Capabilities=_CAPABILITIES)
        return self._ended(since, rolls_back="ROLLBACK_IN_PROGRESS")

    def update(self, trigger: str) -> Ended:
        """Update it with another value for its parameter, and wait for the end."""
        since = time.time()
        self._cloudformation.update_stack(
            StackName=self._name,
            UsePreviousTemplate=True,
            Parameters=[{"ParameterKey": "Trigger", "ParameterValue": trigger}],
            Capabilities=_CAPABILITIES,
        )
        return self._ended(since)

    def delete(self) -> float:
        """Delete it, wait for the end, and return how long it took in seconds."""
        stack_id = self._look()["StackId"]
        since = time.time()
        self._cloudformation.delete_stack(StackName=stack_id)
        while self._look(stack_id)["StackStatus"] != "DELETE_COMPLETE":
            if time.time() - since > _AT_MOST:
                raise TimeoutError(f"stack {self._name} was not deleted within {_AT_MOST:.0f} s")
            time.sleep(_LOOK_EVERY)
        return time.time() - since

    def _look(self, stack: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self._cloudformation.describe_stacks(StackName=stack or self._name)["Stacks"][0]
        return found

    def _ended(self, since: float, *, rolls_back: str = "") -> Ended:
        while (stack := self._look())["StackStatus"].endswith("_IN_PROGRESS") and stack["StackStatus"] != rolls_back:
            if time.time() - since > _AT_MOST:
                break  # its status tells that it did not work, and the other measurements go on
            time.sleep(_LOOK_EVERY)
        began: dict[str, float] = {}
        completed: dict[str, float] = {}
        reasons: list[str] = []
        names: dict[str, str] = {}
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._name)
        events = [event for page in pages for event in page["StackEvents"]]
        for event in sorted(events, key=lambda each: each["Timestamp"]):
            at, status, logical_id = event["Timestamp"].timestamp(), event["ResourceStatus"], event["LogicalResourceId"]
            # The engine's events have whole milliseconds.
            if at < since - 0.001:
                continue
            if status.endswith("_FAILED"):
                reasons.append(str(event.get("ResourceStatusReason", "")))
            if not event["ResourceType"].startswith(_CUSTOM):
                continue
            if status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                began[logical_id] = at
            elif status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                completed[logical_id] = at
                names[logical_id] = event["PhysicalResourceId"]
        return Ended(
            status=stack["StackStatus"],
            began={names.get(each, each): at for each, at in began.items()},
            completed={names[each]: at for each, at in completed.items()},
            reasons=reasons,
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
        )
