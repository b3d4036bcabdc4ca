"""The metric ``Running``: whether each builder runs, and nothing where that isn't known."""

import json

import pytest

from running_image_builder_function.observability.running_metric import (
    RunningMetric,
    RunningMetricFailed,
    asks_for_running_metric,
)
from support.fake_appstream import FUNCTION_ARN, NAME, FakeAppStream
from support.lambda_harness import LambdaHarness


def measure(harness: LambdaHarness, *names: str) -> dict[str, str]:
    """Let the function measure builders, as the rule does."""
    measuring = RunningMetric(
        builders=harness.appstream.builders, metrics=harness.metrics, clock=harness.appstream.clock
    )
    event = {"MeasureImageBuilders": list(names)}
    assert asks_for_running_metric(event)
    return measuring(event)


@pytest.mark.parametrize(
    ("state", "running"), [("RUNNING", 1), ("STOPPED", 0), ("PENDING", 0), ("SNAPSHOTTING", 0), ("STOPPING", 0)]
)
def test_a_builder_is_measured(harness: LambdaHarness, appstream: FakeAppStream, state: str, running: int) -> None:
    """By function and builder; nothing is started or stopped, and no response is sent."""
    appstream.put(state)

    assert {NAME: state} == measure(harness, NAME)

    (line,) = [json.loads(each) for each in harness.lines]
    assert [["FunctionName", "ImageBuilder"]] == line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert (running, state, NAME) == (line["Running"], line["State"], line["ImageBuilder"])
    assert FUNCTION_ARN.endswith(f":{line['FunctionName']}")
    assert ["DescribeImageBuilders"] == appstream.calls()
    assert [] == harness.responses


def test_a_builder_that_is_gone_does_not_run(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It costs nothing any more. A second description, ten seconds later, doesn't find it either."""
    assert {NAME: "", "other": ""} == measure(harness, NAME, "other")

    assert [(0, "NONE")] * 2 == [(line["Running"], line["State"]) for line in map(json.loads, harness.lines)]
    assert ["DescribeImageBuilders"] * 4 == appstream.calls()
    assert 10 <= appstream.elapsed() < 20


@pytest.mark.parametrize("then", [(1, "RUNNING"), None])
def test_one_description_that_finds_nothing_is_no_measurement(
    harness: LambdaHarness, appstream: FakeAppStream, then: tuple[int, str] | None
) -> None:
    """A 0 would end the alarm of a builder that runs; where the second one fails, nothing is recorded."""

    def appear() -> None:
        appstream.put("RUNNING")
        if then is None:
            appstream.fault("throttle", "Describe", times=1)

    appstream.clock.later(5, appear)

    if then is None:
        with pytest.raises(RunningMetricFailed):
            measure(harness, NAME)
    else:
        assert {NAME: "RUNNING"} == measure(harness, NAME)

    measured = [(line["Running"], line["State"]) for line in map(json.loads, harness.lines)]
    assert ([] if then is None else [then]) == measured


def test_a_failed_description_is_an_error_after_the_others(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Lambda tries again and counts it; a guess would silence or raise an alarm."""
    appstream.put("RUNNING")
    appstream.fault("throttle", "Describe", times=2)

    message = r"^could not be measured: a: appstream:\S+ Thr[^;]+; b: appstream:\S+ Thr[^;]+$"
    with pytest.raises(RunningMetricFailed, match=message):
        measure(harness, "a", "b", NAME)

    assert [NAME] == [json.loads(line)["ImageBuilder"] for line in harness.lines]


def test_nothing_to_measure_is_nothing_to_do(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A rule can be without builders for a moment."""
    assert {} == measure(harness)

    assert [] == appstream.calls()


@pytest.mark.parametrize(
    "event", [{"RequestType": "Create", "MeasureImageBuilders": [NAME]}, {}, {"MeasureImageBuilders": NAME}, None, []]
)
def test_nothing_else_is_taken_for_a_measurement(event: object) -> None:
    """CloudFormation's requests need a response."""
    assert not asks_for_running_metric(event)
