"""Records the metric ``Running`` of builders, for the rule that asks for it."""

from collections.abc import Mapping
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.model.errors import AwsCallError
from running_image_builder_function.observability.metrics import Metrics
from running_image_builder_function.reconcile.ports import ImageBuilders
from running_image_builder_function.timing import Clock


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
        for name in event[contract.MEASURE]:
            try:
                builder = self._builders.describe(name)
            except AwsCallError as error:
                failures[name] = error
                continue
            states[name] = "" if builder is None else builder.state
            self._metrics.running(name, states[name], now=self._clock.time())
        if failures:
            reasons = "; ".join(f"{name}: {error}" for name, error in failures.items())
            raise RunningMetricFailed(f"could not be measured: {reasons}")
        return states
