"""Each invariant notices the defect it is there for: the function is broken on purpose, and the check must fail."""

import pytest

from simulation.invariants import ALL, check
from simulation.run import run
from simulation.seeded_bugs import SEEDED_BUGS, SeededBug


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=lambda each: each.invariant)
def test_an_invariant_notices_its_defect(bug: SeededBug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the defect the same scenario is fine."""
    assert [] == check(run(bug.scenario)).violations

    bug.introduce(monkeypatch)

    assert bug.invariant in {name for name, _ in check(run(bug.scenario)).violations}


def test_every_invariant_has_a_defect_to_notice() -> None:
    """None of them can hold by accident of never failing."""
    assert {each.__name__ for each in ALL} == {each.invariant for each in SEEDED_BUGS}
