"""Which calls to which service fail at the moment, by the spells that were set; knows no service's way to say so."""

from dataclasses import dataclass
from random import Random

from simulation.runtime.event_loop import Scheduler
from simulation.scenario import Spell


@dataclass
class _Set:
    spell: Spell
    begins: float
    ends: float
    left: int


class Weather:
    """The spells of a run, the first one set striking first."""

    def __init__(self, scheduler: Scheduler, chance: Random) -> None:
        """Begin calm."""
        self._scheduler = scheduler
        self._chance = chance
        self._sets: list[_Set] = []

    def set(self, spells: tuple[Spell, ...]) -> None:
        """Let spells begin, counted from now."""
        now = self._scheduler.now
        for spell in spells:
            begins = now + spell.begins
            self._sets.append(_Set(spell, begins, begins + spell.lasts, spell.times))

    def strike(self, service: str, operation: str) -> Spell | None:
        """Return what strikes a call now."""
        now = self._scheduler.now
        for each in self._sets:
            spell = each.spell
            if (
                spell.service == service
                and spell.operation in ("*", operation)
                and each.left > 0
                and each.begins <= now < each.ends
                and self._chance.random() < spell.probability
            ):
                each.left -= 1
                return spell
        return None
