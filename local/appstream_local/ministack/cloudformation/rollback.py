"""Rolls back a failed or cancelled operation as CloudFormation does: immediately, Updates before Deletes."""

import copy
from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import stacks

from .custom_resource_requests import Resource, send_request
from .deletion import delete_logical, delete_replaced, skip
from .dependency_order import in_dependency_order, reversed_dependencies
from .records import STACK, Stack, tell, tell_stack
from .steps import Step, dependencies, is_custom, provision, resource_policy

_RESTORED = ("_template", "_resolved_params", "_template_body", "_conditions", "Parameters", "Tags", "Outputs")


async def roll_back(
    stack_name: str, stack_id: str, stack: Stack, operation: Mapping[str, Any], reason_override: str = ""
) -> None:
    """Undo an operation; the signature is ministack's.

    Args:
        stack_name: The stack's name.
        stack_id: The stack's id.
        stack: ministack's record of it.
        operation: The record that `operations` made of the operation.
        reason_override: The reason of the rollback, if a user requested it.
    """
    del stack_name, stack_id
    stack.pop("_failed_operation", None)
    rollback = _Rollback(stack, operation)
    if operation.get("is_update") and operation.get("previous_stack"):
        await rollback.of_update(reason_override)
    else:
        await rollback.of_create(reason_override)


