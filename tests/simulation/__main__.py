"""Runs many random scenarios and prints a summary, or replays one and prints its story."""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime, timezone

from simulation.generators.scenarios import Seed, generate
from simulation.invariants import check
from simulation.replay import minimized, story
from simulation.run import run
from simulation.statistics import Statistics, statistics_of, summary

_CHUNK = 20
_SEEDS_PER_DAY = 1_000_000
"""More than the runs of a day."""

_PROGRESS = 1000
"""Runs between two lines of progress."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 where an invariant was violated, else 0."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="how many runs (default: %(default)s)")
    parser.add_argument("--first", type=int, help="the first seed (default: by the date)")
    parser.add_argument("--seed", type=Seed.parse, metavar="SEED", help="replay this run and print its story")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count(), help="default: one per core")
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _replay(given.seed)
    first = first_seed_of(datetime.now(timezone.utc).date()) if given.first is None else given.first
    return _run_many(first, given.runs, given.processes)


def first_seed_of(day: date) -> int:
    """Return a day's first seed: the same all day (UTC), and far from those of other days."""
    return day.toordinal() * _SEEDS_PER_DAY


def _replay(seed: Seed) -> int:
    history = run(generate(seed))
    for line in story(history):
        _print(line)
    violated = bool(check(history).violations)
    _print("" if violated else "No invariant was violated.")
    return int(violated)


def _run_many(first: int, runs: int, processes: int) -> int:
    began = time.monotonic()
    _print(f"Runs {first} to {first + runs - 1}; again: make simulate FIRST={first} RUNS={runs}")
    total = Statistics()
    seeds = [Seed(number) for number in range(first, first + runs)]
    # A fork would inherit locks in any state.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for statistics in pool.imap(statistics_of, seeds, chunksize=_CHUNK):
            total.add(statistics)
            if total.runs % _PROGRESS == 0:
                sys.stderr.write(f"{total.runs} runs, {len(total.violations)} violations\n")
    for line in summary(total, seconds=time.monotonic() - began):
        _print(line)
    if total.violations:
        seed, name, _ = total.violations[0]
        _print(f"What the first one needs: make simulate SEED={minimized(Seed.parse(seed), name)}")
    return int(bool(total.violations))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
