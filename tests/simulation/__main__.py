"""The command line: many runs with a summary, or one run again with its story."""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime, timezone

from simulation.generators.scenarios import Token, draw
from simulation.invariants import check
from simulation.replay import smaller, story
from simulation.run import run
from simulation.statistics import Tally, summary, tally_of

_CHUNK = 20
_APART = 1_000_000
"""Numbers between two days' runs, more than a day's runs are."""

_PROGRESS = 1000
"""Runs between two lines of progress."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 1 where an invariant was violated, else 0."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="how many runs (default: %(default)s)")
    parser.add_argument("--first", type=int, help="the number of the first run (default: drawn from the day)")
    parser.add_argument("--seed", type=Token.parse, metavar="TOKEN", help="replay this one run and tell its story")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count(), help="default: one per core")
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _replay(given.seed)
    first = first_of(datetime.now(timezone.utc).date()) if given.first is None else given.first
    return _many(first, given.runs, given.processes)


def first_of(day: date) -> int:
    """Return the number of a day's first run: the same all day (UTC), and far from those of other days."""
    return day.toordinal() * _APART


def _replay(token: Token) -> int:
    history = run(draw(token))
    for line in story(history):
        _print(line)
    violated = bool(check(history).violations)
    _print("" if violated else "No invariant was violated.")
    return int(violated)


def _many(first: int, runs: int, processes: int) -> int:
    began = time.monotonic()
    _print(f"Runs {first} to {first + runs - 1}; again: make simulate FIRST={first} RUNS={runs}")
    total = Tally()
    tokens = [Token(number) for number in range(first, first + runs)]
    # Not forked: a fork would take over locks in whatever state they are.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for tally in pool.imap(tally_of, tokens, chunksize=_CHUNK):
            total.add(tally)
            if total.runs % _PROGRESS == 0:
                sys.stderr.write(f"{total.runs} runs, {len(total.violations)} violations\n")
    for line in summary(total, seconds=time.monotonic() - began):
        _print(line)
    if total.violations:
        token, name, _ = total.violations[0]
        _print(f"What the first one needs: make simulate SEED={smaller(Token.parse(token), name)}")
    return int(bool(total.violations))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
