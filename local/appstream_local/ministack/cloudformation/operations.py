"""Creates and updates stacks as CloudFormation does: in parallel, and with a failure that cancels what is in flight.

ministack acts on one resource after the other, and can't cancel the wait for a custom resource's response. How it
resolves templates, and creates, updates and deletes resources of AWS's own types, is used unchanged. So is its import
of resources.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.services.cloudformation import _exports, _stacks, changesets, handlers, stacks

from .custom_resource_requests import Resource, ResourceFailed, remember_loop, send_request
from .custom_resource_responses import made_up_id
from .deletion import clean_up, delete_stack
from .dependency_order import in_dependency_order
from .records import Stack, tell, tell_event, tell_stack
from .rollback import roll_back
from .steps import Step, dependencies, is_custom, provision, resource_policy

_CANCELLED = {"CREATE": "Resource creation cancelled", "UPDATE": "Resource update cancelled"}
_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
_NOT_DELETABLE = (
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
)

_running: dict[str, asyncio.Task[None]] = {}
"""The running operation of each stack, by its id; it can be cancelled."""


def register() -> None:
    """Extend ministack; call it once, before its server starts."""
    deploy = _in_parallel(stacks._deploy_stack_async)
    stacks._deploy_stack_async = handlers._deploy_stack_async = changesets._deploy_stack_async = deploy
    stacks._roll_back_operation = handlers._roll_back_operation = roll_back
    stacks._delete_stack_async = handlers._delete_stack_async = _deleting
    for operation, extended in (("CancelUpdateStack", _cancelling), ("DeleteStack", _deletable)):
        handlers._ACTION_HANDLERS[operation] = extended(handlers._ACTION_HANDLERS[operation])


def _in_parallel(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Replace how ministack creates and updates stacks, except for imports and invalid templates."""

    async def deploy(
        stack_name: str,
        stack_id: str,
        template: Mapping[str, Any],
        param_values: Mapping[str, Any],
        disable_rollback: bool,
        tags: Any,
        is_update: bool = False,
        previous_stack: Mapping[str, Any] | None = None,
        retain_except_on_create: bool = False,
        imports: Any = None,
    ) -> None:
        remember_loop()
        stack = _stacks[stack_name]
        operation = _Operation(stack, template, param_values, previous_stack if is_update else None)
        try:
            ordered = stacks._topological_sort(operation.definitions, operation.conditions)
        except ValueError:
            ordered = None
        if imports or ordered is None:
            given = {"is_update": is_update, "previous_stack": previous_stack, "imports": imports}
            given["retain_except_on_create"] = retain_except_on_create
            await original(stack_name, stack_id, template, param_values, disable_rollback, tags, **given)
            return
        stack.pop("_failed_operation", None)
        if not stack.get("_disable_validation") and stacks._fail_property_validation(
            stack,
            stack_id,
            stack_name,
            operation.definitions,
            ordered,
            param_values,
            operation.conditions,
            operation.mappings,
            disable_rollback,
            previous_stack=(previous_stack or {}) if is_update else None,
        ):
            return
        await operation.run(ordered, disable_rollback=disable_rollback, retain_except_on_create=retain_except_on_create)

    return deploy


