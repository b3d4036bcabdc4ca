"""The alarms deployed: what EventBridge gives to the function is understood by the real one, and measured."""

import json
from typing import Any

import pytest

from appstream_local.process.admin_client import AdminClient
from support.deployer import Deployer


@pytest.fixture(scope="module")
def resources(deployer: Deployer, engine: Any) -> dict[str, str]:
    """Deploy a builder with both alarms; return the physical ids of the stack's resources by their types."""
    engine.admin.put_image_builder("watched")
    deployer.deploy("Watched").check()
    return {each["ResourceType"]: each["PhysicalResourceId"] for each in deployer.resources("watched")}


def test_the_rule_lets_the_function_measure_the_builder(
    deployer: Deployer, admin: AdminClient, resources: dict[str, str]
) -> None:
    """The rule's own input, given to the deployed function, whose role needs nothing more for it."""
    rule = resources["AWS::Events::Rule"].rsplit("/", 1)[-1]
    (target,) = deployer.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    admin.set_state("watched", "STOPPED")

    answer = deployer.client("lambda").invoke(FunctionName=target["Arn"], Payload=target["Input"].encode())

    assert {"watched": "STOPPED"} == json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer
    assert 1 == admin.image_builder("watched").starts


def test_the_alarms_are_of_the_functions_metrics(deployer: Deployer, resources: dict[str, str]) -> None:
    """By the name of the deployed function."""
    function = resources["AWS::Lambda::Function"]
    alarms = deployer.client("cloudwatch").describe_alarms()["MetricAlarms"]

    found = {
        each["MetricName"]: (each["Namespace"], {d["Name"]: d["Value"] for d in each["Dimensions"]}) for each in alarms
    }
    assert {
        "Running": ("AppStreamRunningImageBuilder", {"FunctionName": function, "ImageBuilder": "watched"}),
        "FailedStarts": ("AppStreamRunningImageBuilder", {"FunctionName": function}),
    } == found
