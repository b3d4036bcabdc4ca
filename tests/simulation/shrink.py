"""Finds what of a run a violation needs, by leaving out one kind of trouble after another."""

from simulation.generators.scenarios import draw
from simulation.generators.seeds import Token
from simulation.invariants import check
from simulation.run import run
from simulation.scenario import INGREDIENTS


def smaller(token: Token, invariant: str) -> Token:
    """Return a token of the same run with as little in it as still violates the invariant."""
    for ingredient in INGREDIENTS:
        if ingredient not in token.without:
            candidate = Token(token.number, (*token.without, ingredient))
            if any(name == invariant for name, _ in check(run(draw(candidate))).violations):
                token = candidate
    return token
