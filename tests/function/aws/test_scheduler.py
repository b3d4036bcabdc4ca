"""The EventBridge Scheduler calls, through the real boto3 client."""

from typing import Any

import pytest
from botocore.stub import Stubber

from running_image_builder_function.aws.scheduler import EventBridgeScheduler
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule
from support.fake_appstream import NAME

SERVICE = "scheduler"
ROLE = "arn:aws-cn:iam::123456789012:role/stops"
WANTED = StopSchedule(name="stop-1", role_arn=ROLE, after=900)
AT = 1_800_000_000.0
NAMED = {"Name": "stop-1", "GroupName": "default"}
SET = {
    **NAMED,
    "ScheduleExpression": "at(2027-01-15T08:00:00)",
    "ScheduleExpressionTimezone": "UTC",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ActionAfterCompletion": "DELETE",
    "Description": f"Stops the AppStream image builder {NAME}",
    "Target": {
        "Arn": "arn:aws-cn:scheduler:::aws-sdk:appstream:stopImageBuilder",
        "RoleArn": ROLE,
        "Input": f'{{"Name": "{NAME}"}}',
        "RetryPolicy": {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 185},
    },
}
ARN = {"ScheduleArn": "arn:aws-cn:scheduler:cn-north-1:123456789012:schedule/default/stop-1"}


@pytest.fixture
def schedules(client: Any) -> EventBridgeScheduler:
    """Return the function's calls over that client."""
    return EventBridgeScheduler(lambda: client)


def test_a_schedule_is_made_where_there_is_none(schedules: EventBridgeScheduler, stubber: Stubber) -> None:
    """Once, in UTC, without a window, gone afterwards, in the role's own partition, and tried for five minutes."""
    stubber.add_client_error("update_schedule", "ResourceNotFoundException", expected_params=SET)
    stubber.add_response("create_schedule", ARN, SET)

    schedules.put(WANTED, ScheduledStop(at=AT, builder=NAME))


def test_a_schedule_that_is_there_is_moved(schedules: EventBridgeScheduler, stubber: Stubber) -> None:
    """With one call."""
    stubber.add_response("update_schedule", ARN, SET)

    schedules.put(WANTED, ScheduledStop(at=AT, builder=NAME))


@pytest.mark.usefixtures("in_tokyo")
def test_a_schedule_has_its_time_and_builder(schedules: EventBridgeScheduler, stubber: Stubber) -> None:
    """When, in seconds since the epoch, whatever the machine's time zone; and to which builder."""
    stubber.add_response("get_schedule", SET, NAMED)

    assert ScheduledStop(at=AT, builder=NAME) == schedules.find("stop-1")


@pytest.mark.parametrize(
    ("request_id", "earlier_stop_until", "note"),
    [
        ("", 0.0, ""),
        ("a1b2-c3", 0.0, " (request a1b2-c3)"),
        ("", AT, " (an earlier stop may come until 2027-01-15T08:00:00Z)"),
        ("a1b2-c3", AT, " (request a1b2-c3; an earlier stop may come until 2027-01-15T08:00:00Z)"),
    ],
)
def test_the_description_carries_request_and_earlier_stop(
    schedules: EventBridgeScheduler, stubber: Stubber, request_id: str, earlier_stop_until: float, note: str
) -> None:
    """A request that comes back to it, in another invocation, has nothing else to go by."""
    said = {**SET, "Description": f"Stops the AppStream image builder {NAME}{note}"}
    stubber.add_response("update_schedule", ARN, said)
    stubber.add_response("get_schedule", said, NAMED)

    stop = ScheduledStop(at=AT, builder=NAME, request_id=request_id, earlier_stop_until=earlier_stop_until)
    schedules.put(WANTED, stop)

    assert stop == schedules.find("stop-1")


@pytest.mark.parametrize("at", ["2027-13-15T08:00:00", "2027-01-15T25:00:00"])
def test_a_moment_that_there_is_not_may_be_any(schedules: EventBridgeScheduler, stubber: Stubber, at: str) -> None:
    """It only has the form of one."""
    stubber.add_response("get_schedule", {**SET, "ScheduleExpression": f"at({at})"}, NAMED)

    assert ScheduledStop(at=None, builder=NAME) == schedules.find("stop-1")


