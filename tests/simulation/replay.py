"""Prints a run's story, and finds the features that a violation needs."""

from collections.abc import Iterator

from simulation.generators.scenarios import Seed, generate
from simulation.history import History
from simulation.invariants import check
from simulation.run import run
from simulation.scenario import FEATURES


def story(history: History) -> Iterator[str]:
    """Yield the lines about a run."""
    for at, what in history.notes:
        yield f"{at - history.began_at:10.2f}  {what}"
    yield ""
    for name, what in check(history).violations:
        yield f"VIOLATED: {name.replace('_', ' ')}: {what}"


def minimized(seed: Seed, invariant: str) -> Seed:
    """Return the seed of the same run without every feature that the violation does not need."""
    for feature in FEATURES:
        if feature not in seed.without:
            candidate = Seed(seed.number, (*seed.without, feature))
            if any(name == invariant for name, _ in check(run(generate(candidate))).violations):
                seed = candidate
    return seed
