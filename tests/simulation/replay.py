"""Tells the story of one run, and finds what of it a violation needs."""

from collections.abc import Iterator

from simulation.generators.scenarios import Seed, generate
from simulation.history import History
from simulation.invariants import check
from simulation.run import run
from simulation.scenario import FEATURES


def story(history: History) -> Iterator[str]:
    """Give the lines about one run."""
    for at, what in history.notes:
        yield f"{at - history.began_at:10.2f}  {what}"
    yield ""
    for name, what in check(history).violations:
        yield f"VIOLATED: {name.replace('_', ' ')}: {what}"


def minimized(seed: Seed, invariant: str) -> Seed:
    """Return a token of the same run with as little in it as still violates the invariant."""
    for feature in FEATURES:
        if feature not in seed.without:
            candidate = Seed(seed.number, (*seed.without, feature))
            if any(name == invariant for name, _ in check(run(generate(candidate))).violations):
                seed = candidate
    return seed
