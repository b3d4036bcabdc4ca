"""Draws which properties have a scheduled stop, and what goes wrong with the scheduler, apart from all other chance."""

from dataclasses import replace
from random import Random

from simulation.scenario import Scenario, Spell, Troubles

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
        troubles = tuple(_troubled(each, chance) for each in step.troubles)
        steps.append(replace(step, properties=properties, pause=pause, troubles=troubles))
        before = after if step.kind != "delete" else before
    return replace(scenario, steps=tuple(steps))


def _troubled(troubles: Troubles, chance: Random) -> Troubles:
    if not troubles.spells or chance.random() > 0.3:
        return troubles
    spell = Spell(
        service="scheduler",
        kind=chance.choice(("throttle", "server_error", "access_denied", "drop", "hang", "connect")),
        lasts=chance.choice((5.0, 60.0, 600.0)),
        probability=chance.choice((1.0, 0.5)),
        after_effect=chance.random() < 0.3,
    )
    return replace(troubles, spells=(*troubles.spells, spell))
