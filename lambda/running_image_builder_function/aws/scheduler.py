"""The EventBridge Scheduler calls."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from running_image_builder_function.aws.client import checked, not_found_ignored, translated_errors
from running_image_builder_function.contract import SCHEDULE_GROUP
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.stop_schedule import (
    ScheduledStop,
    StopSchedule,
    moment,
    seconds,
)
from running_image_builder_function.timing import SCHEDULER_RETRIES_FOR

_MAX_RETRIES = 185
"""The most that the scheduler allows: what ends the retries is their age."""

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


class EventBridgeScheduler:
    """One-time stops.

    Args:
        client: Returns the boto3 client; called at the first call, since few requests need one.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = cache(client)

    def find(self, name: str) -> ScheduledStop | None:
        """Return what a schedule does; None where there is none.

        One that has fired stays until its last retry, and is deleted then.
        """
        with not_found_ignored():
            with self._call("GetSchedule", name):
                response = self._client().get_schedule(Name=name, GroupName=SCHEDULE_GROUP)
                found = checked(response, ScheduleExpression=str, Target=dict)
            return _scheduled_stop(found)
        return None

    def put(self, schedule: StopSchedule, stop: ScheduledStop) -> None:
        """Schedule a stop; an earlier schedule of that name is moved.

        Args:
            schedule: The schedule.
            stop: The stop, with what its description says for whoever finds the schedule.

        Raises:
            AwsCallError: The scheduler didn't accept it, or may have.
        """
        name, role_arn = schedule.name, schedule.role_arn
        wanted = _wanted(schedule, stop)
        try:
            with self._call("UpdateSchedule", name, role_arn=role_arn):
                checked(self._client().update_schedule(**wanted), ScheduleArn=str)
        except AwsCallError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            with self._call("CreateSchedule", name, role_arn=role_arn):
                checked(self._client().create_schedule(**wanted), ScheduleArn=str)

    def remove(self, name: str) -> None:
        """Delete a schedule; one that is gone is fine."""
        with not_found_ignored(), self._call("DeleteSchedule", name):
            checked(self._client().delete_schedule(Name=name, GroupName=SCHEDULE_GROUP))

    @contextmanager
    def _call(self, operation: str, name: str, *, role_arn: str = "") -> Iterator[None]:
        try:
            with translated_errors(f"scheduler:{operation}"):
                yield
        except AwsCallError as error:
            raise _with_resource(error, schedule=f"schedule/{SCHEDULE_GROUP}/{name}", role_arn=role_arn) from error


def _wanted(schedule: StopSchedule, stop: ScheduledStop) -> dict[str, Any]:
    assert stop.at is not None  # only a schedule that somebody has changed has no moment
    partition = schedule.role_arn.split(":")[1]
    return {
        "Name": schedule.name,
        "GroupName": SCHEDULE_GROUP,
        "ScheduleExpression": f"at({moment(stop.at)})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Description": stop.description,
        "Target": {
            "Arn": f"arn:{partition}:scheduler:::aws-sdk:appstream:stopImageBuilder",
            "RoleArn": schedule.role_arn,
            "Input": json.dumps({"Name": stop.builder}),
            "RetryPolicy": {"MaximumEventAgeInSeconds": SCHEDULER_RETRIES_FOR, "MaximumRetryAttempts": _MAX_RETRIES},
        },
    }


def _scheduled_stop(found: Mapping[str, Any]) -> ScheduledStop:
    once = _AT.fullmatch(found["ScheduleExpression"])
    at = seconds(once[1]) if once else None
    return ScheduledStop.described(str(found.get("Description")), at=at, builder=_builder(found))


def _builder(found: Mapping[str, Any]) -> str:
    """Return the name of the builder that a schedule stops, "" where somebody has changed it to something else."""
    try:
        return str(json.loads(found["Target"].get("Input")).get("Name") or "")
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""


def _with_resource(error: AwsCallError, *, schedule: str, role_arn: str) -> AwsCallError:
    """Return an error with its resource: the schedule, or the role that is passed to the scheduler."""
    if role_arn and error.kind is ErrorKind.DENIED and "iam:PassRole" in error.detail:
        return replace(error, action="iam:PassRole", resource=role_arn)
    if role_arn and error.kind is ErrorKind.INVALID and "assume" in error.detail:
        # The scheduler doesn't know a new role yet.
        return replace(error, kind=ErrorKind.DENIED, action="sts:AssumeRole by the scheduler", resource=role_arn)
    return replace(error, resource=schedule)
