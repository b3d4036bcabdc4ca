"""What an operation has done to each resource so far, for its rollback."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.services.cloudformation import stacks

from .records import Stack

_CUSTOM = "AWS::CloudFormation::CustomResource"


@dataclass
class Step:
    """The create or update of one resource.

    Attributes:
        kind: The resource's type.
        applied: The new properties, with the stack's tags.
        before: The properties before an update.
        held_id: The physical id before an update; "" for a create.
        physical_id: The physical id after the step; "" if there is none.
        failed: Whether it failed or was cancelled.
        refused: Whether the resource is unchanged, because no request reached its provider.
        pending_deletes: ministack's calls that delete what the update replaced.
    """

    kind: str
    applied: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    held_id: str = ""
    physical_id: str = ""
    failed: bool = False
    refused: bool = False
    pending_deletes: list[Any] = field(default_factory=list)

    @property
    def replaces(self) -> bool:
        """Whether an update led to another physical resource."""
        return bool(self.held_id) and (self.physical_id != self.held_id or bool(self.pending_deletes))


def is_custom(kind: str) -> bool:
    """Return whether a type is that of a custom resource."""
    return kind.startswith("Custom::") or kind == _CUSTOM


async def provision(kind: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call one of ministack's functions for a type, in a thread of its own if the type needs one."""
    if stacks._runs_on_worker_thread(kind):
        return await stacks.run_reentrant(function, *arguments)
    return function(*arguments)


def dependencies(definitions: Mapping[str, Any], names: Iterable[str]) -> dict[str, set[str]]:
    """Return which of the resources each one depends on, by a reference or DependsOn."""
    known = set(names)
    return {each: set(stacks._extract_deps(definitions[each], known - {each})) for each in known if each in definitions}


def resource_policy(
    stack: Stack,
    logical_id: str,
    attribute: str,
    *,
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    conditions: Mapping[str, Any],
    resources: Mapping[str, Any] | None = None,
) -> str:
    """Return an attribute of a resource in a template, such as DeletionPolicy.

    Args:
        stack: The stack.
        logical_id: The resource.
        attribute: The attribute.
        template: The template.
        parameters: The values of its parameters.
        conditions: The values of its conditions.
        resources: The records that its references are resolved with; the stack's by default.
    """
    return str(
        stacks._resource_policy(
            template.get("Resources", {}).get(logical_id),
            attribute,
            stack["_resources"] if resources is None else resources,
            parameters,
            conditions,
            template.get("Mappings", {}),
            stack["StackName"],
            stack["StackId"],
        )
    )
