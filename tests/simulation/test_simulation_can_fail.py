"""Each invariant detects a bug that is seeded into the function."""

import pytest

from simulation.invariants import ALL, check
from simulation.run import run
from simulation.seeded_bugs import SEEDED_BUGS, SeededBug


@pytest.mark.parametrize("bug", SEEDED_BUGS, ids=lambda each: each.invariant)
def test_an_invariant_detects_its_seeded_bug(bug: SeededBug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bug the same scenario is fine."""
    assert [] == check(run(bug.scenario)).violations

    bug.introduce(monkeypatch)

    assert bug.invariant in {name for name, _ in check(run(bug.scenario)).violations}


def test_every_invariant_has_a_seeded_bug() -> None:
    """None of them is kept only because it can't fail."""
    assert {each.__name__ for each in ALL} == {each.invariant for each in SEEDED_BUGS}
