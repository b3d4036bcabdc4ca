"""Measures single starts, no-op updates and deletes of an approach."""

import statistics
import time
from typing import Any

from appstream_benchmarks.deploys.driver import Outcome, driver
from appstream_benchmarks.deploys.meter import Meter
from appstream_benchmarks.deploys.orphaned_resources import orphaned_resources
from appstream_benchmarks.deploys.testbed import Testbed

# After its response a function still ends, and crhelper removes its polling rule.
_SETTLE_SECONDS = 3.0

_SHOWN = ("approach", "builders", "start_seconds", "per_second", "cold", "succeeded", "seconds", "lag_worst")


class Measurements:
    """Measures one stack of a testbed's approach; see `driver` for the arguments."""

    def __init__(self, testbed: Testbed, variant: str, *, size: int = 1, suffix: str = "") -> None:
        self._testbed = testbed
        self._driver = driver(testbed, variant, size=size, suffix=suffix)
        self._admin = testbed.engine.admin
        self._meter = Meter(testbed)
        self._runs = 0

    def start(self, *, seconds: float, nominal: float, per_second: float | None = None) -> dict[str, Any]:
        """Measure the start of stopped builders: the first time by a create, later by updates.

        Args:
            seconds: How long a start takes.
            nominal: The duration under which it is reported.
            per_second: AppStream's request limit, None for no limit.
        """
        for name in self._driver.names:
            self._admin.put_image_builder(name)
        self._admin.set_durations(start=seconds)
        self._admin.limit_rate(per_second)
        self._meter.start()
        began = time.time()
        outcome = self._run()
        took = time.time() - began
        self._admin.limit_rate(None)
        time.sleep(_SETTLE_SECONDS)
        calls = self._admin.calls()
        running = {
            call.name: call.time + seconds for call in calls if call.operation == "StartImageBuilder" and not call.error
        }
        lags: list[float] = [at - running[name] for name, at in outcome.completed.items() if name in running]
        worst = max(lags, key=abs) if lags else None
        return self._row(
            outcome,
            builders=len(self._driver.names),
            start_seconds=nominal,
            per_second=per_second,
            failed_builders=len(self._driver.names) - len(outcome.completed),
            state=outcome.outputs.get("State", ""),
            seconds=round(took, 3),
            lag_median=round(statistics.median(lags), 3) if lags else None,
            lag_worst=None if worst is None else round(worst, 3),
            calls_per_minute=_most_in_a_minute([call.time for call in calls]),
        )

    def no_op(self, *, cold: bool) -> dict[str, Any]:
        """Measure an update of a builder that is RUNNING already.

        Args:
            cold: Whether the functions start cold.
        """
        [name] = self._driver.names
        self._admin.put_image_builder(name, state="RUNNING")
        if cold:
            self._testbed.cool_functions()
        self._meter.start()
        outcome = self._run()
        time.sleep(_SETTLE_SECONDS)
        done = name in outcome.completed
        seconds = round(outcome.completed[name] - outcome.began[name], 3) if done else None
        return self._row(outcome, cold=cold, seconds=seconds)

    def delete(self) -> dict[str, Any]:
        """Measure the delete of the stack, and count what it leaves behind."""
        seconds = self._driver.delete()
        time.sleep(_SETTLE_SECONDS)
        return _shown(
            {
                "approach": self._testbed.approach,
                "seconds": None if seconds is None else round(seconds, 3),
                "orphaned": orphaned_resources(self._testbed),
            }
        )

    def _run(self) -> Outcome:
        self._runs += 1
        return self._driver.create() if self._runs == 1 else self._driver.update(str(self._runs))

    def _row(self, outcome: Outcome, **figures: Any) -> dict[str, Any]:
        usage = self._meter.read().as_json()
        return _shown({"approach": self._testbed.approach, "succeeded": outcome.succeeded, **figures, **usage})


def _most_in_a_minute(times: list[float]) -> int:
    """Return the most calls that lie within any 60 s."""
    return max((sum(first <= at < first + 60 for at in times) for first in times), default=0)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    figures = ", ".join(f"{key} {row[key]}" for key in _SHOWN if row.get(key) is not None)
    print(f"{time.strftime('%H:%M:%S')} {figures}", flush=True)
    return row
