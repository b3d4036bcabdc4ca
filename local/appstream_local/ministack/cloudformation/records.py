"""Keeps what CloudFormation tells of a stack's resources while an operation runs: status, moment, physical id.

It knows ministack's inside. ministack alone changes a resource's record once the resource is
complete, and forgets it at its deletion. CloudFormation shows each status at once, and goes on telling DELETE_COMPLETE.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import handlers, stacks

STACK = "AWS::CloudFormation::Stack"

_TELLING = ("DescribeStackResource", "DescribeStackResources", "ListStackResources")
_DELETED = "_deleted_resources"

Stack = dict[str, Any]
"""ministack's record of a stack."""


def register() -> None:
    """Extend ministack; call it once, before its server starts."""
    for operation in _TELLING:
        handlers._ACTION_HANDLERS[operation] = _with_deleted_ones(handlers._ACTION_HANDLERS[operation])


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
        logical_id: The resource; its record is made where there is none.
        status: The new status.
        reason: Why.
        kind: The resource's type; needed where there is no record.
        physical_id: The physical id from now on; None leaves it.
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
    """Write an event that is about another physical resource than the one that the record is about."""
    stacks._add_event(stack["StackId"], stack["StackName"], logical_id, kind, status, reason, physical_id)


def forget(stack: Stack, logical_id: str) -> None:
    """Take a resource out of the stack, which goes on telling its last status."""
    record = stack["_resources"].pop(logical_id, None)
    if record is not None:
        stack.setdefault(_DELETED, {})[logical_id] = record


def _with_deleted_ones(original: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def answer(params: Mapping[str, Any]) -> Any:
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        if not stack or not stack.get(_DELETED):
            return original(params)
        live = stack["_resources"]
        stack["_resources"] = {**stack[_DELETED], **live}
        try:
            return original(params)
        finally:
            stack["_resources"] = live

    return answer
