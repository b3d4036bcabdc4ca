"""Varies a scenario: scheduled stops, other stacks and resources, renames, disabled rollback, clock offsets."""

from dataclasses import replace
from random import Random

from simulation.generators.faults import with_rare_faults, with_scheduler_fault
from simulation.scenario import (
    LOGICAL_ID,
    NAMES,
    OTHER_ID,
    RENAMED_ID,
    Builder,
    ClockOffsets,
    ExternalAction,
    FaultPlan,
    Properties,
    Scenario,
    StackOperation,
)

_MAX_CLOCK_OFFSET = 10.0
"""Seconds by which a clock is ahead or behind, so that two are at most 20 s apart."""

_STOP_AFTER = (900, 900, 1800, 7200, None)


def with_scheduled_stops(scenario: Scenario, rng: Random) -> Scenario:
    """Schedule stops in some operations, and let operations begin just when one is due."""
    if rng.random() > 0.4:
        return scenario
    operations, before = [], rng.choice(_STOP_AFTER)
    for operation in scenario.operations:
        after = before if rng.random() < 0.6 else rng.choice(_STOP_AFTER)
        pause = operation.pause
        if before is not None and rng.random() < 0.5:
            # About when the previous operation's stop is due.
            pause = max(1.0, before + rng.choice((-400, -60, -10, 0, 5, 60, 280)) * rng.random())
        properties = None if operation.properties is None else replace(operation.properties, stop_after=after)
        fault_plans = tuple(with_scheduler_fault(each, rng) for each in operation.fault_plans)
        operations.append(replace(operation, properties=properties, pause=pause, fault_plans=fault_plans))
        before = after if operation.kind != "delete" else before
    return replace(scenario, operations=tuple(operations))


def with_variations(scenario: Scenario, rng: Random, names: tuple[str, ...]) -> Scenario:
    """Vary the life of one resource in one stack.

    Args:
        scenario: That life.
        rng: Decides.
        names: The builders.
    """
    operations = _operations(scenario.operations, rng, names)
    other_stacks: tuple[tuple[StackOperation, ...], ...] = ()
    if rng.random() < 0.15:
        other_stacks = (_another_stack(scenario.operations, rng),)
    intensity = rng.choice((0.0, 0.0, 0.4, 1.0))
    durations = scenario.durations
    if rng.random() < 0.15:
        durations = replace(durations, describe_lag=rng.choice((60.0, 90.0)))
    if rng.random() < 0.2:
        durations = replace(durations, eni_delay=rng.choice((200.0, 290.0, 400.0, 4000.0)))
    offsets = [(rng.random() * 2 - 1) * _MAX_CLOCK_OFFSET if rng.random() < 0.7 else 0.0 for _ in range(4)]
    apart = rng.random() < 0.3
    return replace(
        scenario,
        builders=tuple(_builder(each, rng) for each in scenario.builders),
        operations=tuple(with_rare_faults(each, rng, intensity) for each in operations),
        other_stacks=tuple(tuple(with_rare_faults(each, rng, intensity) for each in stack) for stack in other_stacks),
        durations=durations,
        clock_offsets=ClockOffsets(*offsets) if apart else ClockOffsets(),
        scheduler_delay=300.0 if rng.random() < 0.2 else scenario.scheduler_delay,
    )


def _builder(builder: Builder, rng: Random) -> Builder:
    reports_errors = builder.start_outcome == "never" and not builder.hides_errors and rng.random() < 0.5
    return replace(builder, reports_errors=reports_errors, ipv6_only=rng.random() < 0.1)


def _operations(
    operations: tuple[StackOperation, ...], rng: Random, names: tuple[str, ...]
) -> tuple[StackOperation, ...]:
    """Rename logical ids, add other resources, and disable rollback."""
    renames = rng.random() < 0.25
    shares = rng.random() < 0.2
    leaves = rng.random() < 0.12
    logical_id, made = LOGICAL_ID, []
    other_resources: tuple[tuple[str, Properties], ...] = ()
    for operation in operations:
        if operation.kind == "delete" or operation.properties is None:
            made.append(operation)
            continue
        if shares and (not other_resources or rng.random() < 0.5):
            other_resources = _other_resources(operation.properties, rng, names)
        elif shares and rng.random() < 0.2:
            other_resources = ()
        if renames and operation.kind == "update" and rng.random() < 0.6:
            # There and back: a previous logical id is used again.
            logical_id = RENAMED_ID if logical_id == LOGICAL_ID else LOGICAL_ID
        stays = leaves and rng.random() < 0.7
        made.append(replace(operation, logical_id=logical_id, other_resources=other_resources, disable_rollback=stays))
        if stays and rng.random() < 0.4:
            pause = rng.choice((5.0, 400.0))
            made.append(StackOperation("rollback", pause=pause, fault_plans=operation.fault_plans[:1]))
        if operation.kind == "update" and renames and rng.random() < 0.5:
            # The same a moment later with the previous logical id, while reads are stale.
            logical_id = RENAMED_ID if logical_id == LOGICAL_ID else LOGICAL_ID
            again = replace(operation, logical_id=logical_id, other_resources=other_resources, cancel_after=None)
            made.append(replace(again, pause=rng.choice((1.0, 5.0)), fault_plans=operation.fault_plans[2:]))
    return tuple(_url(_cancelled_late(operation, rng), rng) for operation in made)


def _cancelled_late(operation: StackOperation, rng: Random) -> StackOperation:
    """Cancel some updates while their builder, and the rollback's, still has to be started."""
    if operation.kind != "update" or operation.properties is None or rng.random() > 0.12:
        return operation
    action = rng.choice(("stop", "stop", "snapshot", "reboot"))
    names = dict.fromkeys((operation.properties.name, rng.choice(NAMES)))
    actions = tuple(ExternalAction(action, name, after=rng.random() * 5) for name in names)
    first, *others = operation.fault_plans or (FaultPlan(),)
    first = replace(first, external_actions=(*first.external_actions, *actions))
    cancel_after = rng.choice((2.0, 10.0, 60.0, 200.0)) * (0.5 + rng.random())
    return replace(operation, cancel_after=cancel_after, fault_plans=(first, *others))


def _other_resources(first: Properties, rng: Random, names: tuple[str, ...]) -> tuple[tuple[str, Properties], ...]:
    name = first.name if rng.random() < 0.7 else rng.choice(names)
    on_delete = rng.choice((None, "STOP", "STOP"))
    stop_after = rng.choice((first.stop_after, first.stop_after, None, 900, 7200))
    other = replace(first, name=name, invalid={}, on_delete=on_delete, stop_after=stop_after, agent_version=None)
    return ((OTHER_ID, other),)


def _another_stack(operations: tuple[StackOperation, ...], rng: Random) -> tuple[StackOperation, ...]:
    """Return the operations of a second stack with the same builder."""
    first = operations[0].properties
    assert first is not None
    stop_after = rng.choice((first.stop_after, first.stop_after, None, 900))
    own = replace(first, invalid={}, on_delete=rng.choice((None, "STOP")), stop_after=stop_after, agent_version=None)
    made = [StackOperation("create", own, pause=rng.random() * rng.choice((20.0, 1500.0)))]
    if rng.random() < 0.4:
        made.append(StackOperation("update", replace(own, salt="1"), pause=rng.random() * 1500))
    if rng.random() < 0.6:
        made.append(StackOperation("delete", pause=rng.random() * 1500))
    return tuple(made)


def _url(operation: StackOperation, rng: Random) -> StackOperation:
    return replace(operation, url="expires") if operation.url == "dated" and rng.random() < 0.15 else operation
