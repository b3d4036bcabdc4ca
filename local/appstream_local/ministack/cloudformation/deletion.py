"""Deletes stacks, and what an update replaced or removed, as CloudFormation does: dependents first, in parallel."""

import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ministack.services.cloudformation import _exports, stacks

from .custom_resource_requests import Resource, send_request
from .dependency_order import in_dependency_order, reversed_dependencies
from .records import Stack, forget, tell, tell_event, tell_stack
from .steps import Step, dependencies, is_custom, provision, resource_policy


async def delete_physical(
    stack: Stack, logical_id: str, *, kind: str, physical_id: str, properties: Mapping[str, Any]
) -> None:
    """Delete one physical resource.

    Raises:
        Exception: It can't be deleted; the text is the reason.
    """
    if is_custom(kind):
        resource = Resource(stack["StackId"], logical_id, kind)
        await send_request("Delete", resource, properties, physical_id=physical_id)
        return
    await provision(kind, stacks._delete_resource, kind, physical_id, properties, stack["StackName"], logical_id)


async def delete_logical(stack: Stack, logical_id: str, *, policy: str = "Delete") -> None:
    """Delete a resource of a stack, and update its record.

    Raises:
        Exception: It can't be deleted; it stays in the stack as DELETE_FAILED.
    """
    record = stack["_resources"][logical_id]
    kind, physical_id, properties = record["ResourceType"], record["PhysicalResourceId"], record["Properties"]
    if not physical_id:
        # Its creation failed before there was a physical resource.
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
    """Remove a resource from the stack without deleting it."""
    tell(stack, logical_id, "DELETE_SKIPPED", reason)
    forget(stack, logical_id)


async def delete_replaced(
    stack: Stack, logical_id: str, *, kind: str, physical_id: str, properties: Mapping[str, Any]
) -> None:
    """Delete a physical resource that was replaced; a failure is only an event."""
    event = {"kind": kind, "physical_id": physical_id}
    tell_event(stack, logical_id, "DELETE_IN_PROGRESS", **event)
    try:
        await delete_physical(stack, logical_id, kind=kind, physical_id=physical_id, properties=properties)
    except Exception as error:
        tell_event(stack, logical_id, "DELETE_FAILED", str(error), **event)
    else:
        tell_event(stack, logical_id, "DELETE_COMPLETE", **event)


async def clean_up(
    stack: Stack,
    previous: Mapping[str, Any],
    *,
    removed: Collection[str],
    steps: Mapping[str, Step],
    policy: Callable[[str, str], str],
) -> None:
    """Delete what a successful update replaced or removed.

    Args:
        stack: The stack.
        previous: The stack before the update.
        removed: Resources that the new template doesn't have.
        steps: What the update did.
        policy: Returns an attribute of a resource in the new template, such as UpdateReplacePolicy.
    """
    definitions = (previous.get("_template") or {}).get("Resources", {})
    replaced = [each for each, step in steps.items() if step.replaces]
    needed = dependencies(definitions, [*removed, *replaced])

    async def delete(logical_id: str) -> None:
        if logical_id in removed:
            await _delete_removed(stack, previous, logical_id)
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


async def _delete_removed(stack: Stack, previous: Mapping[str, Any], logical_id: str) -> None:
    policy = resource_policy(
        stack,
        logical_id,
        "DeletionPolicy",
        template=previous.get("_template") or {},
        resources=previous.get("_resources", {}),
        parameters=previous.get("_resolved_params", {}),
        conditions=previous.get("_conditions", {}),
    )
    if policy in stacks._RETAINING_POLICIES:
        skip(stack, logical_id)
        return
    # A failure is an event, and doesn't fail the update.
    with contextlib.suppress(Exception):
        await delete_logical(stack, logical_id, policy=policy)


async def delete_stack(stack: Stack, *, retain: Collection[str] = (), force: bool = False) -> None:
    """Delete every resource of a stack, except what a failing one depends on.

    Args:
        stack: The stack, in status DELETE_IN_PROGRESS.
        retain: Logical ids to skip.
        force: Whether to skip what can't be deleted.
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
        policy = resource_policy(
            stack,
            logical_id,
            "DeletionPolicy",
            template=template,
            parameters=stack.get("_resolved_params", {}),
            conditions=stack.get("_conditions", {}),
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
