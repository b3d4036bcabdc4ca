"""Finds a stack by a resource's physical id in DescribeStackResources, as CloudFormation does; ministack alone cannot.

It knows ministack's inside: the table of CloudFormation's operations, and its stacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import _stacks, handlers

_OPERATION = "DescribeStackResources"
_GONE = "DELETE_COMPLETE"


def register() -> None:
    """Extend ministack; call it once, before its server starts."""
    handlers._ACTION_HANDLERS[_OPERATION] = _knowing_physical_ids(handlers._ACTION_HANDLERS[_OPERATION])


def _knowing_physical_ids(original: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    def describe_stack_resources(params: Mapping[str, Any]) -> Any:
        wanted = handlers._p(params, "PhysicalResourceId")
        if not wanted or handlers._p(params, "StackName"):
            return original(params)
        # Where none has it the original answers that the stack, whose name is the id then, does not exist.
        return original({**params, "StackName": [_stack_with(wanted) or wanted]})

    return describe_stack_resources


def _stack_with(physical_id: str) -> str:
    """Return the id of the stack that has the resource, "" where none has."""
    for stack in _stacks.values():
        resources = stack.get("_resources", {}).values()
        if stack.get("StackStatus") != _GONE and any(
            each.get("PhysicalResourceId") == physical_id for each in resources
        ):
            return str(stack["StackId"])
    return ""