class _Rollback:
    def __init__(self, stack: Stack, operation: Mapping[str, Any]) -> None:
        self.stack = stack
        self.steps: Mapping[str, Step] = operation.get("steps", {})
        self.cancelled = bool(operation.get("cancelled"))
        self.keeps_retained = not operation.get("retain_except_on_create")
        self.template: Mapping[str, Any] = operation.get("template") or {}
        self.parameters = operation.get("param_values") or {}
        self.previous: Mapping[str, Any] = operation.get("previous_stack") or {}
        self.old: Mapping[str, Any] = self.previous.get("_resources", {})
        self.created = [each for each in self.steps if each not in self.old]
        self.left: dict[str, str] = {}
        """The physical ids that the rollback replaced, by logical id."""
        self.failed: dict[str, dict[str, Any]] = {}
        """What couldn't be undone, as ministack's ContinueUpdateRollback reads it."""

    async def of_create(self, reason: str) -> None:
        """Delete everything that the create made."""
        failed = ", ".join(each for each, step in self.steps.items() if step.failed)
        cause = f"The following resource(s) failed to create: [{failed}]. " if failed else ""
        tell_stack(self.stack, "ROLLBACK_IN_PROGRESS", reason or f"{cause}Rollback requested by user.")
        await self._delete_created()
        if self.failed:
            self._give_up("ROLLBACK_FAILED")
        else:
            tell_stack(self.stack, "ROLLBACK_COMPLETE", "Rollback complete")

    async def of_update(self, reason: str) -> None:
        """Update everything back, then delete what the update made."""
        tell_stack(self.stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason or self._reason())
        updated = [each for each in self.steps if each in self.old]
        definitions = (self.previous.get("_template") or {}).get("Resources", {})
        # A resource that can't be updated back doesn't stop the others.
        needed = dependencies(definitions, updated)
        await in_dependency_order(updated, needed, self._undo)
        if not self.failed:
            tell_stack(self.stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        await self._delete_created()
        turned = reversed_dependencies(dependencies(self.template.get("Resources", {}), self.left))
        await in_dependency_order(self.left, turned, self._delete_left)
        for key in _RESTORED:
            if key in self.previous:
                self.stack[key] = self.previous[key]
        if self.failed and any("RevertTo" in each for each in self.failed.values()):
            self._give_up("UPDATE_ROLLBACK_FAILED")
        else:
            tell_stack(self.stack, "UPDATE_ROLLBACK_COMPLETE")

    def _reason(self) -> str:
        if self.cancelled:
            return "User Initiated"
        parts = []
        for verb, failed in (
            ("create", [each for each in self.created if self.steps[each].failed]),
            ("update", [each for each in self.steps if each in self.old and self.steps[each].failed]),
        ):
            if failed:
                parts.append(f"The following resource(s) failed to {verb}: [{', '.join(failed)}]. ")
        return "".join(parts) or "Rollback requested"

    async def _undo(self, logical_id: str) -> None:
        """Undo the update of one resource."""
        step, old = self.steps[logical_id], self.old[logical_id]
        is_own = is_custom(step.kind) or step.kind == STACK
        # What AWS's own types replaced, or failed to update, is unchanged. A provider may have done anything before it
        # responded. A FAILED response with another id means a replacement, which is only deleted.
        stays = step.refused or (step.failed and (step.replaces or not is_own)) or (step.replaces and not is_own)
        if step.replaces and (stays or not is_custom(step.kind)):
            self.left[logical_id] = step.physical_id
        if stays:
            self._restore(logical_id, old["PhysicalResourceId"])
            tell(self.stack, logical_id, "UPDATE_COMPLETE")
            return
        self._restore(logical_id, step.physical_id)
        tell(self.stack, logical_id, "UPDATE_IN_PROGRESS")
        try:
            physical_id, attributes = await self._update_back(logical_id, step, old)
        except Exception as error:
            tell(self.stack, logical_id, "UPDATE_FAILED", str(error))
            self.failed[logical_id] = {
                "PhysicalResourceId": step.physical_id,
                "ResourceType": step.kind,
                "RevertFrom": step.applied,
                "RevertTo": step.before,
                "Attributes": old.get("Attributes", {}),
            }
            return
        if physical_id != step.physical_id:
            self.left[logical_id] = step.physical_id
        if attributes:
            record = self.stack["_resources"][logical_id]
            record["Attributes"] = {**record["Attributes"], **attributes}
        tell(self.stack, logical_id, "UPDATE_COMPLETE", physical_id=physical_id)

    async def _update_back(self, logical_id: str, step: Step, old: Mapping[str, Any]) -> tuple[str, Any]:
        if is_custom(step.kind):
            resource = Resource(self.stack["StackId"], logical_id, step.kind)
            return await send_request("Update", resource, step.before, old=step.applied, physical_id=step.physical_id)
        stacks._NAME_SEED.set(old.get("_name_seed", ""))
        call = (
            step.kind,
            step.physical_id,
            step.applied,
            step.before,
            self.stack["StackName"],
            logical_id,
            old.get("Attributes", {}),
        )
        found: tuple[str, Any] = await provision(step.kind, stacks._update_resource, *call)
        return found

    def _restore(self, logical_id: str, physical_id: str) -> None:
        """Restore a resource's record from before the update, except the physical id."""
        record = copy.deepcopy(dict(self.old[logical_id]))
        self.stack["_resources"][logical_id] = {**record, "PhysicalResourceId": physical_id}

    async def _delete_created(self) -> None:
        definitions = self.template.get("Resources", {})
        turned = reversed_dependencies(dependencies(definitions, self.created))
        await in_dependency_order(self.created, turned, self._delete_one_created)

    async def _delete_one_created(self, logical_id: str) -> None:
        record = self.stack["_resources"][logical_id]
        if record["PhysicalResourceId"] and self._policy(logical_id) == "Retain" and self.keeps_retained:
            # Except with RetainExceptOnCreate.
            skip(self.stack, logical_id)
            return
        try:
            await delete_logical(self.stack, logical_id)
        except Exception:
            if not self.previous:
                self.failed[logical_id] = {
                    "PhysicalResourceId": record["PhysicalResourceId"],
                    "ResourceType": record["ResourceType"],
                    "Properties": record["Properties"],
                }

    async def _delete_left(self, logical_id: str) -> None:
        step, physical_id = self.steps[logical_id], self.left[logical_id]
        await delete_replaced(self.stack, logical_id, kind=step.kind, physical_id=physical_id, properties=step.applied)

    def _policy(self, logical_id: str) -> str:
        conditions = stacks._evaluate_conditions(self.template, self.parameters)
        return resource_policy(
            self.stack,
            logical_id,
            "DeletionPolicy",
            template=self.template,
            parameters=self.parameters,
            conditions=conditions,
        )

    def _give_up(self, status: str) -> None:
        self.stack["_rollback_failed"] = self.failed
        tell_stack(self.stack, status, stacks._rollback_failure_reason(self.failed))
