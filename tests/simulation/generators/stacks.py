"""Draws what AWS does beside the plain life of one resource: other stacks and resources, odd answers, clocks apart."""

from dataclasses import replace
from random import Random

from simulation.scenario import (
    LOGICAL_ID,
    Builder,
    Clocks,
    PersonAct,
    Properties,
    Scenario,
    Spell,
    Standstill,
    Step,
    Troubles,
)

OTHER_ID = "OtherBuilder5B2D81C4"
RENAMED_ID = "RenamedBuilder7F1E22A9"

_GARBLED = ("html", "html", "html 502", "html 403", "html 400", "empty", "empty 503", "cut", "null")
_SERVICES = ("appstream", "appstream", "scheduler", "lambda", "cloudformation")
_CODES = {
    "appstream": ("SomethingNewException", "UnrecognizedClientException", "ResourceNotFoundException"),
    "scheduler": ("ValidationException", "ConflictException", "ServiceQuotaExceededException", "SomethingNewException"),
    "lambda": ("SomethingNewException", "ExpiredTokenException", "ResourceConflictException"),
    "cloudformation": ("ValidationError", "ExpiredToken", "SomethingNew"),
}
_BUCKET = ("400", "403", "408", "409", "429", "500", "503")
_APART = 10.0
"""Seconds by which a clock is ahead or behind at most, so that two are 20 s apart."""


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
        steps=tuple(_troubled(step, chance, stormy) for step in steps),
        beside=tuple(tuple(_troubled(step, chance, stormy) for step in each) for each in beside),
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


def _troubled(step: Step, chance: Random, stormy: float) -> Step:
    troubles = step.troubles or (Troubles(),) * 3
    return replace(step, troubles=tuple(_more_trouble(each, chance, stormy) for each in troubles))


def _more_trouble(troubles: Troubles, chance: Random, stormy: float) -> Troubles:
    spells = [_spell(chance) for _ in range(3) if chance.random() < 0.25 * stormy]
    standstills = troubles.standstills
    if chance.random() < 0.12 * stormy:
        begins = chance.choice((0.0, chance.random() * 900))
        standstills = (*standstills, Standstill(begins=begins, lasts=chance.choice((60.0, 200.0, 400.0))))
    return replace(troubles, spells=(*troubles.spells, *spells), standstills=standstills)


def _spell(chance: Random) -> Spell:
    begins = chance.choice((0.0, 0.0, chance.random() * 600))
    lasts = chance.choice((5.0, 30.0, 120.0, 1e9)) * (0.5 + chance.random())
    times = chance.choice((1, 1, 2, 4, 1_000_000))
    what = chance.random()
    if what < 0.2:
        return Spell(
            service="appstream",
            kind="missing",
            operation="DescribeImageBuilders",
            begins=begins,
            lasts=chance.choice((5.0, 20.0)),
            times=chance.choice((1, 1, 1, 2, 3)),
            code=chance.choice(("", "empty")),
        )
    if what < 0.35:
        return Spell(service="s3", kind="http", begins=begins, lasts=lasts, times=times, code=chance.choice(_BUCKET))
    service = chance.choice(_SERVICES)
    if service == "lambda":
        begins, lasts = 0.0, 1e9
    probability = chance.choice((1.0, 1.0, 0.5))
    if what < 0.75:
        code = chance.choice(_GARBLED)
        after_effect = chance.random() < 0.5
        if service == "lambda":
            # A successor that is queued is answered by nothing at all.
            code = code if code.startswith("html") or code == "empty 503" else "html"
            times = min(times, 2) if after_effect else times
        return Spell(
            service=service,
            kind="garbled",
            begins=begins,
            lasts=lasts,
            times=times,
            probability=probability,
            after_effect=after_effect,
            code=code,
        )
    operation = "*"
    code = chance.choice(_CODES[service])
    if service == "appstream":
        operation = "*" if code != "ResourceNotFoundException" else chance.choice(("Start", "Stop")) + "ImageBuilder"
    return Spell(
        service=service,
        kind="error",
        operation=operation,
        begins=begins,
        lasts=lasts,
        times=times,
        probability=probability,
        code=code,
    )
