"""Which calls to which service fail at the moment, by the spells that were set; knows no service's way to say so."""

from dataclasses import dataclass
from random import Random

from simulation.scenario import FaultWindow
from support.virtual_time import VirtualClock


@dataclass
class _Set:
    fault: FaultWindow
    begins: float
    ends: float
    left: int


class FaultInjector:
    """The spells of a run, the first one set striking first."""

    def __init__(self, clock: VirtualClock, rng: Random) -> None:
        """Begin calm."""
        self._clock = clock
        self._rng = rng
        self._sets: list[_Set] = []

    def set(self, fault_windows: tuple[FaultWindow, ...]) -> None:
        """Let spells begin, counted from now."""
        now = self._clock.now
        for fault in fault_windows:
            begins = now + fault.begins
            self._sets.append(_Set(fault, begins, begins + fault.lasts, fault.times))

    def fault_for(self, service: str, operation: str) -> FaultWindow | None:
        """Return what strikes a call now."""
        now = self._clock.now
        for each in self._sets:
            fault = each.fault
            if (
                fault.service == service
                and fault.operation in ("*", operation)
                and each.left > 0
                and each.begins <= now < each.ends
                and self._rng.random() < fault.probability
            ):
                each.left -= 1
                return fault
        return None
