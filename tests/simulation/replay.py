"""Tells the story of one run, and finds what of it a violation needs."""

from collections.abc import Iterator

from simulation.generators.scenarios import Token, draw
from simulation.history import History
from simulation.invariants import check
from simulation.run import run
from simulation.scenario import INGREDIENTS


def story(history: History) -> Iterator[str]:
    """Give the lines about one run."""
    for at, what in history.notes:
        yield f"{at - history.began_at:10.2f}  {what}"
    yield ""
    for name, what in check(history).violations:
        yield f"VIOLATED: {name.replace('_', ' ')}: {what}"


def smaller(token: Token, invariant: str) -> Token:
    """Return a token of the same run with as little in it as still violates the invariant."""
    for ingredient in INGREDIENTS:
        if ingredient not in token.without:
            candidate = Token(token.number, (*token.without, ingredient))
            if any(name == invariant for name, _ in check(run(draw(candidate))).violations):
                token = candidate
    return token
