"""Scheduled stops that cannot be made: a promise to stop is not dropped silently."""

from collections.abc import Callable

import pytest

from running_image_builder_function.model.errors import ErrorKind
from support.fake_appstream import NAME, FakeAppStream
from support.fake_schedules import SCHEDULE, refusal
from support.lambda_harness import LambdaHarness, event, update_event


def test_a_denied_schedule_fails_the_request_before_a_start(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """After the time that a fresh policy may take; a promise to stop is not dropped silently."""
    appstream.put("STOPPED")
    harness.schedules.errors = [refusal(ErrorKind.DENIED)] * 99

    response = harness.run(event(**SCHEDULE))

    assert (
        f"Image builder {NAME} (STOPPED): access denied. Allow the function's role scheduler:CreateSchedule. "
        "Resource: schedule/x"
    ) == response["Reason"]
    assert 90 <= harness.responded_at[0] <= 120
    assert 0 == appstream.starts()


@pytest.mark.parametrize("kind", [ErrorKind.DENIED, ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE, ErrorKind.BUSY])
@pytest.mark.parametrize("state", ["STOPPED", "RUNNING"])
def test_errors_that_pass_are_outlived(harness: LambdaHarness, kind: ErrorKind, state: str) -> None:
    """Each step is made again."""
    harness.appstream.put(state)
    harness.schedules.errors = [refusal(kind)] * 3

    assert "SUCCESS" == harness.run(event(**SCHEDULE))["Status"]
    assert {"stop-1"} == set(harness.schedules.due_at)


def test_a_start_that_is_refused_for_a_while_is_made_again(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """What was scheduled before it does not count as such a refusal."""
    appstream.put("STOPPED")
    appstream.fault("error", "Start", code="ConcurrentModificationException", times=2)

    assert ("SUCCESS", 1) == (harness.run(event(**SCHEDULE))["Status"], appstream.starts())


def test_a_stop_that_cannot_be_cancelled_fails_the_update(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """It is not enough that only its address is missing: the schedule that nobody wants any more would stop it."""
    appstream.put("STOPPED")
    appstream.durations(eni_delay=10_000)
    harness.deliver(event())
    harness.schedules.errors = [refusal(ErrorKind.DENIED)] * 999

    harness.deliver(update_event(SCHEDULE))

    assert ["SUCCESS", "FAILED"] == [each["Status"] for each in harness.responses]


@pytest.mark.parametrize(
    ("kind", "code", "last"),
    [
        (
            ErrorKind.UNAVAILABLE,
            "InternalServerException",
            "the scheduler did not respond. See the Health Dashboard, then try again. AWS: InternalServerException on",
        ),
        (
            ErrorKind.THROTTLED,
            "ThrottlingException",
            "the scheduler throttles. Deploy less at once, or raise the timeout. AWS: ThrottlingException on",
        ),
        (
            ErrorKind.DENIED,
            "AccessDeniedException",
            "access denied. Allow the function's role scheduler:CreateSchedule. Resource: schedule/x",
        ),
        (
            ErrorKind.BUSY,
            "ConflictException",
            "somebody changes its schedule. Wait a few minutes, then try again. AWS: ConflictException on",
        ),
    ],
)
def test_what_the_scheduler_says_until_the_deadline_fails_the_request(
    harness: LambdaHarness, appstream: FakeAppStream, kind: ErrorKind, code: str, last: str
) -> None:
    """That the builder runs is no success without its end; the remedy is about the scheduler."""
    appstream.put("RUNNING")
    harness.schedules.errors = [refusal(kind, code)] * 999

    reason = harness.run(event(TimeoutSeconds="60", **SCHEDULE))["Reason"]

    assert f"its stop is not scheduled within 1 minute; last error: {last}" in reason


def test_a_schedule_that_was_set_at_last_is_not_blamed(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The builder itself takes too long."""
    appstream.put("PENDING")
    harness.schedules.errors = [refusal(ErrorKind.DENIED)] * 3

    reason = harness.run(event(TimeoutSeconds="60", **SCHEDULE))["Reason"]

    assert "not RUNNING within 1 minute. See the AppStream console, or raise the timeout." in reason


@pytest.mark.parametrize(
    ("operation", "code", "said"),
    [
        ("Describe", "", "access denied. Allow the function's role appstream:DescribeImageBuilders. Resource: *"),
        ("Start", "", "access denied. Allow the function's role appstream:StartImageBuilder. Resource: arn:"),
        ("Start", "ResourceNotAvailableException", "it is not available. Check its quota, and whether its image is"),
    ],
)
def test_a_refusal_until_the_deadline_has_its_remedy(
    harness: LambdaHarness, appstream: FakeAppStream, operation: str, code: str, said: str
) -> None:
    """A timeout can be shorter than the time for which a refusal is tried again."""
    appstream.put("STOPPED")
    appstream.fault("error" if code else "access_denied", operation, code=code)

    reason = harness.run(event(TimeoutSeconds="60"))["Reason"]

    assert f"not RUNNING within 1 minute; last error: {said}" in reason


def deny_describing(harness: LambdaHarness) -> None:
    """Let the role not even describe image builders."""
    harness.appstream.fault("access_denied", "Describe")


def deny_scheduling(harness: LambdaHarness) -> None:
    """Let the role not call the scheduler."""
    harness.schedules.errors = [refusal(ErrorKind.DENIED)] * 999


@pytest.mark.parametrize("deny", [deny_describing, deny_scheduling])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_a_denied_create_can_be_rolled_back(
    harness: LambdaHarness, appstream: FakeAppStream, deny: Callable[[LambdaHarness], None], on_delete: str
) -> None:
    """The same is denied to its Delete, which has nothing to undo."""
    appstream.put("STOPPED")
    deny(harness)
    harness.deliver(event(OnDelete=on_delete, **SCHEDULE))
    failed = str(harness.responses[0]["PhysicalResourceId"])

    harness.deliver(event("Delete", physical_id=failed, OnDelete=on_delete, **SCHEDULE))

    assert ["FAILED", "SUCCESS"] == [each["Status"] for each in harness.responses]
    assert [failed] * 2 == [each["PhysicalResourceId"] for each in harness.responses]


KINDS = [
    ErrorKind.DENIED,
    ErrorKind.THROTTLED,
    ErrorKind.UNAVAILABLE,
    ErrorKind.REFUSED,
    ErrorKind.INVALID,
    ErrorKind.BUSY,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", ["STOPPED", None])
def test_scheduler_errors_do_not_fail_a_delete_without_stop(
    harness: LambdaHarness,
    appstream: FakeAppStream,
    caplog: pytest.LogCaptureFixture,
    kind: ErrorKind,
    state: str | None,
) -> None:
    """Within a minute; a warning names the schedule that stays."""
    if state is not None:
        appstream.put(state)
    harness.schedules.errors = [refusal(kind)] * 999

    assert ("SUCCESS", True) == (harness.run(event("Delete", **SCHEDULE))["Status"], harness.responded_at[0] < 60)
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("Delete schedule stop-1" in each or "Resource: schedule/x" in each or "Code" in each for each in warned)


@pytest.mark.parametrize("kind", ["access_denied", "throttle", "server_error", "drop"])
@pytest.mark.parametrize("physical_id", [NAME, f"{NAME}/not-started"])
@pytest.mark.parametrize("on_delete", ["STOP", "LEAVE_RUNNING"])
def test_appstreams_errors_do_not_fail_a_delete_without_stop(
    harness: LambdaHarness, appstream: FakeAppStream, kind: str, physical_id: str, on_delete: str
) -> None:
    """A stop that was asked for, of what the resource may have started, is another matter."""
    appstream.put("RUNNING")
    appstream.fault(kind, "Describe")
    harness.schedules.due_at["stop-1"] = appstream.began_at + 5000

    response = harness.run(
        event("Delete", physical_id=physical_id, OnDelete=on_delete, TimeoutSeconds="120", **SCHEDULE)
    )

    stops = on_delete == "STOP" and physical_id == NAME
    assert ("FAILED" if stops else "SUCCESS") == response["Status"]
    assert stops or harness.responded_at[0] < 60


def test_a_delete_succeeds_though_the_schedule_stays(harness: LambdaHarness, caplog: pytest.LogCaptureFixture) -> None:
    """The stop that was asked for was made; the schedule has nothing left to stop, and no role any more."""
    harness.appstream.put("RUNNING")
    harness.schedules.due_at["stop-1"] = harness.appstream.began_at + 5000
    harness.schedules.errors = [refusal(ErrorKind.UNAVAILABLE)] * 999

    response = harness.run(event("Delete", OnDelete="STOP", **SCHEDULE))

    assert ("SUCCESS", "STOPPED") == (response["Status"], harness.appstream.state())
    assert any("its schedule stop-1 stays" in each for each in caplog.messages)
