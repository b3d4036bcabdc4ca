"""Drives an approach as its users would: deploys a stack, or runs a script."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from appstream_benchmarks import baselines
from appstream_benchmarks.baselines.names import SCRIPT, builder_names, stack_name
from appstream_benchmarks.deploys.testbed import Testbed

_SCRIPT_FILE = Path(baselines.__file__).with_name("shell_script.sh")
# The AWS CLI has a virtual environment of its own, since it pins another botocore than boto3 does.
_AWS_CLI = Path(sys.prefix) / "awscli" / "bin"

_POLL_SECONDS = 0.5
_TIMEOUT_SECONDS = 600.0
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one run of a driver.

    Attributes:
        succeeded: Whether it succeeded.
        began: When each custom resource began, by its builder's name or else its logical id; epoch seconds.
        completed: When each builder's resource was complete; only those that were.
        outputs: The stack's outputs.
    """

    succeeded: bool
    began: dict[str, float]
    completed: dict[str, float]
    outputs: dict[str, str]


class Driver(Protocol):
    """One use of an approach, for a fixed set of builders."""

    names: list[str]

    def create(self) -> Outcome:
        """Deploy for the first time."""

    def update(self, trigger: str) -> Outcome:
        """Deploy again, with another value of the trigger."""

    def delete(self) -> float | None:
        """Delete, and return how long that took in seconds; None where there is nothing to delete."""


def driver(testbed: Testbed, variant: str, *, size: int = 1, suffix: str = "") -> Driver:
    """Return the driver of a testbed's approach.

    Args:
        testbed: A started testbed.
        variant: Which of the approach's templates.
        size: The template's number of builders.
        suffix: Ends the stack's name, so that one template can be deployed as several stacks.
    """
    name = stack_name(testbed.approach, variant)
    names = builder_names(name, size)
    return ScriptDriver(testbed, names) if testbed.approach == SCRIPT else StackDriver(testbed, name, names, suffix)


class ScriptDriver:
    """Runs the shell script: all builders are complete when it ends."""

    def __init__(self, testbed: Testbed, names: list[str]) -> None:
        self.names = names
        self._environment = dict(testbed.engine.environment)
        self._environment["PATH"] = os.pathsep.join([str(_AWS_CLI), self._environment["PATH"]])

    def create(self) -> Outcome:
        """Run it."""
        began = time.time()
        done = subprocess.run(
            ["sh", str(_SCRIPT_FILE), *self.names], env=self._environment, capture_output=True, text=True, check=False
        )
        succeeded = done.returncode == 0
        return Outcome(
            succeeded=succeeded,
            began=dict.fromkeys(self.names, began),
            completed=dict.fromkeys(self.names, time.time()) if succeeded else {},
            outputs={"State": done.stdout.strip()} if succeeded else {},
        )

    def update(self, _trigger: str) -> Outcome:
        """Run it again."""
        return self.create()

    def delete(self) -> None:
        """Do nothing."""


class StackDriver:
    """Deploys a stack with CloudFormation calls on its synthesized template, and reads the stack's events."""

    def __init__(self, testbed: Testbed, name: str, names: list[str], suffix: str) -> None:
        self.names = names
        self._cloudformation = testbed.client("cloudformation")
        self._s3 = testbed.client("s3")
        self._template = testbed.assembly / f"{name}.template.json"
        self._stack = name + suffix

    def create(self) -> Outcome:
        """Create the stack, and wait for its end or the start of its rollback.

        How long a rollback takes says little: the engine deletes one resource after the other, and crhelper sleeps for
        two minutes in each delete.
        """
        # The larger templates don't fit into a call.
        bucket = self._s3.list_buckets()["Buckets"][0]["Name"]
        self._s3.put_object(Bucket=bucket, Key=self._template.name, Body=self._template.read_bytes())
        url = f"{self._s3.meta.endpoint_url}/{bucket}/{self._template.name}"
        since = time.time()
        self._cloudformation.create_stack(StackName=self._stack, TemplateURL=url, Capabilities=_CAPABILITIES)
        return self._outcome(since, self._wait(self._stack, until="ROLLBACK_IN_PROGRESS"))

    def update(self, trigger: str) -> Outcome:
        """Update the stack with another value of its parameter, and wait for the end."""
        since = time.time()
        self._cloudformation.update_stack(
            StackName=self._stack,
            UsePreviousTemplate=True,
            Parameters=[{"ParameterKey": "Trigger", "ParameterValue": trigger}],
            Capabilities=_CAPABILITIES,
        )
        return self._outcome(since, self._wait(self._stack))

    def delete(self) -> float:
        """Delete the stack, wait for the end, and return how long that took in seconds."""
        stack_id = self._describe(self._stack)["StackId"]
        since = time.time()
        self._cloudformation.delete_stack(StackName=stack_id)
        if (status := self._wait(stack_id)["StackStatus"]) != "DELETE_COMPLETE":
            raise RuntimeError(f"stack {self._stack} was not deleted: it is {status}")
        return time.time() - since

    def _describe(self, stack: str) -> dict[str, Any]:
        return dict(self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0])

    def _wait(self, stack: str, *, until: str = "") -> dict[str, Any]:
        """Return the stack's description when nothing is in progress, it has that status, or time is up."""
        give_up_at = time.time() + _TIMEOUT_SECONDS
        while (found := self._describe(stack))["StackStatus"].endswith("_IN_PROGRESS"):
            if found["StackStatus"] == until or time.time() > give_up_at:
                break
            time.sleep(_POLL_SECONDS)
        return found

    def _outcome(self, since: float, stack: dict[str, Any]) -> Outcome:
        began: dict[str, float] = {}
        completed: dict[str, float] = {}
        names: dict[str, str] = {}
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._stack)
        for event in sorted(
            (each for page in pages for each in page["StackEvents"]), key=lambda each: each["Timestamp"]
        ):
            at, status, logical_id = event["Timestamp"].timestamp(), event["ResourceStatus"], event["LogicalResourceId"]
            # The engine's events have whole milliseconds.
            if at < since - 0.001 or not event["ResourceType"].startswith("Custom::"):
                continue
            if status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                began[logical_id] = at
            elif status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                completed[logical_id] = at
                names[logical_id] = event["PhysicalResourceId"]
        return Outcome(
            succeeded=stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"),
            began={names.get(each, each): at for each, at in began.items()},
            completed={names[each]: at for each, at in completed.items()},
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
        )
