"""Records the metric ``Running`` of builders, for the rule that asks for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.model.errors import AwsCallError
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.reconcile.ports import ImageBuilders
from running_image_builder_function.timing import SECOND_DESCRIPTION, Clock


class RunningMetricFailed(Exception):
    """Raised out of the handler, so that Lambda tries again and counts an error."""


def asks_for_running_metric(event: object) -> bool:
    """Return whether an event asks for the metric; CloudFormation's never do."""
    return isinstance(event, Mapping) and isinstance(event.get(contract.MEASURE), list) and "RequestType" not in event


class RunningMetric:
    """Describes builders and records whether they run.

    Args:
        builders: The AppStream calls.
        metrics: The metrics.
        clock: The time.
    """

    def __init__(self, *, builders: ImageBuilders, metrics: Metrics, clock: Clock) -> None:
        self._builders = builders
        self._metrics = metrics
        self._clock = clock

    def __call__(self, event: Mapping[str, Any]) -> dict[str, str]:
        """Describe the builders that an event names.

        Args:
            event: The names, under the contract's ``MEASURE``.

        Returns:
            The state of each builder by its name, "" where it doesn't exist.

        Raises:
            RunningMetricFailed: Some could not be described; nothing is recorded for these.
        """
        states: dict[str, str] = {}
        failures: dict[str, AwsCallError] = {}
        missing = self._measure(event[contract.MEASURE], states, failures)
        if missing:
            # One description that finds nothing is no proof, and a 0 would end an alarm.
            self._clock.sleep(SECOND_DESCRIPTION)
            for name in self._measure(missing, states, failures):
                self._record(name, "", states)
        if failures:
            reasons = "; ".join(f"{name}: {error}" for name, error in failures.items())
            raise RunningMetricFailed(f"could not be measured: {reasons}")
        return states

    def _measure(self, names: Iterable[str], states: dict[str, str], failures: dict[str, AwsCallError]) -> list[str]:
        """Describe builders and record those that exist; return the names of the others."""
        missing: list[str] = []
        for name in names:
            try:
                builder = self._builders.describe(name)
            except AwsCallError as error:
                failures[name] = error
                continue
            if builder is None:
                missing.append(name)
            else:
                self._record(name, builder.state, states)
        return missing

    def _record(self, name: str, state: str, states: dict[str, str]) -> None:
        states[name] = state
        self._metrics.running(name, state, now=self._clock.time())
