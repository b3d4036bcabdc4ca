"""What a person reads of many runs, or of one; counts nothing."""

from collections.abc import Iterator

from simulation.history import History
from simulation.invariants import ALL, check
from simulation.statistics import Tally

_GROUPS = (
    "requests",
    "answers",
    "lives",
    "invocations",
    "kills",
    "acts",
    "calls",
    "faults",
    "builders at the beginning",
)
_SHOWN = 20
"""Violations shown at most."""


def summary(tally: Tally, *, seconds: float) -> Iterator[str]:
    """Give the lines about many runs."""
    yield f"{tally.runs} runs, {tally.virtual_seconds / 3600:.0f} virtual hours in {seconds:.0f} s"
    for group in _GROUPS:
        yield ""
        yield f"{group}:"
        for name, times in tally.names(group):
            yield f"  {times:>9}  {name}"
    yield ""
    yield f"{'checked':>11} {'violated':>9}  invariant"
    for invariant in ALL:
        name = invariant.__name__
        violated = sum(each == name for _, each, _ in tally.violations)
        yield f"{tally.checks[name]:>11} {violated:>9}  {name.replace('_', ' ')}"
    yield ""
    if not tally.violations:
        yield "No invariant was violated."
    for token, name, what in tally.violations[:_SHOWN]:
        yield f"VIOLATED in run {token}: {name.replace('_', ' ')}: {what}"
        yield f"  replay: make simulate SEED={token}"


def story(history: History) -> Iterator[str]:
    """Give the lines about one run."""
    for at, what in history.notes:
        yield f"{at - history.began_at:10.2f}  {what}"
    yield ""
    for name, what in check(history).violations:
        yield f"VIOLATED: {name.replace('_', ' ')}: {what}"
