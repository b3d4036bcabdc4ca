"""Parses CloudFormation's event into a typed request."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.cloudformation.physical_ids import (
    NOT_STARTED,
    START_NOT_SEEN,
    is_generated,
    named_builder,
)
from running_image_builder_function.model.errors import RequestFailed, reason
from running_image_builder_function.model.stop_schedule import StopSchedule, is_schedule_name

_UNITS = {"": 1, "millis": 0.001, "seconds": 1, "minutes": 60, "hours": 60 * 60, "days": 24 * 60 * 60}
"""CDK's units of a Duration, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of CloudFormation's."""

    name: str  # the image builder's name
    agent_version: str | None = None  # the AppStream agent's version to start with; None to leave it as it is
    restart_to_update_agent: bool = False  # whether a running builder with another agent may be restarted
    # Seconds from the first invocation to the last moment for a response.
    timeout: float = contract.DEFAULT_TIMEOUT_SECONDS
    poll_interval: float = contract.DEFAULT_POLL_INTERVAL_SECONDS  # seconds between two descriptions of the builder
    stop_on_delete: bool = False  # whether a Delete stops the builder
    schedule: StopSchedule | None = None  # when and how the builder is to be stopped by itself; None where it is not
    dropped: StopSchedule | None = None  # the schedule that this Update takes away from the same builder; None for none
    keeps_schedule: bool = False  # whether this Update's builder had the same schedule before
    started_here: bool = True  # false only for the Delete of a Create that failed before it had started anything
    may_start: bool = False  # whether a start may be under way that no description shows yet
    # The Delete of the builder that a failed rename may have started, and that CloudFormation never sends one for,
    # since no response has ever named it; None where there is none.
    abandoned: "Request | None" = None
    logical_id: str = ""  # the resource's logical id
    request_id: str = ""  # CloudFormation's id of the request; the same in each delivery of its event


def parse(event: Mapping[str, Any]) -> Request:
    """Return the typed request.

    Raises:
        RequestFailed: A property is missing or malformed; the text shows its value and the remedy.
    """
    properties: Mapping[str, Any] = event.get("ResourceProperties") or {}
    physical_id = str(event.get("PhysicalResourceId") or "")
    name = _name(properties)
    logical_id = str(event.get("LogicalResourceId") or "")
    old: Mapping[str, Any] = event.get("OldResourceProperties") or {}
    if event.get("RequestType") == "Delete":
        # After a rename it is about the old builder, which only the physical id names.
        name = named_builder(physical_id, logical_id) or name
    schedule, before = _schedule(name, properties), _schedule_before(name, old)
    return Request(
        name=name,
        agent_version=_agent_version(name, properties),
        restart_to_update_agent=_flag(name, properties, contract.RESTART_TO_UPDATE_AGENT),
        timeout=_seconds(
            name,
            properties,
            contract.TIMEOUT_SECONDS,
            contract.DEFAULT_TIMEOUT_SECONDS,
            (contract.MIN_TIMEOUT_SECONDS, contract.MAX_TIMEOUT_SECONDS),
        ),
        poll_interval=_seconds(
            name,
            properties,
            contract.POLL_INTERVAL_SECONDS,
            contract.DEFAULT_POLL_INTERVAL_SECONDS,
            (contract.MIN_POLL_INTERVAL_SECONDS, contract.MAX_POLL_INTERVAL_SECONDS),
        ),
        stop_on_delete=_stops_on_delete(name, properties),
        schedule=schedule,
        dropped=None if _is_same(schedule, before) else before,
        # After a failed rename, the properties before are another builder's.
        keeps_schedule=_is_same(schedule, before)
        or (schedule is not None and physical_id == name != old.get(contract.NAME)),
        started_here=not physical_id.endswith(NOT_STARTED),
        may_start=physical_id.endswith(START_NOT_SEEN) or is_generated(physical_id, logical_id),
        abandoned=_abandoned(event, name, physical_id, old),
        logical_id=logical_id,
        request_id=str(event.get("RequestId") or ""),
    )


def _wrong(name: str, cause: str, remedy: str) -> RequestFailed:
    return RequestFailed(reason(name=name, state="", cause=cause, remedy=remedy))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _name(properties: Mapping[str, Any]) -> str:
    value = properties.get(contract.NAME)
    if not isinstance(value, str) or not contract.NAME_PATTERN.fullmatch(value):
        given = "is missing" if value in (None, "") else f"is {_shown(value)}"
        raise _wrong(
            "",
            f"property {contract.NAME} {given}",
            "Use 1 to 101 letters, digits, '_', '.' or '-', a letter or digit first.",
        )
    return value


def _agent_version(name: str, properties: Mapping[str, Any]) -> str | None:
    value = properties.get(contract.APPSTREAM_AGENT_VERSION)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= contract.AGENT_VERSION_MAX_LENGTH:
        raise _wrong(
            name,
            f"property {contract.APPSTREAM_AGENT_VERSION} is {_shown(value)}",
            "Use 1 to 100 characters or LATEST, or omit it.",
        )
    return value


def _seconds(name: str, properties: Mapping[str, Any], key: str, default: float, limits: tuple[float, float]) -> float:
    value = properties.get(key)
    if value is None:
        return default
    # A value that CDK knows only in the deploy comes with its unit: "15 minutes".
    number, _, unit = str(value).strip().partition(" ")
    try:
        seconds = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        seconds = math.nan
    # Not "seconds < low or seconds > high": that would let NaN through.
    if not limits[0] <= seconds <= limits[1]:
        raise _wrong(
            name, f"property {key} is {_shown(value)}", f"Use a number of seconds from {limits[0]} to {limits[1]}."
        )
    return seconds


def _flag(name: str, properties: Mapping[str, Any], key: str) -> bool:
    value = properties.get(key)
    if value is None:
        return False
    if str(value).lower() not in ("true", "false"):
        raise _wrong(name, f"property {key} is {_shown(value)}", "Use true or false.")
    return str(value).lower() == "true"


def _stops_on_delete(name: str, properties: Mapping[str, Any]) -> bool:
    value = properties.get(contract.ON_DELETE)
    if value is None:
        return False
    if value not in contract.ON_DELETE_VALUES:
        raise _wrong(
            name, f"property {contract.ON_DELETE} is {_shown(value)}", f"Use {' or '.join(contract.ON_DELETE_VALUES)}."
        )
    return bool(value == contract.STOP)


def _schedule(name: str, properties: Mapping[str, Any]) -> StopSchedule | None:
    if properties.get(contract.STOP_AFTER_SECONDS) is None:
        return None
    limits = (contract.MIN_STOP_AFTER_SECONDS, contract.MAX_STOP_AFTER_SECONDS)
    after = _seconds(name, properties, contract.STOP_AFTER_SECONDS, 0, limits)
    schedule, role_arn = properties.get(contract.SCHEDULE_NAME), properties.get(contract.SCHEDULER_ROLE_ARN)
    if not is_schedule_name(schedule):
        raise _wrong(name, f"property {contract.SCHEDULE_NAME} is {_shown(schedule)}", "Use a schedule's name.")
    if not isinstance(role_arn, str) or not role_arn.startswith("arn:"):
        raise _wrong(name, f"property {contract.SCHEDULER_ROLE_ARN} is {_shown(role_arn)}", "Use a role's ARN.")
    return StopSchedule(name=str(schedule), role_arn=role_arn, after=after)


def _schedule_before(name: str, old: Mapping[str, Any]) -> StopSchedule | None:
    """Return the schedule of the properties before, where this request keeps the builder.

    A builder that another one takes the place of gets a Delete of its own.
    """
    if old.get(contract.NAME) != name:
        return None
    try:
        return _schedule(name, old)
    except RequestFailed:
        return None  # no request has ever made it


def _is_same(schedule: StopSchedule | None, before: StopSchedule | None) -> bool:
    return schedule is not None and before is not None and schedule.name == before.name


def _abandoned(event: Mapping[str, Any], name: str, physical_id: str, old: Mapping[str, Any]) -> Request | None:
    """Return the Delete of a builder that only a failed update has named.

    CloudFormation knows a resource by the id of its last success. An update to another name that fails leaves that id
    as it was: the next Update, most often the rollback, names the failed one's builder in its old properties only.
    """
    if event.get("RequestType") != "Update" or old.get(contract.NAME) in (name, physical_id):
        return None
    try:
        # As the builder's own Delete would have them.
        return parse({**event, "ResourceProperties": old, "PhysicalResourceId": old[contract.NAME]})
    except (KeyError, RequestFailed):
        return None  # with such properties nothing was started
