"""Creates a stack's custom resources side by side, as CloudFormation does; ministack alone takes one after the other.

Like `ministack_adapter` it knows ministack's inside: the loop that deploys a stack asks for an order, then takes one
resource at a time. Here the order puts custom resources after all that need not wait for them, and the first that is
due takes along the others that are due. When the loop comes to one of those, it is under way or done.
Updates and deletes stay one after the other.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from ministack.services.cloudformation import _stacks, changesets, handlers, stacks

_BEGUN = "CREATE_IN_PROGRESS"
_DONE = "CREATE_COMPLETE"


@dataclass
class _Creation:
    """The create of one stack.

    Attributes:
        stack: ministack's record of the stack.
        template: The template that is deployed.
        parameters: The values of its parameters.
        tasks: The custom resources that were begun, by logical id.
        told: The events that were written when they happened.
    """

    stack: Mapping[str, Any]
    template: Mapping[str, Any]
    parameters: Mapping[str, Any]
    tasks: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    told: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.template.get("Resources", {})
        return found

    def properties(self, logical_id: str) -> dict[str, Any]:
        """Return a resource's properties as the loop would resolve them."""
        given = copy.deepcopy(self.resources[logical_id].get("Properties", {}))
        conditions = stacks._evaluate_conditions(self.template, self.parameters)
        mappings = self.template.get("Mappings", {})
        name, stack_id = self.stack["StackName"], self.stack["StackId"]
        resolved = stacks._resolve_refs(
            given, self.stack["_resources"], self.parameters, conditions, mappings, name, stack_id
        )
        return {key: value for key, value in resolved.items() if value is not stacks._NO_VALUE}

    def due(self) -> list[str]:
        """Return the custom resources that wait for nothing and were not begun yet."""
        conditions = stacks._evaluate_conditions(self.template, self.parameters)
        ordered = stacks._topological_sort(self.resources, conditions)
        left = [each for each in ordered if each not in self.stack["_resources"]]
        return [each for each in _due(left, self.resources, custom=True) if each not in self.tasks]

    def keep_done(self, known: list[str]) -> list[str]:
        """Record what the loop has not come to any more, and return its logical ids."""
        found = [each for each, task in self.tasks.items() if each not in known and task.exception() is None]
        for each in found:
            (physical_id, attributes), _ = self.tasks[each].result()
            self.stack["_resources"][each] = {
                "PhysicalResourceId": physical_id,
                "ResourceType": self.resources[each]["Type"],
                "ResourceStatus": _DONE,
                "LogicalResourceId": each,
                "Properties": self.properties(each),
                "Attributes": attributes,
                "Timestamp": stacks.now_iso(),
            }
        return found


_creation: ContextVar[_Creation | None] = ContextVar("creation", default=None)


def register() -> None:
    """Let ministack create custom resources side by side; call it once, before the engine serves."""
    deploy = _known(stacks._deploy_stack_async)
    handlers._deploy_stack_async = changesets._deploy_stack_async = deploy
    stacks._topological_sort = _customs_last(stacks._topological_sort)
    stacks.run_reentrant = _together(stacks.run_reentrant)
    stacks._add_event = _told_once(stacks._add_event)
    stacks._failed_operation = _with_the_others(stacks._failed_operation)


def _known(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Keep what is created where the functions below find it; an update leaves nothing there."""

    async def deploy(name: str, stack_id: str, template: Any, parameters: Any, *arguments: Any, **options: Any) -> None:
        if not options.get("is_update"):
            _creation.set(_Creation(_stacks[name], template, parameters))
        await original(name, stack_id, template, parameters, *arguments, **options)

    return deploy


def _customs_last(original: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Order resources so that custom ones come together, after all that does not depend on them."""

    def topological_sort(resources: Mapping[str, Any], conditions: Any) -> list[str]:
        left = original(resources, conditions)
        ordered: list[str] = []
        while left:
            for custom in (False, True):
                ordered += _due(left, resources, custom=custom)
                left = [each for each in left if each not in ordered]
        return ordered

    return topological_sort


def _due(left: list[str], resources: Mapping[str, Any], *, custom: bool) -> list[str]:
    """Return, in their order, the resources of one sort that depend on nothing else that is left."""
    waiting = set(left)
    found = []
    for each in left:
        is_custom = str(resources[each].get("Type", "")).startswith("Custom::")
        if is_custom == custom and not stacks._extract_deps(resources[each], waiting - {each}):
            found.append(each)
            if not custom:  # what depends on it comes later in the order, and may follow at once
                waiting.discard(each)
    return found


def _together(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Begin with the first custom resource that is due the others too; wait for the one the loop has come to."""

    async def run_reentrant(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        creation = _creation.get()
        begins = function is stacks._provision_keeping_seed and arguments[0].startswith("Custom::")
        if creation is None or not begins:
            return await original(function, *arguments, **options)
        kind, logical_id, _, stack_name = arguments
        for each in [] if logical_id in creation.tasks else creation.due():
            kind = creation.resources[each]["Type"]
            call = original(function, kind, each, creation.properties(each), stack_name)
            creation.tasks[each] = asyncio.ensure_future(_timely(creation, each, call))
        try:
            return await creation.tasks[logical_id]
        except Exception:
            # The loop ends here and rolls back, which must not overtake the others.
            await asyncio.gather(*creation.tasks.values(), return_exceptions=True)
            raise

    return run_reentrant


async def _timely(creation: _Creation, logical_id: str, call: Awaitable[Any]) -> Any:
    """Create one resource, and write its events when they happen rather than when the loop comes to it."""
    kind = creation.resources[logical_id]["Type"]
    place = (creation.stack["StackId"], creation.stack["StackName"], logical_id, kind)
    stacks._add_event(*place, _BEGUN)
    (physical_id, attributes), seed = await call
    stacks._add_event(*place, _DONE, physical_id=physical_id)
    return (physical_id, attributes), seed


def _told_once(original: Callable[..., None]) -> Callable[..., None]:
    """Leave out an event that was written already when it happened."""

    def add_event(stack_id: str, name: str, logical_id: str, kind: str, status: str, *rest: Any, **more: Any) -> None:
        creation = _creation.get()
        if creation is not None and status in (_BEGUN, _DONE) and kind.startswith("Custom::"):
            event = (stack_id, logical_id, status)
            if event in creation.told:
                return
            creation.told.add(event)
        original(stack_id, name, logical_id, kind, status, *rest, **more)

    return add_event


def _with_the_others(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Let a rollback delete also what was created beside the resource that failed."""

    def failed_operation(is_update: bool, previous: Any, created: list[str], *rest: Any) -> dict[str, Any]:
        creation = _creation.get()
        if creation is not None and not is_update:
            created.extend(creation.keep_done(created))
        return original(is_update, previous, created, *rest)

    return failed_operation
