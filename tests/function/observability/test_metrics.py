"""What an operator can count: one line of CloudWatch's embedded metric format for each request that wanted RUNNING."""

import json
from typing import Any

import pytest

from support.fake_appstream import FUNCTION_ARN, NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event

FUNCTION = FUNCTION_ARN.rsplit(":", 1)[1]
COUNT = "Count"


def written(harness: LambdaHarness) -> list[dict[str, Any]]:
    """Return each line of standard output, decoded."""
    return [json.loads(line) for line in harness.lines]


def values(line: dict[str, Any]) -> dict[str, float]:
    """Return the metrics of a line as CloudWatch finds them: by the names in the directive."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}


def test_a_start_is_counted_with_its_duration(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """One line at the end, in the format that CloudWatch's specification asks for."""
    appstream.put("STOPPED")

    harness.run(event())

    (line,) = written(harness)
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
                        {"Name": "SelfInvocations", "Unit": COUNT},
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
        "SelfInvocations": 0,
    } == line
    assert duration == harness.responded_at[0]
    assert int(appstream.clock.now * 1000) == ended_at


def test_a_duration_is_in_tenths_of_a_second(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """As the log's fields are."""
    appstream.put("STOPPED")
    appstream.builders.latency = 0.0371

    harness.run(event())

    (duration,) = [line["StartDuration"] for line in written(harness)]
    assert (round(duration, 1), True) == (duration, duration != int(duration))


def test_a_duration_ends_when_the_builder_runs(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Not when its address is there, or the stop of before can come no more."""
    appstream.put("STOPPED")
    appstream.durations(eni_delay=50)

    harness.run(event())

    assert [420] == [round(line["StartDuration"]) for line in written(harness)]
    assert harness.responded_at[0] >= 470


def test_a_builder_that_ran_already_has_no_start_duration(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """A zero would pull the average down."""
    appstream.put("RUNNING")

    harness.run(event("Update"))

    assert [{"FailedStarts": 0, "SucceededStarts": 1, "SelfInvocations": 0}] == [
        values(line) for line in written(harness)
    ]


def test_a_start_by_somebody_else_has_no_start_duration(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """Nobody knows when it began."""
    appstream.put("PENDING")
    appstream.clock.later(50, lambda: appstream.show(State="RUNNING"))

    harness.run(event())

    assert ["StartDuration" in line for line in written(harness)] == [False]


def test_self_invocations_are_counted_and_written_once(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The invocations before the last one write nothing."""
    harness.limit = 100
    appstream.put("STOPPED")

    harness.run(event())

    (line,) = written(harness)
    assert len(harness.self_invoked) == line["SelfInvocations"] > 0


def test_a_failure_is_counted_with_state_and_reason(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """With the reason that CloudFormation shows, to be found in the log by the metric's line."""
    appstream.put("FAILED")

    response = harness.run(event())

    (line,) = written(harness)
    assert {"FailedStarts": 1, "SucceededStarts": 0, "SelfInvocations": 0} == values(line)
    assert ("FAILED", "FAILED", response["Reason"]) == (line["Outcome"], line["LastState"], line["Reason"])


def test_a_missing_builder_has_a_state_too(harness: LambdaHarness) -> None:
    """CloudWatch drops a line whose dimension is empty."""
    harness.run(event())

    assert ["NONE"] == [line["LastState"] for line in written(harness)]


def test_bad_properties_are_a_failed_start(harness: LambdaHarness) -> None:
    """Counted for the function alone: the builder's name may be what is bad."""
    response = harness.run(event(Name="-"))

    (line,) = written(harness)
    assert ("FAILED", response["Reason"]) == (line["Outcome"], line["Reason"])
    assert [["FunctionName"]] == line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert {"FailedStarts": 1, "SucceededStarts": 0} == values(line)


def test_a_request_that_nobody_waits_for_is_no_failed_start(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """An event that Lambda delivers twice, or a create that was cancelled, must not raise an alarm."""
    appstream.put("STOPPED")
    harness.stacks.tell("CREATE_COMPLETE")

    assert "FAILED" == harness.run(event())["Status"]

    assert [] == harness.lines


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED", "PENDING"])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_delete_is_no_start(harness: LambdaHarness, appstream: FakeAppStream, state: str, on_delete: str) -> None:
    """Neither a succeeded nor a failed one."""
    appstream.put(state)
    appstream.fault("error", "Stop", code="OperationNotPermittedException", message="No.")

    harness.run(event("Delete", OnDelete=on_delete, TimeoutSeconds="60"))

    assert [] == harness.lines
