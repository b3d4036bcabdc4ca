"""What a measurement tells of builders: whether each one runs, and nothing where that is not known."""

import json

import pytest

from running_image_builder_function.observability.running_metric import Measuring, NotMeasured, asks_to_measure
from support.lambda_side import LambdaSide
from support.world import FUNCTION_ARN, NAME, World


def measure(side: LambdaSide, *names: str) -> dict[str, str]:
    """Let the function measure builders, as the rule does."""
    measuring = Measuring(builders=side.world.builders, metrics=side.metrics, clock=side.world.clock)
    event = {"MeasureImageBuilders": list(names)}
    assert asks_to_measure(event)
    return measuring(event)


@pytest.mark.parametrize(
    ("state", "running"), [("RUNNING", 1), ("STOPPED", 0), ("PENDING", 0), ("SNAPSHOTTING", 0), ("STOPPING", 0)]
)
def test_a_builder_is_measured(side: LambdaSide, world: World, state: str, running: int) -> None:
    """By function and builder; nothing is started, stopped or answered."""
    world.put(state)

    assert {NAME: state} == measure(side, NAME)

    (line,) = [json.loads(each) for each in side.lines]
    assert [["FunctionName", "ImageBuilder"]] == line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert (running, state, NAME) == (line["Running"], line["State"], line["ImageBuilder"])
    assert FUNCTION_ARN.endswith(f":{line['FunctionName']}")
    assert ["DescribeImageBuilders"] == world.calls()
    assert [] == side.answers


def test_a_builder_that_is_gone_does_not_run(side: LambdaSide, world: World) -> None:
    """It costs nothing any more."""
    assert {NAME: ""} == measure(side, NAME)

    assert [(0, "NONE")] == [(line["Running"], line["State"]) for line in map(json.loads, side.lines)]


def test_what_cannot_be_looked_at_is_an_error_after_the_others(side: LambdaSide, world: World) -> None:
    """Lambda tries again and counts it; a guess would silence or raise an alarm."""
    world.put("RUNNING")
    world.fault("throttle", "Describe", times=2)

    told = r"^could not be measured: a: appstream:\S+ Thr[^;]+; b: appstream:\S+ Thr[^;]+$"
    with pytest.raises(NotMeasured, match=told):
        measure(side, "a", "b", NAME)

    assert [NAME] == [json.loads(line)["ImageBuilder"] for line in side.lines]


def test_nothing_to_measure_is_nothing_to_do(side: LambdaSide, world: World) -> None:
    """A rule can be without builders for a moment."""
    assert {} == measure(side)

    assert [] == world.calls()


@pytest.mark.parametrize(
    "event", [{"RequestType": "Create", "MeasureImageBuilders": [NAME]}, {}, {"MeasureImageBuilders": NAME}, None, []]
)
def test_nothing_else_is_taken_for_a_measurement(event: object) -> None:
    """CloudFormation's requests must be answered."""
    assert not asks_to_measure(event)
