"""Which work is done how often, and what of it at the same time; knows nothing of a single contender."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from appstream_benchmarks.baselines.names import THIS, TITLES
from appstream_benchmarks.deploys.measurements import Scenario
from appstream_benchmarks.deploys.testbed import Lab

STARTS: Final = {7.0: 16, 33.0: 8, 95.0: 4}
"""Seconds that a start takes, multiples of nobody's interval, and how often it is measured."""

AT_MOST: Final = {"plain-crhelper": 4}
"""Who is measured less often, since it takes minutes."""

SPREAD: Final = 5.0
"""Seconds over which the starts of one duration are spread, each a little longer than the one before: as long as the
longest interval but crhelper's. So it is not decided by one phase where between two looks a builder becomes RUNNING."""

COLD_NO_OPS: Final = 3
WARM_NO_OPS: Final = 2
LIMITED_START: Final = 33.0

FEW: Final = (1, 10)
MANY: Final = 50
MANY_START: Final = 33.0
"""Longer than two cores take to load fifty functions, so that nothing is loaded while builders become RUNNING."""

LIMIT_PER_SECOND: Final = 5.0

# Engines that start at the same time need the processor; those that measure wait.
_STARTING = 2
# Seconds between two that begin: their functions are loaded then, and the AWS CLI is.
_APART = 3.0

_Work = Callable[[Lab], object]


@dataclass
class Results:
    """What was measured, in the order it ended."""

    starts: list[dict[str, Any]] = field(default_factory=list)
    no_ops: list[dict[str, Any]] = field(default_factory=list)
    limited: list[dict[str, Any]] = field(default_factory=list)
    many: list[dict[str, Any]] = field(default_factory=list)
    deletes: list[dict[str, Any]] = field(default_factory=list)


def run(assembly: Path, *, smoke: bool) -> Results:
    """Measure everything, or for a smoke run one start, one no-op and one delete of this project.

    Args:
        assembly: the synthesized contenders.
        smoke: whether it only has to be shown that measuring works.
    """
    results = Results()
    if smoke:
        _at_once(assembly, [(THIS, partial(_smoke, results))])
        return results
    first, *others = STARTS
    alone: list[_Work] = [
        partial(_starts_and_delete, results, first),
        *[partial(_starts, results, each) for each in others],
        partial(_no_ops, results),
        partial(_limited, results),
    ]
    # One builder each: all of this waits nearly all the time, so it does not disturb each other.
    _at_once(assembly, [(kind, work) for work in alone for kind in TITLES])
    for per_second in (None, LIMIT_PER_SECOND):
        _at_once(assembly, [(kind, partial(_many, results, size, per_second)) for size in FEW for kind in TITLES])
    # Fifty functions at once are work for the whole machine.
    for per_second in (None, LIMIT_PER_SECOND):
        for kind in TITLES:
            _at_once(assembly, [(kind, partial(_many, results, MANY, per_second))])
    return results


def _smoke(results: Results, lab: Lab) -> None:
    scenario = Scenario(lab, "updated")
    results.starts.append(_told(scenario.start(seconds=2.0, nominal=2.0)))
    results.no_ops.append(_told(scenario.no_op(cold=True)))
    results.deletes.append(_told(scenario.delete()))


def _starts(results: Results, seconds: float, lab: Lab) -> Scenario:
    scenario = Scenario(lab, "updated")
    times = min(STARTS[seconds], AT_MOST.get(lab.kind, STARTS[seconds]))
    for number in range(times):
        results.starts.append(_told(scenario.start(seconds=seconds + number * SPREAD / times, nominal=seconds)))
    return scenario


def _starts_and_delete(results: Results, seconds: float, lab: Lab) -> None:
    results.deletes.append(_told(_starts(results, seconds, lab).delete()))


def _no_ops(results: Results, lab: Lab) -> None:
    scenario = Scenario(lab, "updated")
    scenario.start(seconds=1.0, nominal=1.0)
    for cold in (*[True] * COLD_NO_OPS, *[False] * WARM_NO_OPS):
        results.no_ops.append(_told(scenario.no_op(cold=cold)))
        if not results.no_ops[-1]["worked"]:
            return  # a stack whose rollback failed takes no further update


def _limited(results: Results, lab: Lab) -> None:
    results.limited.append(_told(Scenario(lab, "limited").start(seconds=LIMITED_START, nominal=LIMITED_START)))


def _many(results: Results, size: int, per_second: float | None, lab: Lab) -> None:
    scenario = Scenario(lab, str(size), size)
    results.many.append(_told(scenario.start(seconds=MANY_START, nominal=MANY_START, per_second=per_second)))


def _told(result: dict[str, Any]) -> dict[str, Any]:
    keys = (
        "contender",
        "builders",
        "start_seconds",
        "per_second",
        "cold",
        "worked",
        "seconds",
        "lag_median",
        "lag_worst",
    )
    shown = ", ".join(f"{key} {result[key]}" for key in keys if result.get(key) is not None)
    print(f"{time.strftime('%H:%M:%S')} {shown}", flush=True)
    return result


def _at_once(assembly: Path, works: Iterable[tuple[str, _Work]]) -> None:
    """Do works at the same time, each with an engine of its own; they begin one by one when all engines are there."""
    todo = list(works)
    with ExitStack() as stack:
        with ThreadPoolExecutor(_STARTING) as pool:
            labs = list(pool.map(lambda each: stack.enter_context(Lab(each[0], assembly)), todo))
        with ThreadPoolExecutor(len(todo)) as pool:
            # A list, so that an error of any of them is raised here.
            list(pool.map(_begin, range(len(todo)), labs, [work for _, work in todo]))


def _begin(number: int, lab: Lab, work: _Work) -> None:
    time.sleep(number * _APART)
    work(lab)
