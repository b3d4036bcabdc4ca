"""Measures how long CloudFormation took, from a stack's events.

`cdk deploy` polls a stack every five seconds, so its own time says little about a short update. A
child process reads the events, because boto3 would use the user's configuration in this one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from appstream_local.process.engine import Engine

_TIMEOUT = 60.0
_STACK = "AWS::CloudFormation::Stack"


class StackEventsError(Exception):
    """The events can't be read; the text is one line."""


def last_operation_seconds(engine: Engine, stack: str) -> float:
    """Return how long the stack's last finished create, update or delete took, in seconds.

    Raises:
        StackEventsError: there are no such events, or the engine doesn't respond.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, stack],
            env=engine.environment,
            cwd=engine.state_dir,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=True,
        )
        return float(done.stdout)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StackEventsError(f"cannot read the events of stack {stack}: {reason}") from None
    except subprocess.TimeoutExpired:
        raise StackEventsError(f"no events of stack {stack} within {_TIMEOUT:.0f} s") from None


def seconds_of_last_operation(events: Iterable[Mapping[str, Any]]) -> float:
    """Return the time from the newest finished operation's first event to its last, in seconds.

    Args:
        events: the events of DescribeStackEvents, the newest first.

    Raises:
        ValueError: no operation has finished.
    """
    end = None
    for event in events:
        if event["ResourceType"] != _STACK or event["PhysicalResourceId"] != event["StackId"]:
            continue
        if event["ResourceStatus"].endswith("_IN_PROGRESS"):
            # An update's cleanup is IN_PROGRESS, too, but isn't its first event.
            if end is not None and "CLEANUP" not in event["ResourceStatus"]:
                return float((end - event["Timestamp"]).total_seconds())
        elif end is None:
            end = event["Timestamp"]
    raise ValueError("no finished operation")


def main() -> None:
    """Print the seconds for the stack on the command line."""
    import boto3

    client = boto3.client("cloudformation")
    print(seconds_of_last_operation(client.describe_stack_events(StackName=sys.argv[1])["StackEvents"]))


if __name__ == "__main__":
    main()
