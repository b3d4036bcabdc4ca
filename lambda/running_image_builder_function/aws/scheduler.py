"""The EventBridge Scheduler calls over boto3; the only module that knows boto3's scheduler client."""

import json
import re
from collections.abc import Callable
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.aws.client import AwsClient
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.stop_schedule import (
    ScheduledStop,
    StopSchedule,
    describe_stop,
    moment,
    parse_description,
    seconds,
)
from running_image_builder_function.timing import SCHEDULER_RETRIES_FOR

_RETRIES = 185
"""The most that the scheduler allows: what ends the retries is their age."""

_MEMBERS: dict[str, dict[str, type]] = {
    "GetSchedule": {"ScheduleExpression": str, "Target": dict},
    "CreateSchedule": {"ScheduleArn": str},
    "UpdateSchedule": {"ScheduleArn": str},
}
"""What the answer to an operation must have; the one to DeleteSchedule is empty."""

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


class Schedules:
    """One-time stops over boto3.

    Args:
        client: Returns the boto3 client; called at the first call only, which few requests make.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        """Keep the factory."""
        self._client = AwsClient(client, service="scheduler")

    def find(self, name: str) -> ScheduledStop | None:
        """Return what a schedule does; None where there is none.

        One that has fired is there until its last try: the scheduler deletes it after that.
        """
        try:
            answer = self._call("GetSchedule", name)
        except AwsCallError as error:
            if error.trouble is ErrorKind.NOT_FOUND:
                return None
            raise
        once = _AT.fullmatch(answer["ScheduleExpression"])
        request_id, quiet_until = parse_description(str(answer.get("Description") or ""))
        return ScheduledStop(
            at=seconds(once[1]) if once else None,
            builder=_builder(answer),
            request_id=request_id,
            quiet_until=quiet_until,
        )

    def put(
        self, schedule: StopSchedule, builder: str, *, at: float, request_id: str = "", quiet_until: float = 0.0
    ) -> None:
        """Let a builder be stopped at a moment; an earlier schedule of that name is moved.

        Args:
            schedule: The schedule.
            builder: The builder's name.
            at: When, in seconds since the epoch.
            request_id: The id of the request that sets it, for whoever finds the schedule.
            quiet_until: Until when an earlier stop may still come, in seconds since the epoch; 0 where none may.

        Raises:
            AwsCallError: The scheduler did not take it, or may have.
        """
        wanted = _wanted(schedule, describe_stop(builder, request_id=request_id, quiet_until=quiet_until), builder, at)
        try:
            self._call("UpdateSchedule", schedule.name, role_arn=schedule.role_arn, **wanted)
        except AwsCallError as error:
            if error.trouble is not ErrorKind.NOT_FOUND:
                raise
            self._call("CreateSchedule", schedule.name, role_arn=schedule.role_arn, **wanted)

    def remove(self, name: str) -> None:
        """Delete a schedule; one that is gone is fine."""
        try:
            self._call("DeleteSchedule", name)
        except AwsCallError as error:
            if error.trouble is not ErrorKind.NOT_FOUND:
                raise

    def _call(self, operation: str, name: str, *, role_arn: str = "", **arguments: Any) -> Any:
        try:
            answer = self._client.call(operation, Name=name, GroupName=contract.SCHEDULE_GROUP, **arguments)
            for member, kind in _MEMBERS.get(operation, {}).items():
                self._client.member(answer, member, kind, operation=operation)
            return answer
        except AwsCallError as error:
            schedule = f"schedule/{contract.SCHEDULE_GROUP}/{name}"
            raise _explained(error, schedule=schedule, role_arn=role_arn) from error


def _wanted(schedule: StopSchedule, description: str, builder: str, at: float) -> dict[str, Any]:
    partition = schedule.role_arn.split(":")[1]
    return {
        "ScheduleExpression": f"at({moment(at)})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Description": description,
        "Target": {
            "Arn": f"arn:{partition}:scheduler:::aws-sdk:appstream:stopImageBuilder",
            "RoleArn": schedule.role_arn,
            "Input": json.dumps({"Name": builder}),
            "RetryPolicy": {"MaximumEventAgeInSeconds": SCHEDULER_RETRIES_FOR, "MaximumRetryAttempts": _RETRIES},
        },
    }


def _builder(answer: dict[str, Any]) -> str:
    """Return the name of the builder that a schedule stops, "" where somebody has changed it to something else."""
    try:
        return str(json.loads(answer["Target"].get("Input") or "{}").get("Name") or "")
    except (ValueError, AttributeError, RecursionError):
        return ""


def _explained(error: AwsCallError, *, schedule: str, role_arn: str) -> AwsCallError:
    """Return a failure with what it is about: the schedule, or the role that is handed to the scheduler."""
    about: dict[str, Any] = {"code": error.code, "detail": error.detail, "has_no_endpoint": error.has_no_endpoint}
    if role_arn and error.trouble is ErrorKind.DENIED and "iam:PassRole" in error.detail:
        return AwsCallError(ErrorKind.DENIED, action="iam:PassRole", resource=role_arn, **about)
    if role_arn and error.trouble is ErrorKind.INVALID and "assume" in error.detail:
        # So the scheduler answers while it does not know a fresh role yet.
        return AwsCallError(ErrorKind.DENIED, action="sts:AssumeRole by the scheduler", resource=role_arn, **about)
    return AwsCallError(error.trouble, action=error.action, resource=schedule, **about)
