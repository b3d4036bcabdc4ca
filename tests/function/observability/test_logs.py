"""The specification of the log: one line per transition, one a minute, one with the outcome."""

import logging

import pytest

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.fake_appstream import NAME, FakeAppStream
from support.fake_schedules import SCHEDULE, refusal
from support.lambda_harness import LambdaHarness, event, issued


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log says, without the builder's name at the front."""
    return [record.getMessage().removeprefix(f"{NAME}: ") for record in caplog.records]


@pytest.mark.parametrize(
    ("state", "request_type", "expected"),
    [
        (
            "STOPPED",
            "Create",
            ["state STOPPED", "start accepted", "state PENDING", *["still PENDING"] * 6, "state RUNNING"],
        ),
        ("RUNNING", "Delete", ["state RUNNING", "stop accepted", "state STOPPING", "still STOPPING", "state STOPPED"]),
        (None, "Delete", ["state gone"]),
    ],
)
def test_a_request_is_logged_line_by_line(
    harness: LambdaHarness, caplog: pytest.LogCaptureFixture, state: str | None, request_type: str, expected: list[str]
) -> None:
    """Each transition, the call, a line a minute, the outcome; nothing else."""
    if state is not None:
        harness.appstream.put(state)

    harness.run(event(request_type, OnDelete="STOP"))

    assert [*expected, f"SUCCESS: {expected[-1].removeprefix('state ')}"] == lines(caplog)


