"""The admin API: operations in AppStream's wire format that inject faults and set up image builders."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from botocore.model import StructureShape

from .errors import validation_error
from .faults import fault
from .outcomes import start_outcome
from .region_state import RegionState
from .settings import changed
from .validation import check, service_model, unknown_operation

_Params = Mapping[str, Any]


def execute(region: RegionState, operation: str, params: _Params) -> Mapping[str, Any]:
    """Run an admin operation.

    Raises:
        ApiError: UnknownOperationException, ValidationException or ResourceNotFoundException.
    """
    if operation not in _OPERATIONS:
        raise unknown_operation(operation)
    try:
        return _OPERATIONS[operation](region, params) or {}
    except (KeyError, TypeError) as error:
        raise validation_error(f"{operation} cannot be read: {error!r}.") from error


def _set_durations(region: RegionState, params: _Params) -> None:
    region.builders.durations = changed(region.builders.durations, params)


def _set_behavior(region: RegionState, params: _Params) -> None:
    region.builders.behavior = changed(region.builders.behavior, params)


def _put_image_builder(region: RegionState, params: _Params) -> Mapping[str, Any]:
    fields = params.get("Fields", {})
    shape = service_model().shape_for("ImageBuilder")
    assert isinstance(shape, StructureShape)
    check(shape, {**fields, "Name": _name(params)})
    # Name is a parameter of its own, so it isn't one of the fields.
    if unknown := sorted(set(fields) - (set(shape.members) - {"Name"})):
        raise validation_error(f"Not fields of an image builder: {unknown}.")
    state = params.get("State", "STOPPED")
    return {"ImageBuilder": region.builders.put(_name(params), state=state, fields=fields)}


def _set_state(region: RegionState, params: _Params) -> None:
    then = [(step["AfterSeconds"], step["State"]) for step in params.get("Then", ())]
    region.builders.set_state(_name(params), params["State"], then)


def _set_start_outcome(region: RegionState, params: _Params) -> None:
    outcome = {key: value for key, value in params.items() if key != "Name"}
    region.builders.set_start_outcome(_name(params), start_outcome(outcome))


def _get_image_builder(region: RegionState, params: _Params) -> Mapping[str, Any]:
    builder, state = region.builders.observe(_name(params))
    [described] = region.builders.describe([builder.name])
    return {
        "ImageBuilder": described,
        "State": state,
        "Starts": builder.starts,
        "Stops": builder.stops,
        "Tags": builder.tags,
    }


def _limit_rate(region: RegionState, params: _Params) -> None:
    region.faults.limit_rate(params.get("PerSecond"))


def _name(params: _Params) -> str:
    name = params.get("Name")
    if not isinstance(name, str) or not name:
        raise validation_error("Name is missing.")
    return name


_OPERATIONS: Final[Mapping[str, Callable[[RegionState, _Params], Mapping[str, Any] | None]]] = {
    "AddFault": lambda region, params: region.faults.add(fault(params)),
    "Calls": lambda region, _: {"Calls": [asdict(call) for call in region.calls.all()]},
    "ClearCalls": lambda region, _: region.calls.clear(),
    "GetImageBuilder": _get_image_builder,
    "IamChecks": lambda region, _: {"IamChecks": [asdict(check) for check in region.iam_checks.all()]},
    "LimitRate": _limit_rate,
    "PutImageBuilder": _put_image_builder,
    "Reset": lambda region, _: region.reset(),
    "SetBehavior": _set_behavior,
    "SetDurations": _set_durations,
    "SetStartOutcome": _set_start_outcome,
    "SetState": _set_state,
}
