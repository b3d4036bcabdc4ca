"""Records the status of stacks and resources, and shows it in Describe and List calls, as CloudFormation does.

ministack updates a resource's record when the resource is complete, and drops it on deletion. CloudFormation shows each
status immediately, keeps showing DELETE_COMPLETE, and finds a stack by the physical id of a resource.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import _stacks, handlers, stacks

STACK = "AWS::CloudFormation::Stack"

_SHOWING = ("DescribeStackResource", "DescribeStackResources", "ListStackResources")
_DELETED = "_deleted_resources"

Stack = dict[str, Any]
"""ministack's record of a stack."""


def register() -> None:
    """Extend ministack; call it once, before its server starts."""
    operations = handlers._ACTION_HANDLERS
    for name in _SHOWING:
        operations[name] = _with_deleted(operations[name])
    operations["DescribeStackResources"] = _by_physical_id(operations["DescribeStackResources"])


def tell_stack(stack: Stack, status: str, reason: str = "") -> None:
    """Set the stack's status and write the event."""
    stack["StackStatus"] = status
    stack["StackStatusReason"] = reason
    stacks._add_event(stack["StackId"], stack["StackName"], stack["StackName"], STACK, status, reason, stack["StackId"])


def tell(
    stack: Stack, logical_id: str, status: str, reason: str = "", *, kind: str = "", physical_id: str | None = None
) -> None:
    """Set a resource's status and write the event.

    Args:
        stack: The stack.
        logical_id: The resource; its record is created if there is none.
        status: The new status.
        reason: The status reason.
        kind: The resource's type; required if there is no record.
        physical_id: The new physical id; None to keep the current one.
    """
    resources = stack["_resources"]
    record = resources.setdefault(
        logical_id,
        {
            "PhysicalResourceId": "",
            "ResourceType": kind,
            "LogicalResourceId": logical_id,
            "Properties": {},
            "Attributes": {},
        },
    )
    stack.get(_DELETED, {}).pop(logical_id, None)
    if physical_id is not None:
        record["PhysicalResourceId"] = physical_id
    record["ResourceStatus"] = status
    record["ResourceStatusReason"] = reason
    record["Timestamp"] = stacks.now_iso()
    tell_event(stack, logical_id, status, reason, kind=record["ResourceType"], physical_id=record["PhysicalResourceId"])


def tell_event(
    stack: Stack, logical_id: str, status: str, reason: str = "", *, kind: str, physical_id: str = ""
) -> None:
    """Write an event about a physical resource other than the one in the record."""
    stacks._add_event(stack["StackId"], stack["StackName"], logical_id, kind, status, reason, physical_id)


def forget(stack: Stack, logical_id: str) -> None:
    """Remove a resource from the stack, which keeps showing its last status."""
    record = stack["_resources"].pop(logical_id, None)
    if record is not None:
        stack.setdefault(_DELETED, {})[logical_id] = record


def _with_deleted(original: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def operation(params: Mapping[str, Any]) -> Any:
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        if not stack or not stack.get(_DELETED):
            return original(params)
        live = stack["_resources"]
        stack["_resources"] = {**stack[_DELETED], **live}
        try:
            return original(params)
        finally:
            stack["_resources"] = live

    return operation


def _by_physical_id(original: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def operation(params: Mapping[str, Any]) -> Any:
        physical_id = handlers._p(params, "PhysicalResourceId")
        if not physical_id or handlers._p(params, "StackName"):
            return original(params)
        # If no stack has it, the original reports that there is no stack of this name.
        return original({**params, "StackName": [_stack_with(physical_id) or physical_id]})

    return operation


def _stack_with(physical_id: str) -> str:
    """Return the id of the stack that has a resource, "" if there is none."""
    for stack in _stacks.values():
        ids = [each.get("PhysicalResourceId") for each in stack.get("_resources", {}).values()]
        if physical_id in ids and stack.get("StackStatus") != "DELETE_COMPLETE":
            return str(stack["StackId"])
    return ""