def test_a_line_a_minute_is_exactly_that(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Counted from the line before."""
    harness.appstream.put("PENDING")

    harness.run(event(TimeoutSeconds="200"))

    assert [0, 60, 120, 180, 200] == [vars(record)["elapsedSeconds"] for record in caplog.records]


def test_a_builder_that_stays_gone_is_logged_as_such(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Its state is empty."""
    harness.run(event(PollIntervalSeconds="60"))

    assert ["state gone", "FAILED: Image builder builder-1: not found"] == [each[:42] for each in lines(caplog)]


def test_a_builder_that_is_not_described_is_not_called_gone(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The Delete of a Create that had started nothing only deletes its schedule."""
    appstream.put("STOPPED")

    harness.run(event("Delete", physical_id=f"{NAME}/not-started", OnDelete="STOP", **SCHEDULE))

    assert ["no stop is scheduled", "SUCCESS: unknown"] == lines(caplog)


def test_each_line_has_fields_to_search_by(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Lambda's JSON log format makes fields of them."""
    harness.limit = 300
    harness.appstream.put("STOPPED")
    harness.appstream.builders.latency = 0.04

    harness.run(event(TimeoutSeconds="600"))

    said = [
        (each["state"], each["elapsedSeconds"], each["remainingSeconds"], each["invocation"])
        for each in (vars(record) for record in caplog.records)
        if each["builder"] == NAME
    ]
    assert ("STOPPED", 0.0, 600.0, 1) == said[0]
    assert ("STOPPED", 0.1, 599.9, 1) == said[1]
    assert ("RUNNING", 2) == (said[-1][0], said[-1][3])
    assert all(elapsed + remaining == pytest.approx(600) for _, elapsed, remaining, _ in said)


def test_a_self_invocation_is_logged_and_its_state_once(
    harness: LambdaHarness, appstream: FakeAppStream, caplog: pytest.LogCaptureFixture
) -> None:
    """The next invocation knows what was logged."""
    harness.limit = 300
    appstream.put("STOPPED")

    harness.run(event())

    logged = lines(caplog)
    assert 1 == logged.count("continues in a new invocation")
    assert 1 == logged.count("state PENDING")
    assert "still PENDING" == logged[logged.index("continues in a new invocation") + 1]


def test_a_failure_is_logged_once_as_an_error(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """With the reason that CloudFormation shows."""
    harness.appstream.put("FAILED")

    assert ["state FAILED", f"FAILED: {harness.run(event())['Reason']}"] == lines(caplog)
    assert [logging.INFO, logging.ERROR] == [record.levelno for record in caplog.records]


def test_bad_properties_are_logged_once_as_an_error(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """No builder was described."""
    assert [f"FAILED: {harness.run(event(TimeoutSeconds='soon'))['Reason']}"] == lines(caplog)
    assert [logging.ERROR] == [record.levelno for record in caplog.records]


def test_an_unknown_state_is_logged_as_such(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Once; after that it is a state like others."""
    harness.appstream.put("RUNNING", State="WARMING_UP")
    harness.appstream.clock.later(100, lambda: harness.appstream.show(State="RUNNING"))

    harness.run(event())

    assert [
        "state WARMING_UP (a state this version does not know: waiting)",
        "still WARMING_UP",
        "state RUNNING",
        "SUCCESS: RUNNING",
    ] == lines(caplog)


def test_each_failed_call_is_logged(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """With AWS's code and words."""
    harness.appstream.put("STOPPED")
    harness.appstream.fault("throttle", "Describe", times=1)
    harness.appstream.fault("error", "Start", code="ConcurrentModificationException", message="Busy.", times=1)

    harness.run(event())

    assert [
        "appstream:DescribeImageBuilders: ThrottlingException: Rate exceeded",
        "state STOPPED",
        "appstream:StartImageBuilder: ConcurrentModificationException: Busy.",
        "start accepted",
    ] == lines(caplog)[:4]


def test_a_delete_that_leaves_the_builder_is_one_line(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing was described."""
    harness.run(event("Delete"))

    assert ["deleted, the builder is left as it is"] == lines(caplog)
    assert [NAME] == [vars(record)["builder"] for record in caplog.records]


def test_a_delete_says_whose_the_builder_is(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody has expected a stop."""
    harness.appstream.put("RUNNING")
    harness.stacks.others = {NAME}

    harness.run(event("Delete", OnDelete="STOP"))

    assert [
        "another resource of the stack has the builder, which is left to it",
        "deleted, the builder is left as it is",
    ] == lines(caplog)


def test_a_delete_warns_that_the_builder_may_be_shared(
    harness: LambdaHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """It is stopped: one that nobody stops is paid for."""
    harness.appstream.put("RUNNING")
    harness.stacks.errors = [refusal(ErrorKind.DENIED) for _ in range(99)]

    harness.run(event("Delete", OnDelete="STOP"))

    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [f"{NAME}: CloudFormation doesn't say whether another resource of the stack has it"] == warned
    assert 1 == harness.appstream.stops()


@pytest.mark.parametrize(
    ("physical_id", "builder"), [("builder-2", "builder-2"), ("stack-Builder-2AO6L9WJUEZSL/x", "the builder")]
)
def test_a_delete_with_bad_properties_is_a_warning(
    harness: LambdaHarness, caplog: pytest.LogCaptureFixture, physical_id: str, builder: str
) -> None:
    """It succeeds, but somebody should know which builder wasn't stopped."""
    harness.run(event("Delete", physical_id=physical_id, Name=None))

    assert [logging.WARNING] == [record.levelno for record in caplog.records]
    said = f"deleted, {builder} is left as it is: Image builder: property Name is missing. Use"
    assert said == lines(caplog)[0][: len(said)]


def test_a_delete_that_leaves_a_schedule_is_a_warning(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """It succeeds, and says what stays."""
    harness.appstream.put("STOPPED")
    harness.schedules.errors = [refusal(ErrorKind.INVALID)]

    assert "SUCCESS" == harness.run(event("Delete", **SCHEDULE))["Status"]
    said = f"deleted, {NAME} is left as it is: Image builder {NAME} (STOPPED): a value of its schedule was refused."
    assert (logging.WARNING, said) == (caplog.records[-1].levelno, lines(caplog)[-1][: len(said)])


def test_a_missing_builder_has_no_state(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Not even the one that it had before."""
    harness.appstream.put("PENDING")
    harness.appstream.clock.later(30, lambda: harness.appstream.move(""))

    harness.run(event())

    assert lines(caplog)[-1].startswith(f"FAILED: Image builder {NAME}: not found")
    assert "" == vars(caplog.records[-1])["state"]


def test_a_failed_self_invocation_is_logged(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Lambda delivers the event again."""
    harness.limit = 60
    harness.appstream.put("PENDING")
    harness.appstream.move("PENDING", (90, "RUNNING"))
    throttled = AwsCallError(ErrorKind.THROTTLED, action="lambda:InvokeFunction", code="Code", detail="no")
    harness.on_death = harness.invoke_errors.clear
    harness.invoke_errors = [throttled] * 99

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == lines(caplog).count("self-invocation failed (Code on lambda:InvokeFunction)")


def test_a_check_that_fails_is_logged(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """Even after a description that fails as well; the request continues."""
    appstream = harness.appstream
    appstream.put("RUNNING")
    appstream.fault("throttle", "Describe", seconds=40)
    harness.stacks.hides_status = True
    harness.stacks.tell("UPDATE_IN_PROGRESS", changed_at=appstream.began_at + 5)

    assert "SUCCESS" == harness.run(issued(event("Update"), appstream))["Status"]
    assert 1 == lines(caplog).count("cloudformation:DescribeStacks: NoStatus: The stack's status is unknown.")


def test_attributes_that_were_cut_are_named(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """A builder's description can be larger than a response may be."""
    harness.appstream.put("RUNNING", Description="d" * 9000, DisplayName="n" * 3000)

    harness.run(event())

    cut = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert ["attributes cut to keep the response within CloudFormation's limit: Description, DisplayName"] == [
        record.getMessage() for record in cut
    ]
