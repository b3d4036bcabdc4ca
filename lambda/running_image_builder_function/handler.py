"""Lambda's entry point: wires the function to boto3, the clock and random numbers."""

import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3

from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.client import CONFIG
from running_image_builder_function.aws.cloudformation import CloudFormation
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import EventBridgeScheduler
from running_image_builder_function.custom_resource.function import CustomResourceFunction
from running_image_builder_function.custom_resource.time_limits import LambdaContext
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.observability.running_metric import RunningMetric, asks_for_running_metric

_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def _log_level() -> str:
    """Return the level set on the function; Lambda's TRACE has no counterpart in Python and becomes DEBUG."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO").upper()
    return level if level in _LEVELS else "DEBUG" if level == "TRACE" else "INFO"


def _write(line: str) -> None:
    """Write one line to standard output at once: Lambda makes one log event of it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _client(service: str) -> Callable[[], Any]:
    make: Any = boto3.client  # its stubs know only literal names
    return lambda: make(service, config=CONFIG)


_builders = AppStream(_client("appstream"))
_metrics = Metrics(_write, function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))

running_metric = RunningMetric(builders=_builders, metrics=_metrics, clock=time)

custom_resource = CustomResourceFunction(
    builders=_builders,
    schedules=EventBridgeScheduler(_client("scheduler")),
    stacks=CloudFormation(_client("cloudformation")),
    invoke=SelfInvoker(_client("lambda")).invoke,
    clock=time,
    random=random.random,
    metrics=_metrics,
    log_level=_log_level(),
)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str] | None:
    """Handle a request of CloudFormation's, or the rule's event that asks for the metric ``Running``."""
    if asks_for_running_metric(event):
        return running_metric(event)
    custom_resource(event, context)
    return None
