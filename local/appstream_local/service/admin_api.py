"""Control operations for tests and the launcher, on AppStream's wire format; AWS has none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.model import StructureShape

from . import calls, iam_checks
from .errors import validation_error
from .faults import fault
from .outcomes import start_outcome
from .region_state import Place
from .settings import changed
from .validation import check, service_model, unknown_operation

_Params = Mapping[str, Any]


def execute(place: Place, operation: str, params: _Params) -> Mapping[str, Any]:
    """Carry out a control operation.

    Raises:
        ApiError: UnknownOperationException, ValidationException, ResourceNotFoundException, or
            OperationNotPermittedException for a transition the state does not allow.
    """
    if operation not in _OPERATIONS:
        raise unknown_operation(operation)
    try:
        return _OPERATIONS[operation](place, params) or {}
    except (KeyError, TypeError) as error:
        raise validation_error(f"{operation} cannot be read: {error!r}.") from error


def _set_durations(place: Place, params: _Params) -> None:
    place.builders.durations = changed(place.builders.durations, params)


def _set_behavior(place: Place, params: _Params) -> None:
    place.builders.behavior = changed(place.builders.behavior, params)


def _put_image_builder(place: Place, params: _Params) -> Mapping[str, Any]:
    fields = params.get("Fields", {})
    shape = service_model().shape_for("ImageBuilder")
    assert isinstance(shape, StructureShape)
    check(shape, {**fields, "Name": _name(params)})
    # The name has a place of its own: as a field it could contradict it.
    if unknown := sorted(set(fields) - (set(shape.members) - {"Name"})):
        raise validation_error(f"Not fields of an image builder: {unknown}.")
    state = params.get("State", "STOPPED")
    return {"ImageBuilder": place.builders.put(_name(params), state=state, fields=fields)}


def _set_state(place: Place, params: _Params) -> None:
    then = [(step["AfterSeconds"], step["State"]) for step in params.get("Then", ())]
    place.builders.set_state(_name(params), params["State"], then)


def _begin(place: Place, params: _Params) -> None:
    place.builders.begin(_name(params), params["Transition"])


def _set_start_outcome(place: Place, params: _Params) -> None:
    outcome = {key: value for key, value in params.items() if key != "Name"}
    place.builders.set_start_outcome(_name(params), start_outcome(outcome))


def _get_image_builder(place: Place, params: _Params) -> Mapping[str, Any]:
    builder, state = place.builders.observe(_name(params))
    [described] = place.builders.describe([builder.name])
    return {
        "ImageBuilder": described,
        "State": state,
        "Starts": builder.starts,
        "Stops": builder.stops,
        "Tags": builder.tags,
    }


def _limit_rate(place: Place, params: _Params) -> None:
    place.faults.limit_rate(params.get("PerSecond"), params.get("Burst"))


def _name(params: _Params) -> str:
    name = params.get("Name")
    if not isinstance(name, str) or not name:
        raise validation_error("Name is missing.")
    return name


_OPERATIONS: Final[Mapping[str, Callable[[Place, _Params], Mapping[str, Any] | None]]] = {
    "AddFault": lambda place, params: place.faults.add(fault(params)),
    "BeginTransition": _begin,
    "Calls": lambda place, _: {"Calls": [calls.to_json(call) for call in place.calls.all()]},
    "ClearCalls": lambda place, _: place.calls.clear(),
    "ClearFaults": lambda place, _: place.faults.clear(),
    "ClearIamChecks": lambda place, _: place.iam_checks.clear(),
    "GetImageBuilder": _get_image_builder,
    "IamChecks": lambda place, _: {"IamChecks": [iam_checks.to_json(check) for check in place.iam_checks.all()]},
    "LimitRate": _limit_rate,
    "PutImageBuilder": _put_image_builder,
    "Reset": lambda place, _: place.reset(),
    "SetBehavior": _set_behavior,
    "SetDurations": _set_durations,
    "SetStartOutcome": _set_start_outcome,
    "SetState": _set_state,
}