class _Operation:
    """The create or update of one stack."""

    def __init__(
        self,
        stack: Stack,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        previous: Mapping[str, Any] | None,
    ) -> None:
        self.stack = stack
        self.template = template
        self.parameters = parameters
        self.previous = previous
        self.verb = "CREATE" if previous is None else "UPDATE"
        self.definitions: Mapping[str, Any] = template.get("Resources", {})
        self.mappings = template.get("Mappings", {})
        self.conditions = stacks._evaluate_conditions(template, parameters)
        self.steps: dict[str, Step] = {}
        self.tags = stack.get("Tags") or []
        self.previous_tags = (previous or {}).get("Tags") or []
        self.old: Mapping[str, Any] = (previous or {}).get("_resources", {})

    async def run(self, ordered: list[str], *, disable_rollback: bool, retain_except_on_create: bool) -> None:
        """Create or update every resource, then clean up; or roll back."""
        if self.previous is None:
            # A deletion during the create needs the dependencies.
            self.stack["_template"], self.stack["_resolved_params"] = self.template, self.parameters
        needed = dependencies(self.definitions, ordered)
        forward = asyncio.ensure_future(
            in_dependency_order(ordered, needed, self._create_or_update, keep_going=disable_rollback)
        )
        _running[self.stack["StackId"]] = forward
        cancelled, reason = False, ""
        try:
            await forward
            outputs, exports = self._outputs(ordered)
        except asyncio.CancelledError:
            cancelled = True
            # The rollback's events have the token of the cancel request.
            stacks.CLIENT_REQUEST_TOKEN.set(self.stack.pop("_cancel_token", ""))
        except _OutputsFailed as failed:
            reason = str(failed)
            tell_stack(self.stack, f"{self.verb}_FAILED", reason)
        except Exception as failed:
            reason = f"Resource {next(each for each, step in self.steps.items() if step.failed)} failed: {failed}"
        finally:
            _running.pop(self.stack["StackId"], None)
            self.stack.pop("_cancel_requested", None)
        if self.stack["StackStatus"].startswith("DELETE"):
            return
        if cancelled or reason:
            await self._failed(cancelled, reason, disable_rollback, retain_except_on_create)
            return
        await self._succeeded(ordered, outputs, exports)

    async def _failed(
        self, cancelled: bool, reason: str, disable_rollback: bool, retain_except_on_create: bool
    ) -> None:
        operation = {
            "is_update": self.previous is not None,
            "previous_stack": self.previous,
            "template": self.template,
            "param_values": self.parameters,
            "cancelled": cancelled,
            "retain_except_on_create": retain_except_on_create,
            "steps": self.steps,
        }
        if not disable_rollback:
            stack_id = self.stack["StackId"]
            back = asyncio.ensure_future(roll_back(self.stack["StackName"], stack_id, self.stack, operation))
            _running[stack_id] = back
            try:
                await back
            except asyncio.CancelledError:
                if not self.stack["StackStatus"].startswith("DELETE"):
                    raise
            finally:
                _running.pop(stack_id, None)
            return
        # RollbackStack continues from here.
        self.stack["_failed_operation"] = operation
        tell_stack(self.stack, f"{self.verb}_FAILED", reason)

    async def _succeeded(self, ordered: list[str], outputs: Any, exports: Any) -> None:
        self.stack["_template"], self.stack["_resolved_params"] = self.template, self.parameters
        self.stack["Outputs"] = outputs
        _exports.update(exports)
        if self.previous is None:
            tell_stack(self.stack, "CREATE_COMPLETE")
            return
        tell_stack(self.stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        removed = [each for each in self.old if each not in ordered]
        await clean_up(self.stack, self.previous, removed=removed, steps=self.steps, policy=self._policy)
        tell_stack(self.stack, "UPDATE_COMPLETE")

    def _outputs(self, ordered: list[str]) -> tuple[Any, Any]:
        # What the update removes still exists, but outputs can't read it.
        left = {each: record for each, record in self.stack["_resources"].items() if each in ordered}
        try:
            found: tuple[Any, Any] = stacks._resolve_stack_outputs(
                self.template.get("Outputs", {}),
                self.conditions,
                left,
                self.parameters,
                self.mappings,
                self.stack["StackName"],
                self.stack["StackId"],
            )
        except Exception as error:
            raise _OutputsFailed(str(error)) from error
        return found

    async def _create_or_update(self, logical_id: str) -> None:
        """Create or update one resource, in a task and so in a context of its own."""
        kind = self.definitions[logical_id].get("Type", "AWS::CloudFormation::CustomResource")
        step = Step(kind)
        verb = self._verb(logical_id)
        try:
            properties, dynamic = self._properties(logical_id)
            now = stacks._with_stack_tags(kind, properties, self.tags, *self._names(logical_id))
            old = self.old.get(logical_id)
            before = {}
            if old is not None:
                before = stacks._with_stack_tags(kind, old["Properties"], self.previous_tags, *self._names(logical_id))
                if before == now:
                    # CloudFormation doesn't touch what didn't change, and writes no event.
                    self._record(logical_id, properties, dynamic)
                    return
            self.steps[logical_id] = step
            step.applied, step.before = now, before
            tell(self.stack, logical_id, f"{verb}_IN_PROGRESS", kind=kind)
            if old is None:
                # Its Delete needs them if the Create is cancelled.
                self.stack["_resources"][logical_id]["Properties"] = properties
                physical_id, attributes, seed = await self._create(logical_id, step, now)
            else:
                physical_id, attributes, seed = await self._update(logical_id, step, old)
        except asyncio.CancelledError:
            if logical_id in self.steps:
                self._fail(logical_id, step, _CANCELLED[verb], "")
            raise
        except Exception as error:
            self.steps[logical_id] = step
            step.refused = step.refused or (isinstance(error, ResourceFailed) and not error.sent)
            self._fail(logical_id, step, str(error), getattr(error, "physical_id", ""))
            raise
        step.physical_id = physical_id
        self._record(logical_id, properties, dynamic, attributes=attributes, seed=seed)
        tell(self.stack, logical_id, f"{verb}_COMPLETE", physical_id=physical_id)

    def _verb(self, logical_id: str) -> str:
        """Return the first word of a resource's statuses: an update creates what it adds."""
        return self.verb if logical_id in self.old else "CREATE"

    def _fail(self, logical_id: str, step: Step, reason: str, physical_id: str) -> None:
        """Record that a resource failed, and the id of what it may have left."""
        step.failed = True
        old = self.old.get(logical_id)
        if old is not None:
            step.held_id = old["PhysicalResourceId"]
            # A FAILED response with another id is a failed replacement: it is deleted, and the old one stays.
            step.physical_id = physical_id or step.held_id
        elif is_custom(step.kind) and not step.refused:
            step.physical_id = physical_id or made_up_id(self.stack["StackName"], logical_id)
        tell(
            self.stack,
            logical_id,
            f"{self._verb(logical_id)}_FAILED",
            reason,
            kind=step.kind,
            physical_id=step.physical_id if old is None else None,
        )

    async def _create(self, logical_id: str, step: Step, properties: Any) -> tuple[str, Any, str]:
        if is_custom(step.kind):
            resource = Resource(self.stack["StackId"], logical_id, step.kind)
            return (*await send_request("Create", resource, properties), "")
        call = (step.kind, logical_id, properties, self.stack["StackName"])
        (physical_id, attributes), seed = await provision(step.kind, stacks._provision_keeping_seed, *call)
        return physical_id, attributes, seed

    async def _update(self, logical_id: str, step: Step, old: Mapping[str, Any]) -> tuple[str, Any, str]:
        step.held_id = held = old["PhysicalResourceId"]
        if is_custom(step.kind):
            resource = Resource(self.stack["StackId"], logical_id, step.kind)
            done = await send_request("Update", resource, step.applied, old=step.before, physical_id=held)
            return (*done, "")
        retained = self._policy(logical_id, "UpdateReplacePolicy") in stacks._RETAINING_POLICIES
        stacks._RETAIN_REPLACED.set(retained)
        stacks._DEFERRED_PREDECESSOR_DELETES.set(step.pending_deletes)
        stacks._NAME_SEED.set(old.get("_name_seed", ""))
        if stacks._custom_named_replacement_error(step.kind, step.before, step.applied):
            step.refused = True
        elif stacks._replacing_change(step.kind, step.before, step.applied):
            step.refused = True  # If it fails, the old one is unchanged.
            tell_event(self.stack, logical_id, "UPDATE_IN_PROGRESS", _REPLACING, kind=step.kind, physical_id=held)
        call = (
            step.kind,
            held,
            step.before,
            step.applied,
            self.stack["StackName"],
            logical_id,
            old.get("Attributes", {}),
        )
        (physical_id, attributes), seed = await provision(step.kind, stacks._update_keeping_seed, *call)
        return physical_id, attributes, seed

    def _record(
        self, logical_id: str, properties: Any, dynamic: Any, *, attributes: Any = None, seed: str = ""
    ) -> None:
        record = self.stack["_resources"][logical_id]
        record["Properties"] = properties
        if attributes is not None:
            record["Attributes"] = attributes
        if dynamic:
            record["_dynamic"] = dynamic
        if seed:
            record["_name_seed"] = seed

    def _properties(self, logical_id: str) -> tuple[dict[str, Any], Any]:
        """Return a resource's properties, and the values of their dynamic references."""
        definition = self.definitions[logical_id]
        resolved = stacks._resolve_refs(
            copy.deepcopy(definition.get("Properties", {})),
            self.stack["_resources"],
            self.parameters,
            self.conditions,
            self.mappings,
            self.stack["StackName"],
            self.stack["StackId"],
        )
        if isinstance(resolved, dict):
            resolved = {key: value for key, value in resolved.items() if value is not stacks._NO_VALUE}
        before = self.previous or {}
        old = self.old.get(logical_id)
        same = self.template == before.get("_template") and self.parameters == before.get("_resolved_params")
        definitions = (before.get("_template") or {}).get("Resources", {})
        found: tuple[dict[str, Any], Any] = stacks._resolve_dynamic_references(
            resolved,
            (old or {}).get("_dynamic"),
            reuse_ssm=bool(self.previous and same),
            reuse_secrets=old is not None and definitions.get(logical_id) == definition,
        )
        return found

    def _policy(self, logical_id: str, attribute: str) -> str:
        return resource_policy(
            self.stack,
            logical_id,
            attribute,
            template=self.template,
            parameters=self.parameters,
            conditions=self.conditions,
        )

    def _names(self, logical_id: str) -> tuple[str, str, str]:
        return self.stack["StackName"], self.stack["StackId"], logical_id


class _OutputsFailed(Exception):
    """An output can't be resolved, although every resource exists."""


def _cancelling(original: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Let CancelUpdateStack cancel what is in flight, so that the update ends immediately."""

    def cancel_update_stack(params: Mapping[str, Any]) -> Any:
        response = original(params)
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        if stack and stack.get("_cancel_requested") and stack["StackId"] in _running:
            _running[stack["StackId"]].cancel()
        return response

    return cancel_update_stack


def _deletable(original: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Refuse to delete a stack during an update, and don't restart a deletion in progress."""

    def delete_stack(params: Mapping[str, Any]) -> Any:
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        status = (stack or {}).get("StackStatus", "")
        if stack and status in _NOT_DELETABLE:
            message = f"Stack [{stack['StackId']}] cannot be deleted while in status {status}"
            return handlers._error("ValidationError", message)
        if status == "DELETE_IN_PROGRESS":
            return handlers._xml(200, "DeleteStackResponse", "")
        return original(params)

    return delete_stack


async def _deleting(stack_name: str, stack_id: str, retain_resources: Any = (), force: bool = False) -> None:
    """Delete a stack; cancel its create first if that is running."""
    remember_loop()
    stack = _stacks.get(stack_name)
    if not stack:
        return
    tell_stack(stack, "DELETE_IN_PROGRESS")
    if stack_id in _running:
        _running[stack_id].cancel()
        await asyncio.wait([_running[stack_id]])
    await delete_stack(stack, retain=retain_resources, force=force)
