"""The plan of the measurements: what is measured how often, and what of it at the same time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from appstream_benchmarks.baselines.names import CRHELPER, SIZES, THIS, TITLES
from appstream_benchmarks.deploys.measurements import Measurements
from appstream_benchmarks.deploys.testbed import Testbed

STARTS: Final = {95.0: 4, 7.0: 16, 33.0: 8}
"""Seconds that a start takes, no multiples of any polling interval, and how often it is measured; longest first."""

AT_MOST: Final = {CRHELPER: 4}
"""Who is measured less often, since it takes minutes."""

SPREAD: Final = 5.0
"""Seconds over which the starts of one duration are spread, each a little longer than the one before: the longest
polling interval but crhelper's. So the result does not depend on one phase between polls and RUNNING."""

NO_OPS: Final = (True, True, True, False, False)
"""Whether the functions of each no-op start cold."""

LIMITED_START: Final = 33.0

MANY: Final = SIZES[-1]
MANY_START: Final = 33.0
"""Longer than two cores take to load fifty functions, so that none is loaded while builders become RUNNING."""

LIMIT_PER_SECOND: Final = 5.0

# Starting engines need the processor; those that measure wait until all have started.
_STARTING = 2
# Seconds between two works that begin: each loads its functions or the AWS CLI then.
_APART = 3.0

Results = dict[str, list[dict[str, Any]]]
_Work = Callable[[Results, Testbed], object]


def run(assembly: Path) -> Results:
    """Measure every approach of an assembly, and return the rows by what was measured."""
    results = _new_results()
    works: list[_Work] = [_no_ops, *(partial(_starts, seconds) for seconds in STARTS)]
    # One builder each: all of them wait nearly all the time, so they don't disturb each other.
    _at_once(results, assembly, [(approach, work) for work in works for approach in TITLES])
    # Fifty functions at once are work for the whole machine.
    for approach in TITLES:
        _at_once(results, assembly, [(approach, _many)])
    return results


def run_smoke(assembly: Path) -> Results:
    """Measure one start, one no-op and one delete of this project."""
    results = _new_results()
    _at_once(results, assembly, [(THIS, _smoke)])
    return results


def _new_results() -> Results:
    return {kind: [] for kind in ("starts", "no_ops", "limited", "many", "deletes")}


def _smoke(results: Results, testbed: Testbed) -> None:
    stack = Measurements(testbed, "updated")
    results["starts"].append(stack.start(seconds=2.0, nominal=2.0))
    results["no_ops"].append(stack.no_op(cold=True))
    results["deletes"].append(stack.delete())


def _starts(seconds: float, results: Results, testbed: Testbed) -> None:
    stack = Measurements(testbed, "updated")
    times = min(STARTS[seconds], AT_MOST.get(testbed.approach, STARTS[seconds]))
    for number in range(times):
        results["starts"].append(stack.start(seconds=seconds + number * SPREAD / times, nominal=seconds))
    if seconds == min(STARTS):
        results["deletes"].append(stack.delete())
    if seconds == LIMITED_START:
        limited = Measurements(testbed, "limited")
        results["limited"].append(limited.start(seconds=LIMITED_START, nominal=LIMITED_START))


def _no_ops(results: Results, testbed: Testbed) -> None:
    stack = Measurements(testbed, "updated")
    stack.start(seconds=1.0, nominal=1.0)
    for cold in NO_OPS:
        results["no_ops"].append(stack.no_op(cold=cold))
        if not results["no_ops"][-1]["succeeded"]:
            return  # a stack whose rollback failed takes no further update


def _many(results: Results, testbed: Testbed) -> None:
    for per_second in (None, LIMIT_PER_SECOND):
        if per_second:
            # Ends the idle execution environments of the first stack.
            testbed.cool_functions()
        stack = Measurements(testbed, str(MANY), size=MANY, suffix="-throttled" if per_second else "")
        results["many"].append(stack.start(seconds=MANY_START, nominal=MANY_START, per_second=per_second))


def _at_once(results: Results, assembly: Path, works: list[tuple[str, _Work]]) -> None:
    """Run works at the same time, each with a testbed of its own; they begin one by one when all have started."""
    with ExitStack() as stack:
        with ThreadPoolExecutor(_STARTING) as pool:
            testbeds = list(pool.map(lambda each: stack.enter_context(Testbed(each[0], assembly)), works))
        with ThreadPoolExecutor(len(works)) as pool:
            # A list, so that an error of any of them is raised here.
            list(pool.map(partial(_begin, results), range(len(works)), testbeds, [work for _, work in works]))


def _begin(results: Results, number: int, testbed: Testbed, work: _Work) -> None:
    time.sleep(number * _APART)
    work(results, testbed)
