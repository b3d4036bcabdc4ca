"""What Lambda imports: cheap, wired to the real parts, with the log level that the function is set to."""

import importlib
import json
import os
import random
import subprocess
import sys
import time
from types import ModuleType
from typing import Any

import boto3
import pytest

from running_image_builder_function import contract
from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.client import CONFIG
from running_image_builder_function.cloudformation.response import https_put
from running_image_builder_function.model.errors import AwsCallError
from running_image_builder_function.model.image_builder import ImageBuilder
from support.lambda_harness import STACK_ID, FakeContext, event
from support.virtual_time import VirtualClock


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """Return every client that is made from now on, with its configuration; none is a real one."""
    made: list[tuple[str, object]] = []

    def client(service: str, *, config: object = None, **_: Any) -> None:
        made.append((service, config))

    monkeypatch.setattr(boto3, "client", client)
    return made


def imported() -> ModuleType:
    """Return the module as a cold start imports it."""
    return importlib.reload(importlib.import_module("running_image_builder_function.handler"))


def test_an_import_makes_no_client(clients: list[tuple[str, object]]) -> None:
    """Each one costs time at every cold start, needed or not."""
    imported()

    assert [] == clients


def test_the_handler_is_found_where_the_construct_says() -> None:
    """The setting is the module, then the callable."""
    module, _, name = contract.HANDLER.rpartition(".")

    assert callable(getattr(importlib.import_module(module), name))


def test_the_handler_is_wired_to_the_real_parts(clients: list[tuple[str, object]]) -> None:
    """Real time, real random numbers, real HTTPS, and clients that leave retries to the reconcile loop."""
    parts = vars(imported().custom_resource)

    assert (time, random.random, https_put) == (parts["_clock"], parts["_random"], parts["_put"])
    assert isinstance(parts["_calls"].builders, AppStream)
    for call in (
        lambda: parts["_calls"].builders.stop("any"),
        lambda: parts["_calls"].schedules.find("any"),
        lambda: parts["_stacks"].resource(STACK_ID, "any"),
        lambda: parts["_invoke"]("any", {}),
    ):
        with pytest.raises((AttributeError, AwsCallError), match="NoneType"):
            call()
    assert [(each, CONFIG) for each in ("appstream", "scheduler", "cloudformation", "lambda")] == clients


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, "INFO"),
        ("DEBUG", "DEBUG"),
        ("info", "INFO"),
        ("WARN", "WARN"),
        ("ERROR", "ERROR"),
        ("FATAL", "FATAL"),
        ("TRACE", "DEBUG"),
        ("LOUD", "INFO"),
    ],
)
def test_the_log_level_is_the_one_set_on_the_function(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, expected: str
) -> None:
    """Lambda passes it in an environment variable; what Python does not know becomes what it does."""
    if setting is None:
        monkeypatch.delenv("AWS_LAMBDA_LOG_LEVEL", raising=False)
    else:
        monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", setting)

    assert expected == vars(vars(imported().custom_resource)["_resource"])["_log_level"]


def test_a_delete_that_leaves_the_builder_makes_no_client(
    clients: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the real handler, with nothing but the sending replaced."""
    module = imported()
    sent: list[bytes] = []

    def put(url: str, body: bytes, /) -> int:
        sent.append(body)
        return 200

    monkeypatch.setattr(module.custom_resource, "_put", put)
    module.handler(event("Delete"), FakeContext(VirtualClock(time.time())))

    assert [] == clients
    assert 1 == len(sent)


def test_the_running_metric_goes_to_standard_output(
    clients: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the function's name, which Lambda puts into the environment."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "the-function")
    module = imported()
    monkeypatch.setattr(
        vars(module.running_metric)["_builders"], "describe", lambda name: ImageBuilder({"State": "STOPPED"})
    )

    assert {"any": "STOPPED"} == module.handler(
        {"MeasureImageBuilders": ["any"]}, FakeContext(VirtualClock(time.time()))
    )

    (line,) = capsys.readouterr().out.splitlines()
    assert ("the-function", "any", 0) == tuple(
        json.loads(line)[key] for key in ("FunctionName", "ImageBuilder", "Running")
    )
    assert [] == clients


def test_the_function_needs_nothing_but_boto3_and_crhelper() -> None:
    """Its package holds no more; what it imports is Lambda's or its own."""
    code = (
        "import sys; before = set(sys.modules); import running_image_builder_function.handler; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"}
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)

    boto3_brings = {"botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
    allowed = {"boto3", "crhelper", "running_image_builder_function", *boto3_brings, *sys.stdlib_module_names}
    assert {"running_image_builder_function"} <= set(run.stdout.split())
    assert set() == {name for name in run.stdout.split() if not name.startswith("_")} - allowed
