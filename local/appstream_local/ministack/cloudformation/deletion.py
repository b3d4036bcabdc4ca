"""Deletes stacks, and what an update has replaced or removed, as CloudFormation does: dependents first, in parallel.

It knows ministack's inside.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ministack.services.cloudformation import _exports, stacks

from .custom_resource_requests import Resource, ask
from .dependency_order import in_dependency_order, reversed_dependencies
from .records import Stack, forget, tell, tell_event, tell_stack
from .steps import Step, dependencies, is_custom, runs_in_thread


async def delete_physical(
    stack: Stack, logical_id: str, *, kind: str, physical_id: str, properties: Mapping[str, Any]
) -> None:
    """Delete one physical resource.

    Raises:
        Exception: It can't be deleted; the text is the reason.
    """
    if is_custom(kind):
        resource = Resource(stack["StackId"], logical_id, kind)
        await ask("Delete", resource, properties, physical_id=physical_id)
        return
    call = (kind, physical_id, properties, stack["StackName"], logical_id)
    if runs_in_thread(kind):
        await stacks.run_reentrant(stacks._delete_resource, *call)
    else:
        stacks._delete_resource(*call)


async def delete_logical(stack: Stack, logical_id: str, *, policy: str = "Delete") -> None:
    """Delete a resource of a stack, whose record tells how it goes.

    Raises:
        Exception: It can't be deleted; it stays in the stack as DELETE_FAILED.
    """
    record = stack["_resources"][logical_id]
    kind, physical_id, properties = record["ResourceType"], record["PhysicalResourceId"], record["Properties"]
    if not physical_id:
        # Its creation failed before anything was there.
        forget(stack, logical_id)
        return
    tell(stack, logical_id, "DELETE_IN_PROGRESS")
    try:
        if policy == "Snapshot":
            stacks._snapshot_resource(kind, physical_id, properties)
        await delete_physical(stack, logical_id, kind=kind, physical_id=physical_id, properties=properties)
    except Exception as error:
        tell(stack, logical_id, "DELETE_FAILED", str(error))
        raise
    tell(stack, logical_id, "DELETE_COMPLETE")
    forget(stack, logical_id)


def skip(stack: Stack, logical_id: str, reason: str = "") -> None:
    """Take a resource out of the stack and leave it alone."""
    tell(stack, logical_id, "DELETE_SKIPPED", reason)
    forget(stack, logical_id)


async def delete_replaced(
    stack: Stack, logical_id: str, *, kind: str, physical_id: str, properties: Mapping[str, Any]
) -> None:
    """Delete a physical resource that its logical one has left; a failure is only told."""
    told = {"kind": kind, "physical_id": physical_id}
    tell_event(stack, logical_id, "DELETE_IN_PROGRESS", **told)
    try:
        await delete_physical(stack, logical_id, kind=kind, physical_id=physical_id, properties=properties)
    except Exception as error:
        tell_event(stack, logical_id, "DELETE_FAILED", str(error), **told)
    else:
        tell_event(stack, logical_id, "DELETE_COMPLETE", **told)


async def clean_up(
    stack: Stack,
    previous: Mapping[str, Any],
    *,
    removed: Collection[str],
    steps: Mapping[str, Step],
    policy: Callable[[str, str], str],
) -> None:
    """Delete what a successful update has replaced or removed.

    Args:
        stack: The stack.
        previous: It before the update.
        removed: Resources that the template hasn't any more.
        steps: What the update has done.
        policy: Returns an attribute such as UpdateReplacePolicy of a resource in the new template.
    """
    definitions = (previous.get("_template") or {}).get("Resources", {})
    replaced = [each for each, step in steps.items() if step.replaces]
    needed = dependencies(definitions, [*removed, *replaced])

    async def delete(logical_id: str) -> None:
        if logical_id in removed:
            await _delete_removed(stack, previous, logical_id, definitions)
            return
        step = steps[logical_id]
        if policy(logical_id, "UpdateReplacePolicy") in stacks._RETAINING_POLICIES:
            if step.physical_id != step.held_id:
                tell_event(stack, logical_id, "DELETE_SKIPPED", kind=step.kind, physical_id=step.held_id)
            return
        for function, arguments, options in step.pending_deletes:
            function(*arguments, **options)
        if step.physical_id != step.held_id:
            await delete_replaced(stack, logical_id, kind=step.kind, physical_id=step.held_id, properties=step.before)

    await in_dependency_order([*removed, *replaced], reversed_dependencies(needed), delete)


async def _delete_removed(
    stack: Stack, previous: Mapping[str, Any], logical_id: str, definitions: Mapping[str, Any]
) -> None:
    policy = stacks._resource_policy(
        definitions.get(logical_id),
        "DeletionPolicy",
        previous.get("_resources", {}),
        previous.get("_resolved_params", {}),
        previous.get("_conditions", {}),
        (previous.get("_template") or {}).get("Mappings", {}),
        stack["StackName"],
        stack["StackId"],
    )
    if policy in stacks._RETAINING_POLICIES:
        skip(stack, logical_id)
        return
    # A failure is told, and doesn't fail the update.
    with contextlib.suppress(Exception):
        await delete_logical(stack, logical_id, policy=policy)


async def delete_stack(stack: Stack, *, retain: Collection[str] = (), force: bool = False) -> None:
    """Delete every resource of a stack; what a failing one depends on stays.

    Args:
        stack: The stack, told to be DELETE_IN_PROGRESS.
        retain: Logical ids to leave alone.
        force: Leave alone what can't be deleted.
    """
    template = stack.get("_template") or {}
    definitions = template.get("Resources", {})
    resources = stack["_resources"]
    names = list(resources)
    needed = dependencies(definitions, names)
    retained = set(retain)
    if force:
        failed = [each for each in names if resources[each].get("ResourceStatus") == "DELETE_FAILED"]
        retained |= stacks._with_dependencies(failed, definitions, set(names))

    async def delete(logical_id: str) -> None:
        policy = stacks._resource_policy(
            definitions.get(logical_id),
            "DeletionPolicy",
            resources,
            stack.get("_resolved_params", {}),
            stack.get("_conditions", {}),
            template.get("Mappings", {}),
            stack["StackName"],
            stack["StackId"],
        )
        if policy in stacks._RETAINING_POLICIES or logical_id in retained:
            skip(stack, logical_id)
            return
        try:
            await delete_logical(stack, logical_id, policy=policy)
        except Exception as error:
            if not force:
                raise
            skip(stack, logical_id, str(error))
            retained.update(stacks._with_dependencies([logical_id], definitions, set(resources)))

    try:
        await in_dependency_order(names, reversed_dependencies(needed), delete, keep_going=True)
    except Exception:
        failed = sorted(each for each in resources if resources[each].get("ResourceStatus") == "DELETE_FAILED")
        tell_stack(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}].")
        return
    for output in stack.get("Outputs", []):
        _exports.pop(output.get("ExportName"), None)
    tell_stack(stack, "DELETE_COMPLETE")
