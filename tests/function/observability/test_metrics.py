"""What an operator can count: one line of CloudWatch's embedded metric format for each request that wanted RUNNING."""

import json
from typing import Any

import pytest

from support.lambda_side import LambdaSide, event
from support.world import FUNCTION_ARN, NAME, World

FUNCTION = FUNCTION_ARN.rsplit(":", 1)[1]
COUNT = "Count"


def told(side: LambdaSide) -> list[dict[str, Any]]:
    """Return each line of standard output, decoded."""
    return [json.loads(line) for line in side.lines]


def values(line: dict[str, Any]) -> dict[str, float]:
    """Return the metrics of a line as CloudWatch finds them: by the names in the directive."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}


def test_a_start_is_counted_with_its_duration(side: LambdaSide, world: World) -> None:
    """One line at the end, in the format that CloudWatch's specification asks for."""
    world.put("STOPPED")

    side.run(event())

    (line,) = told(side)
    duration = line.pop("StartDuration")
    ended_at = line["_aws"].pop("Timestamp")
    assert {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "AppStreamRunningImageBuilder",
                    "Dimensions": [["FunctionName"], ["FunctionName", "ImageBuilder"], ["FunctionName", "LastState"]],
                    "Metrics": [
                        {"Name": "FailedStarts", "Unit": COUNT},
                        {"Name": "SucceededStarts", "Unit": COUNT},
                        {"Name": "StartDuration", "Unit": "Seconds"},
                        {"Name": "HandOvers", "Unit": COUNT},
                    ],
                }
            ]
        },
        "FunctionName": FUNCTION,
        "ImageBuilder": NAME,
        "LastState": "RUNNING",
        "Outcome": "SUCCESS",
        "FailedStarts": 0,
        "SucceededStarts": 1,
        "HandOvers": 0,
    } == line
    assert duration == side.answered_at[0]
    assert int(world.clock.now * 1000) == ended_at


def test_a_duration_is_told_to_a_tenth_of_a_second(side: LambdaSide, world: World) -> None:
    """As the log's fields are."""
    world.put("STOPPED")
    world.builders.latency = 0.0371

    side.run(event())

    (duration,) = [line["StartDuration"] for line in told(side)]
    assert (round(duration, 1), True) == (duration, duration != int(duration))


def test_a_duration_ends_when_the_builder_runs(side: LambdaSide, world: World) -> None:
    """Not when its address is there, or the stop of before can come no more."""
    world.put("STOPPED")
    world.durations(eni_delay=50)

    side.run(event())

    assert [420] == [round(line["StartDuration"]) for line in told(side)]
    assert side.answered_at[0] >= 470


def test_a_builder_that_ran_already_has_no_start_duration(side: LambdaSide, world: World) -> None:
    """A zero would pull the average down."""
    world.put("RUNNING")

    side.run(event("Update"))

    assert [{"FailedStarts": 0, "SucceededStarts": 1, "HandOvers": 0}] == [values(line) for line in told(side)]


def test_a_start_by_somebody_else_has_no_start_duration(side: LambdaSide, world: World) -> None:
    """Nobody knows when it began."""
    world.put("PENDING")
    world.clock.later(50, lambda: world.show(State="RUNNING"))

    side.run(event())

    assert ["StartDuration" in line for line in told(side)] == [False]


def test_hand_overs_are_counted_and_told_once(side: LambdaSide, world: World) -> None:
    """The invocations before the last one write nothing."""
    side.limit = 100
    world.put("STOPPED")

    side.run(event())

    (line,) = told(side)
    assert len(side.handed_over) == line["HandOvers"] > 0


def test_a_failure_is_counted_with_state_and_reason(side: LambdaSide, world: World) -> None:
    """With the reason that CloudFormation shows, to be found in the log by the metric's line."""
    world.put("FAILED")

    answer = side.run(event())

    (line,) = told(side)
    assert {"FailedStarts": 1, "SucceededStarts": 0, "HandOvers": 0} == values(line)
    assert ("FAILED", "FAILED", answer["Reason"]) == (line["Outcome"], line["LastState"], line["Reason"])


def test_a_builder_that_does_not_exist_has_a_state_all_the_same(side: LambdaSide) -> None:
    """CloudWatch drops a line whose dimension is empty."""
    side.run(event())

    assert ["NONE"] == [line["LastState"] for line in told(side)]


def test_bad_properties_are_a_failed_start(side: LambdaSide) -> None:
    """Counted for the function alone: the builder's name may be what is bad."""
    answer = side.run(event(Name="-"))

    (line,) = told(side)
    assert ("FAILED", answer["Reason"]) == (line["Outcome"], line["Reason"])
    assert [["FunctionName"]] == line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert {"FailedStarts": 1, "SucceededStarts": 0} == values(line)


def test_a_request_that_nobody_waits_for_is_no_failed_start(side: LambdaSide, world: World) -> None:
    """An event that Lambda delivers twice, or a create that was cancelled, must not raise an alarm."""
    world.put("STOPPED")
    side.stacks.tell("CREATE_COMPLETE")

    assert "FAILED" == side.run(event())["Status"]

    assert [] == side.lines


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED", "PENDING"])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_delete_is_no_start(side: LambdaSide, world: World, state: str, on_delete: str) -> None:
    """Neither a succeeded nor a failed one."""
    world.put(state)
    world.fault("error", "Stop", code="OperationNotPermittedException", message="No.")

    side.run(event("Delete", OnDelete=on_delete, TimeoutSeconds="60"))

    assert [] == side.lines
