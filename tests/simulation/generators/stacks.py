"""Draws what AWS does beside the plain life of one resource: other stacks and resources, odd answers, clocks apart."""

from dataclasses import replace
from random import Random

from simulation.generators.faults import with_more_faults, with_scheduler_fault
from simulation.scenario import (
    LOGICAL_ID,
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

_RUNS_A_DAY = 10.0
"""Seconds by which a clock is ahead or behind at most, so that two are 20 s apart."""


_AFTER = (900, 900, 1800, 7200, None)
_SHARE = 0.4
"""The share of the runs in which a builder may end by itself."""


def with_scheduled_stops(scenario: Scenario, chance: Random) -> Scenario:
    """Return a scenario with scheduled stops in some steps, and steps that come just when one is due."""
    if chance.random() > _SHARE:
        return scenario
    operations, before = [], chance.choice(_AFTER)
    for operation in scenario.operations:
        after = before if chance.random() < 0.6 else chance.choice(_AFTER)
        pause = operation.pause
        if before is not None and chance.random() < 0.5:
            # About when the stop of the step before is due.
            pause = max(1.0, before + chance.choice((-400, -60, -10, 0, 5, 60, 280)) * chance.random())
        properties = None if operation.properties is None else replace(operation.properties, stop_after=after)
        fault_plans = tuple(with_scheduler_fault(each, chance) for each in operation.fault_plans)
        operations.append(replace(operation, properties=properties, pause=pause, fault_plans=fault_plans))
        before = after if operation.kind != "delete" else before
    return replace(scenario, operations=tuple(operations))


def with_variations(scenario: Scenario, chance: Random, names: tuple[str, ...]) -> Scenario:
    """Return a scenario with more of what AWS does.

    Args:
        scenario: The plain life of one resource.
        chance: Decides.
        names: The builders there are.
    """
    operations = _operations(scenario.operations, chance, names)
    other_stacks: tuple[tuple[StackOperation, ...], ...] = ()
    if chance.random() < 0.15:
        other_stacks = (_another_stack(scenario.operations, chance),)
    intensity = chance.choice((0.0, 0.0, 0.4, 1.0))
    durations = scenario.durations
    if chance.random() < 0.15:
        durations = replace(durations, describe_lag=chance.choice((60.0, 90.0)))
    if chance.random() < 0.2:
        durations = replace(durations, eni_delay=chance.choice((200.0, 290.0, 400.0, 4000.0)))
    clock_offsets = [(chance.random() * 2 - 1) * _RUNS_A_DAY if chance.random() < 0.7 else 0.0 for _ in range(4)]
    apart = chance.random() < 0.3
    return replace(
        scenario,
        builders=tuple(_builder(each, chance) for each in scenario.builders),
        operations=tuple(with_more_faults(operation, chance, intensity) for operation in operations),
        other_stacks=tuple(
            tuple(with_more_faults(operation, chance, intensity) for operation in each) for each in other_stacks
        ),
        durations=durations,
        clock_offsets=ClockOffsets(
            cloudformation=clock_offsets[0],
            lambda_=clock_offsets[1],
            appstream=clock_offsets[2],
            scheduler=clock_offsets[3],
        )
        if apart
        else ClockOffsets(),
        scheduler_delay=300.0 if chance.random() < 0.2 else scenario.scheduler_delay,
    )


def _builder(builder: Builder, chance: Random) -> Builder:
    reports_errors = builder.start_outcome == "never" and not builder.hides_errors and chance.random() < 0.5
    return replace(builder, reports_errors=reports_errors, ipv6_only=chance.random() < 0.1)


def _operations(
    operations: tuple[StackOperation, ...], chance: Random, names: tuple[str, ...]
) -> tuple[StackOperation, ...]:
    """Return a stack's steps with renamed logical ids, other resources, and failures that are left as they are."""
    renames = chance.random() < 0.25
    shares = chance.random() < 0.2
    leaves = chance.random() < 0.12
    logical_id, made = LOGICAL_ID, []
    other_resources: tuple[tuple[str, Properties], ...] = ()
    for operation in operations:
        if operation.kind == "delete" or operation.properties is None:
            made.append(operation)
            continue
        if shares and (not other_resources or chance.random() < 0.5):
            other_resources = _other_resources(operation.properties, chance, names)
        elif shares and chance.random() < 0.2:
            other_resources = ()
        if renames and operation.kind == "update" and chance.random() < 0.6:
            # There and back: the one that was before comes again.
            logical_id = RENAMED_ID if logical_id == LOGICAL_ID else LOGICAL_ID
        stays = leaves and chance.random() < 0.7
        made.append(replace(operation, logical_id=logical_id, other_resources=other_resources, disable_rollback=stays))
        if stays and chance.random() < 0.4:
            made.append(
                StackOperation(
                    kind="rollback", pause=chance.choice((5.0, 400.0)), fault_plans=operation.fault_plans[:1]
                )
            )
        if operation.kind == "update" and renames and chance.random() < 0.5:
            # The same again a moment later, with the names as they were: while looks are stale.
            logical_id = RENAMED_ID if logical_id == LOGICAL_ID else LOGICAL_ID
            again = replace(
                operation,
                logical_id=logical_id,
                other_resources=other_resources,
                pause=chance.choice((1.0, 5.0)),
                cancel_after=None,
            )
            made.append(replace(again, fault_plans=again.fault_plans[2:]))
    return tuple(_url(_cancelled_late(operation, chance), chance) for operation in made)


def _cancelled_late(operation: StackOperation, chance: Random) -> StackOperation:
    """Return some updates cancelled while something has still to be done for them, and for the roll-back."""
    if operation.kind != "update" or operation.properties is None or chance.random() > 0.12:
        return operation
    what = chance.choice(("stop", "stop", "snapshot", "reboot"))
    external_actions = tuple(
        ExternalAction(action=what, name=name, after=chance.random() * 5)
        for name in {operation.properties.name: 0, chance.choice(("builder-a", "B.2_b")): 0}
    )
    first = operation.fault_plans[0] if operation.fault_plans else FaultPlan()
    fault_plans = (
        replace(first, external_actions=(*first.external_actions, *external_actions)),
        *operation.fault_plans[1:],
    )
    return replace(
        operation,
        cancel_after=chance.choice((2.0, 10.0, 60.0, 200.0)) * (0.5 + chance.random()),
        fault_plans=fault_plans,
    )


def _other_resources(first: Properties, chance: Random, names: tuple[str, ...]) -> tuple[tuple[str, Properties], ...]:
    name = first.name if chance.random() < 0.7 else chance.choice(names)
    on_delete = chance.choice((None, "STOP", "STOP"))
    stop_after = chance.choice((first.stop_after, first.stop_after, None, 900, 7200))
    return (
        (
            OTHER_ID,
            replace(first, name=name, invalid={}, on_delete=on_delete, stop_after=stop_after, agent_version=None),
        ),
    )


def _another_stack(operations: tuple[StackOperation, ...], chance: Random) -> tuple[StackOperation, ...]:
    """Return what somebody does with a stack of their own, about the same builder."""
    first = operations[0].properties
    assert first is not None
    stop_after = chance.choice((first.stop_after, first.stop_after, None, 900))
    own = replace(first, invalid={}, on_delete=chance.choice((None, "STOP")), stop_after=stop_after, agent_version=None)
    made = [StackOperation(kind="create", properties=own, pause=chance.random() * chance.choice((20.0, 1500.0)))]
    if chance.random() < 0.4:
        made.append(StackOperation(kind="update", properties=replace(own, salt="1"), pause=chance.random() * 1500))
    if chance.random() < 0.6:
        made.append(StackOperation(kind="delete", pause=chance.random() * 1500))
    return tuple(made)


def _url(operation: StackOperation, chance: Random) -> StackOperation:
    return replace(operation, url="expires") if operation.url == "dated" and chance.random() < 0.15 else operation
