"""What an operation has done to each resource so far: enough to undo it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.services.cloudformation import stacks

_CUSTOM = "AWS::CloudFormation::CustomResource"


@dataclass
class Step:
    """The create or update of one resource.

    Attributes:
        kind: The resource's type.
        applied: The properties that were asked for, with the stack's tags.
        before: The properties before an update.
        held_id: The physical id before an update; "" for a create.
        physical_id: The physical id that the step has led to; "" where there is none.
        failed: Whether it failed or was cancelled.
        refused: Whether the resource is as it was, because nothing was asked of its provider.
        pending_deletes: ministack's own ways to delete what the update has replaced.
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
        """Whether an update has led to another physical resource."""
        return bool(self.held_id) and (self.physical_id != self.held_id or bool(self.pending_deletes))


def is_custom(kind: str) -> bool:
    """Return whether a type is that of a custom resource."""
    return kind.startswith("Custom::") or kind == _CUSTOM


def runs_in_thread(kind: str) -> bool:
    """Return whether ministack may only act on this type in a thread of its own."""
    return bool(stacks._runs_on_worker_thread(kind))


def dependencies(definitions: Mapping[str, Any], names: Iterable[str]) -> dict[str, set[str]]:
    """Return which of the resources each of them refers to, or names in DependsOn."""
    known = set(names)
    return {each: set(stacks._extract_deps(definitions[each], known - {each})) for each in known if each in definitions}
