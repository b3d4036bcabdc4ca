"""Lambda's entry point: wires the function to boto3, the clock and chance; holds no logic."""

import os
import random
import sys
import time
from typing import Any

import boto3

from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.client import CONFIG
from running_image_builder_function.aws.cloudformation import Stacks
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import Schedules
from running_image_builder_function.custom_resource import Function
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.observability.running_metric import RunningMetric, asks_for_running_metric
from running_image_builder_function.reconcile.ports import LambdaContext

_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def _log_level() -> str:
    """Return the level set on the function; Lambda's TRACE has no counterpart in Python and becomes DEBUG."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO").upper()
    return level if level in _LEVELS else "DEBUG" if level == "TRACE" else "INFO"


def _write(line: str) -> None:
    """Write a line of its own to standard output, at once: Lambda makes one log event of it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


_builders = AppStream(lambda: boto3.client("appstream", config=CONFIG))
_metrics = Metrics(_write, function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))

measuring = RunningMetric(builders=_builders, metrics=_metrics, clock=time)
"""What a rule asks for."""

function = Function(
    builders=_builders,
    schedules=Schedules(lambda: boto3.client("scheduler", config=CONFIG)),
    stacks=Stacks(lambda: boto3.client("cloudformation", config=CONFIG)),
    invoke=SelfInvoker(lambda: boto3.client("lambda", config=CONFIG)).invoke,
    clock=time,
    random=random.random,
    metrics=_metrics,
    log_level=_log_level(),
)
"""What CloudFormation asks for."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str] | None:
    """Take what Lambda delivers to the one that it is for."""
    if asks_for_running_metric(event):
        return measuring(event)
    function(event, context)
    return None
