"""Draws what AWS does beside the plain life of one resource: other stacks and resources, odd answers, clocks apart."""

from dataclasses import replace
from random import Random

from simulation.generators.faults import with_more_faults, with_scheduler_fault
from simulation.scenario import (
    LOGICAL_ID,
    OTHER_ID,
    RENAMED_ID,
    Builder,
    Clocks,
    PersonAct,
    Properties,
    Scenario,
    Step,
    Troubles,
)

_APART = 10.0
"""Seconds by which a clock is ahead or behind at most, so that two are 20 s apart."""


_AFTER = (900, 900, 1800, 7200, None)
_SHARE = 0.4
"""The share of the runs in which a builder may end by itself."""


def with_scheduled_stops(scenario: Scenario, chance: Random) -> Scenario:
    """Return a scenario with scheduled stops in some steps, and steps that come just when one is due."""
    if chance.random() > _SHARE:
        return scenario
    steps, before = [], chance.choice(_AFTER)
    for step in scenario.steps:
        after = before if chance.random() < 0.6 else chance.choice(_AFTER)
        pause = step.pause
        if before is not None and chance.random() < 0.5:
            # About when the stop of the step before is due.
            pause = max(1.0, before + chance.choice((-400, -60, -10, 0, 5, 60, 280)) * chance.random())
        properties = None if step.properties is None else replace(step.properties, stop_after=after)
        troubles = tuple(with_scheduler_fault(each, chance) for each in step.troubles)
        steps.append(replace(step, properties=properties, pause=pause, troubles=troubles))
        before = after if step.kind != "delete" else before
    return replace(scenario, steps=tuple(steps))


def with_more(scenario: Scenario, chance: Random, names: tuple[str, ...]) -> Scenario:
    """Return a scenario with more of what AWS does.

    Args:
        scenario: The plain life of one resource.
        chance: Decides.
        names: The builders there are.
    """
    steps = _steps(scenario.steps, chance, names)
    beside: tuple[tuple[Step, ...], ...] = ()
    if chance.random() < 0.15:
        beside = (_another_stack(scenario.steps, chance),)
    stormy = chance.choice((0.0, 0.0, 0.4, 1.0))
    durations = scenario.durations
    if chance.random() < 0.15:
        durations = replace(durations, describe_lag=chance.choice((60.0, 90.0)))
    if chance.random() < 0.2:
        durations = replace(durations, eni_delay=chance.choice((200.0, 290.0, 400.0, 4000.0)))
    clocks = [(chance.random() * 2 - 1) * _APART if chance.random() < 0.7 else 0.0 for _ in range(4)]
    apart = chance.random() < 0.3
    return replace(
        scenario,
        builders=tuple(_builder(each, chance) for each in scenario.builders),
        steps=tuple(with_more_faults(step, chance, stormy) for step in steps),
        beside=tuple(tuple(with_more_faults(step, chance, stormy) for step in each) for each in beside),
        durations=durations,
        clocks=Clocks(cloudformation=clocks[0], lambda_=clocks[1], appstream=clocks[2], scheduler=clocks[3])
        if apart
        else Clocks(),
        schedules_late=300.0 if chance.random() < 0.2 else scenario.schedules_late,
    )


def _builder(builder: Builder, chance: Random) -> Builder:
    complaining = builder.outcome == "never" and not builder.silent and chance.random() < 0.5
    return replace(builder, complaining=complaining, ipv6=chance.random() < 0.1)


def _steps(steps: tuple[Step, ...], chance: Random, names: tuple[str, ...]) -> tuple[Step, ...]:
    """Return a stack's steps with renamed logical ids, other resources, and failures that are left as they are."""
    renames = chance.random() < 0.25
    shares = chance.random() < 0.2
    leaves = chance.random() < 0.12
    logical_id, made = LOGICAL_ID, []
    more: tuple[tuple[str, Properties], ...] = ()
    for step in steps:
        if step.kind == "delete" or step.properties is None:
            made.append(step)
            continue
        if shares and (not more or chance.random() < 0.5):
            more = _more(step.properties, chance, names)
        elif shares and chance.random() < 0.2:
            more = ()
        if renames and step.kind == "update" and chance.random() < 0.6:
            # There and back: the one that was before comes again.
            logical_id = RENAMED_ID if logical_id == LOGICAL_ID else LOGICAL_ID
        stays = leaves and chance.random() < 0.7
        made.append(replace(step, logical_id=logical_id, more=more, no_rollback=stays))
        if stays and chance.random() < 0.4:
            made.append(Step(kind="rollback", pause=chance.choice((5.0, 400.0)), troubles=step.troubles[:1]))
        if step.kind == "update" and renames and chance.random() < 0.5:
            # The same again a moment later, with the names as they were: while looks are stale.
            logical_id = RENAMED_ID if logical_id == LOGICAL_ID else LOGICAL_ID
            again = replace(step, logical_id=logical_id, more=more, pause=chance.choice((1.0, 5.0)), cancel_after=None)
            made.append(replace(again, troubles=again.troubles[2:]))
    return tuple(_url(_cancelled_late(step, chance), chance) for step in made)


def _cancelled_late(step: Step, chance: Random) -> Step:
    """Return some updates cancelled while something has still to be done for them, and for the roll-back."""
    if step.kind != "update" or step.properties is None or chance.random() > 0.12:
        return step
    what = chance.choice(("stop", "stop", "snapshot", "reboot"))
    people = tuple(
        PersonAct(what=what, name=name, after=chance.random() * 5)
        for name in {step.properties.name: 0, chance.choice(("builder-a", "B.2_b")): 0}
    )
    first = step.troubles[0] if step.troubles else Troubles()
    troubles = (replace(first, people=(*first.people, *people)), *step.troubles[1:])
    return replace(
        step, cancel_after=chance.choice((2.0, 10.0, 60.0, 200.0)) * (0.5 + chance.random()), troubles=troubles
    )


def _more(first: Properties, chance: Random, names: tuple[str, ...]) -> tuple[tuple[str, Properties], ...]:
    name = first.name if chance.random() < 0.7 else chance.choice(names)
    on_delete = chance.choice((None, "STOP", "STOP"))
    stop_after = chance.choice((first.stop_after, first.stop_after, None, 900, 7200))
    return (
        (OTHER_ID, replace(first, name=name, bad={}, on_delete=on_delete, stop_after=stop_after, agent_version=None)),
    )


def _another_stack(steps: tuple[Step, ...], chance: Random) -> tuple[Step, ...]:
    """Return what somebody does with a stack of their own, about the same builder."""
    first = steps[0].properties
    assert first is not None
    stop_after = chance.choice((first.stop_after, first.stop_after, None, 900))
    own = replace(first, bad={}, on_delete=chance.choice((None, "STOP")), stop_after=stop_after, agent_version=None)
    made = [Step(kind="create", properties=own, pause=chance.random() * chance.choice((20.0, 1500.0)))]
    if chance.random() < 0.4:
        made.append(Step(kind="update", properties=replace(own, salt="1"), pause=chance.random() * 1500))
    if chance.random() < 0.6:
        made.append(Step(kind="delete", pause=chance.random() * 1500))
    return tuple(made)


def _url(step: Step, chance: Random) -> Step:
    return replace(step, url="expires") if step.url == "dated" and chance.random() < 0.15 else step
