"""The specification of the log: one line per transition, one a minute, one with the outcome."""

import logging

import pytest

from support.lambda_side import LambdaSide, event
from support.world import NAME, World


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log says, without the builder's name at the front."""
    return [record.getMessage().removeprefix(f"{NAME}: ") for record in caplog.records]


def test_a_start_is_told_line_by_line(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Each transition, the call, a line a minute, the outcome; nothing else."""
    world.put("STOPPED")

    side.run(event())

    assert [
        "state STOPPED",
        "start accepted",
        "state PENDING",
        *["still PENDING"] * 6,
        "state RUNNING",
        "SUCCESS: RUNNING",
    ] == lines(caplog)


def test_a_line_a_minute_is_exactly_that(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Counted from the line before."""
    world.put("PENDING")

    side.run(event(TimeoutSeconds="200"))

    assert [0, 60, 120, 180, 200] == [vars(record)["elapsedSeconds"] for record in caplog.records]


def test_each_line_has_fields_to_search_by(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Lambda's JSON log format makes fields of them."""
    side.limit = 300
    world.put("STOPPED")
    world.builders.latency = 0.04

    side.run(event(TimeoutSeconds="600"))

    said = [
        (each["state"], each["elapsedSeconds"], each["remainingSeconds"], each["invocation"])
        for each in (vars(record) for record in caplog.records)
        if each["builder"] == NAME
    ]
    assert ("STOPPED", 0.0, 600.0, 1) == said[0]
    assert ("STOPPED", 0.1, 599.9, 1) == said[1]
    assert ("RUNNING", 2) == (said[-1][0], said[-1][3])
    assert all(elapsed + remaining == pytest.approx(600) for _, elapsed, remaining, _ in said)


def test_a_hand_over_is_told_and_the_state_is_not_told_twice(
    side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The successor knows what its predecessor has said."""
    side.limit = 300
    world.put("STOPPED")

    side.run(event())

    told = lines(caplog)
    assert 1 == told.count("handed over to a fresh invocation")
    assert 1 == told.count("state PENDING")
    assert "still PENDING" == told[told.index("handed over to a fresh invocation") + 1]


def test_a_failure_is_told_once_as_an_error(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """With the reason that CloudFormation shows."""
    world.put("FAILED")

    answer = side.run(event())

    assert ["state FAILED", f"FAILED: {answer['Reason']}"] == lines(caplog)
    assert [logging.INFO, logging.ERROR] == [record.levelno for record in caplog.records]


def test_bad_properties_are_told_once_as_an_error(side: LambdaSide, caplog: pytest.LogCaptureFixture) -> None:
    """No builder was looked at."""
    answer = side.run(event(TimeoutSeconds="soon"))

    assert [f"FAILED: {answer['Reason']}"] == lines(caplog)
    assert [logging.ERROR] == [record.levelno for record in caplog.records]


def test_an_unknown_state_is_told_as_such(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Once; after that it is a state like others."""
    world.put("RUNNING", State="WARMING_UP")
    world.clock.later(100, lambda: world.show(State="RUNNING"))

    side.run(event())

    assert [
        "state WARMING_UP (a state this version does not know: waiting)",
        "still WARMING_UP",
        "state RUNNING",
        "SUCCESS: RUNNING",
    ] == lines(caplog)


def test_each_failed_call_is_told(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """With AWS's code and words."""
    world.put("STOPPED")
    world.fault("throttle", "Describe", times=1)
    world.fault("error", "Start", code="ConcurrentModificationException", message="Busy.", times=1)

    side.run(event())

    assert [
        "appstream:DescribeImageBuilders: ThrottlingException: Rate exceeded",
        "state STOPPED",
        "appstream:StartImageBuilder: ConcurrentModificationException: Busy.",
        "start accepted",
    ] == lines(caplog)[:4]


def test_a_stop_on_delete_is_told_to_its_end(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """As a start is."""
    world.put("RUNNING")
    world.durations(stop=30)

    side.run(event("Delete", OnDelete="STOP"))

    assert ["state RUNNING", "stop accepted", "state STOPPING", "state STOPPED", "SUCCESS: STOPPED"] == lines(caplog)


def test_a_builder_that_is_gone_is_told_as_such(side: LambdaSide, caplog: pytest.LogCaptureFixture) -> None:
    """There is no state to name."""
    side.run(event("Delete", OnDelete="STOP"))

    assert ["state gone", "SUCCESS: gone"] == lines(caplog)


def test_a_delete_that_leaves_the_builder_is_one_line(side: LambdaSide, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing was looked at."""
    side.run(event("Delete"))

    assert ["deleted, the builder is left as it is"] == lines(caplog)
    assert [NAME] == [vars(record)["builder"] for record in caplog.records]


def test_a_delete_with_bad_properties_is_a_warning(side: LambdaSide, caplog: pytest.LogCaptureFixture) -> None:
    """It succeeds, but somebody should know that no builder was stopped."""
    side.run(event("Delete", Name=None))

    assert [logging.WARNING] == [record.levelno for record in caplog.records]
    said = "deleted, with the builder left alone: Image builder: property Name is missing. Give"
    assert said == lines(caplog)[0][: len(said)]


def test_attributes_that_were_cut_are_named(side: LambdaSide, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A builder's description can be larger than an answer may be."""
    world.put("RUNNING", Description="d" * 9000, DisplayName="n" * 3000)

    side.run(event())

    cut = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert ["attributes cut to keep the answer within CloudFormation's limit: Description, DisplayName"] == [
        record.getMessage() for record in cut
    ]
