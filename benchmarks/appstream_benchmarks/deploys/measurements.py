"""The work that each contender does, and what is noted of it; knows no tables."""

from __future__ import annotations

import statistics
import time
from typing import Any

from appstream_benchmarks.deploys.driver import Way, way
from appstream_benchmarks.deploys.meter import Meter
from appstream_benchmarks.deploys.orphaned_resources import leftovers
from appstream_benchmarks.deploys.stacks import Ended
from appstream_benchmarks.deploys.testbed import Lab

# After an answer the function still ends, and what polls is cleaned up.
_SETTLE = 3.0
_ERRORS_KEPT = 3


class Scenario:
    """Runs a lab's contender and notes the figures.

    Args:
        lab: a started lab.
        variant: which of its stacks.
        size: the stack's builders.
    """

    def __init__(self, lab: Lab, variant: str, size: int = 1) -> None:
        self._lab = lab
        self._way: Way = way(lab, variant, size)
        self._admin = lab.engine.admin
        self._meter = Meter(lab)
        self._size = size
        self._runs = 0

    def start(self, *, seconds: float, nominal: float, per_second: float | None = None) -> dict[str, Any]:
        """Have stopped builders started, at first by a create and then by updates.

        Args:
            seconds: How long a start takes.
            nominal: Under which duration it is reported.
            per_second: The AppStream requests that are let through each second; all, where not given.
        """
        for name in self._way.names:
            self._admin.put_image_builder(name)
        self._admin.set_durations(start=seconds)
        self._admin.limit_rate(per_second)
        self._meter.begin()
        began = time.time()
        ended = self._run()
        took = time.time() - began
        self._admin.limit_rate(None)
        if not ended.worked:
            time.sleep(seconds)
        time.sleep(_SETTLE)
        calls = self._admin.calls()
        running = {
            call.name: call.time + seconds for call in calls if call.operation == "StartImageBuilder" and not call.error
        }
        lags: list[float] = sorted(at - running[name] for name, at in ended.completed.items() if name in running)
        worst = max(lags, key=abs) if lags else None
        return {
            "contender": self._lab.kind,
            "builders": self._size,
            "start_seconds": nominal,
            "really_seconds": seconds,
            "per_second": per_second,
            "worked": ended.worked,
            "errors": [_short(each) for each in ended.reasons[:_ERRORS_KEPT]],
            "failed_builders": self._size - len(ended.completed),
            "state": ended.outputs.get("State", ""),
            "seconds": round(took, 3),
            "lag_median": round(statistics.median(lags), 3) if lags else None,
            "lag_worst": None if worst is None else round(worst, 3),
            "calls_per_minute": _most_in_a_minute([call.time for call in calls]),
            **self._meter.read().as_json(),
        }

    def no_op(self, *, cold: bool) -> dict[str, Any]:
        """Update the resource of a builder that is RUNNING already.

        Args:
            cold: Whether the functions have to be loaded anew, as after a while without use.
        """
        [name] = self._way.names
        self._admin.put_image_builder(name, state="RUNNING")
        if cold:
            self._lab.cool_functions()
        self._meter.begin()
        ended = self._run()
        time.sleep(_SETTLE)
        return {
            "contender": self._lab.kind,
            "cold": cold,
            "worked": ended.worked,
            "errors": [_short(each) for each in ended.reasons[:_ERRORS_KEPT]],
            "seconds": round(ended.completed[name] - ended.began[name], 3) if name in ended.completed else None,
            **self._meter.read().as_json(),
        }

    def delete(self) -> dict[str, Any]:
        """Delete the stack, and look at what is left."""
        seconds = self._way.delete()
        time.sleep(_SETTLE)
        return {
            "contender": self._lab.kind,
            "seconds": None if seconds is None else round(seconds, 3),
            "left": leftovers(self._lab),
        }

    def _run(self) -> Ended:
        self._runs += 1
        return self._way.create() if self._runs == 1 else self._way.update(str(self._runs))


def _most_in_a_minute(times: list[float]) -> int:
    """Return the most calls that lie within any 60 s."""
    return max((sum(first <= at < first + 60 for at in times) for first in times), default=0)


def _short(reason: str) -> str:
    """Return a reason's one line without what differs from run to run."""
    return reason.strip().splitlines()[-1][:160] if reason.strip() else ""