def test_a_refused_role_of_a_new_schedule_is_named(schedules: EventBridgeScheduler, stubber: Stubber) -> None:
    """The call that makes a schedule hands it over as well."""
    stubber.add_client_error("update_schedule", "ResourceNotFoundException")
    stubber.add_client_error("create_schedule", "AccessDeniedException", "not authorized to perform: iam:PassRole")

    with pytest.raises(AwsCallError) as failed:
        schedules.put(WANTED, ScheduledStop(at=AT, builder=NAME))

    assert ("iam:PassRole", ROLE) == (failed.value.action, failed.value.resource)


def test_a_refusal_to_create_or_delete_names_the_schedule(schedules: EventBridgeScheduler, stubber: Stubber) -> None:
    """The action and the resource are what a policy lacks."""
    stubber.add_client_error("update_schedule", "ResourceNotFoundException")
    stubber.add_client_error("create_schedule", "AccessDeniedException", "Not you.")
    stubber.add_client_error("delete_schedule", "AccessDeniedException", "Not you.")

    with pytest.raises(AwsCallError) as create:
        schedules.put(WANTED, ScheduledStop(at=AT, builder=NAME))
    with pytest.raises(AwsCallError) as delete:
        schedules.remove("stop-1")

    assert ("scheduler:CreateSchedule", "schedule/default/stop-1") == (create.value.action, create.value.resource)
    assert ("scheduler:DeleteSchedule", "schedule/default/stop-1") == (delete.value.action, delete.value.resource)


def test_a_schedule_that_is_not_there_is_never_due(schedules: EventBridgeScheduler, stubber: Stubber) -> None:
    """And need not be deleted."""
    stubber.add_client_error("get_schedule", "ResourceNotFoundException", expected_params=NAMED)
    stubber.add_client_error("delete_schedule", "ResourceNotFoundException", expected_params=NAMED)

    assert schedules.find("stop-1") is None
    schedules.remove("stop-1")


@pytest.mark.parametrize("target", [{}, {"Input": "x"}, {"Input": "[]"}, {"Input": "{}"}, {"Input": '{"Name": ""}'}])
def test_a_changed_schedule_may_fire_at_any_time(
    schedules: EventBridgeScheduler, stubber: Stubber, target: dict[str, str]
) -> None:
    """A rate fires at any time, and what it calls may not be a stop."""
    called = {"Arn": "arn:aws-cn:sqs:cn-north-1:123456789012:queue", "RoleArn": ROLE, **target}
    stubber.add_response("get_schedule", {"ScheduleExpression": "rate(1 hour)", "Target": called}, NAMED)

    assert ScheduledStop(at=None, builder="") == schedules.find("stop-1")


MAY_NOT = "User: x is not authorized to perform: "
MUST_ASSUME = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."


@pytest.mark.parametrize(
    ("code", "message", "kind", "role_action"),
    [
        ("AccessDeniedException", f"{MAY_NOT}scheduler:UpdateSchedule", ErrorKind.DENIED, None),
        ("AccessDeniedException", f"{MAY_NOT}iam:PassRole on resource: {ROLE}", ErrorKind.DENIED, "iam:PassRole"),
        ("ValidationException", MUST_ASSUME, ErrorKind.DENIED, "sts:AssumeRole by the scheduler"),
        ("ValidationException", "no such time", ErrorKind.INVALID, None),
        ("ThrottlingException", "slow", ErrorKind.THROTTLED, None),
        ("ConflictException", "busy", ErrorKind.BUSY, None),
    ],
)
def test_a_refusal_names_the_schedule_or_the_role(
    schedules: EventBridgeScheduler, stubber: Stubber, code: str, message: str, kind: ErrorKind, role_action: str | None
) -> None:
    """The role where that is what may not be passed; one that is not known yet is a permission that comes late."""
    stubber.add_client_error("update_schedule", code, message)

    with pytest.raises(AwsCallError) as failed:
        schedules.put(WANTED, ScheduledStop(at=AT, builder=NAME))

    about = ("scheduler:UpdateSchedule", "schedule/default/stop-1") if role_action is None else (role_action, ROLE)
    assert (kind, code, message) == (failed.value.kind, failed.value.code, failed.value.detail)
    assert about == (failed.value.action, failed.value.resource)


def test_a_refusal_without_a_role_names_the_schedule(schedules: EventBridgeScheduler, stubber: Stubber) -> None:
    """Whatever words are in a schedule's name."""
    stubber.add_client_error("get_schedule", "ValidationException", "no such name: assume-1")

    with pytest.raises(AwsCallError, match=r"^scheduler:GetSchedule: ") as failed:
        schedules.find("assume-1")

    assert (ErrorKind.INVALID, "schedule/default/assume-1") == (failed.value.kind, failed.value.resource)
