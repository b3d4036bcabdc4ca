"""Lambda's entry point: wires the function to boto3, the clock and chance; holds no logic."""

import os
import random
import time

import boto3

from running_image_builder_function.appstream import AppStream
from running_image_builder_function.aws_errors import CONFIG
from running_image_builder_function.function import Function
from running_image_builder_function.stacks import Stacks
from running_image_builder_function.successor import Successor

_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def _log_level() -> str:
    """Return the level set on the function; Lambda's TRACE has no counterpart in Python and becomes DEBUG."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO").upper()
    return level if level in _LEVELS else "DEBUG" if level == "TRACE" else "INFO"


handler = Function(
    builders=AppStream(lambda: boto3.client("appstream", config=CONFIG)),
    ended=Stacks(lambda: boto3.client("cloudformation", config=CONFIG)).ended,
    invoke=Successor(lambda: boto3.client("lambda", config=CONFIG)).invoke,
    clock=time,
    random=random.random,
    log_level=_log_level(),
)
"""What Lambda calls."""
