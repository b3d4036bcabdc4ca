"""Writes the function's CloudWatch metrics to standard output, in the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Callable, Mapping

from running_image_builder_function import contract
from running_image_builder_function.model.errors import RequestCancelled, RequestEnded, RequestFailed
from running_image_builder_function.reconcile.desired_state import DesiredState
from running_image_builder_function.reconcile.states import RUNNING

_UNITS = {contract.START_DURATION: "Seconds"}
"""The unit of each metric that isn't a count."""

_NONE = "NONE"
"""Stands for an unknown state; a dimension can't be empty."""


class Metrics:
    """Writes one line per request that wanted a running builder, and one per measured builder.

    All moments are in seconds since the epoch.

    Args:
        write: Takes one line of standard output.
        function: The function's name.
    """

    def __init__(self, write: Callable[[str], None], *, function: str) -> None:
        self._write = write
        self._function = function

    def succeeded(self, desired: DesiredState, *, now: float) -> None:
        """Count a builder that is RUNNING, with how long its start took where this request started it."""
        context, running_since = desired.context, desired.context.builder.running_since
        values: dict[str, float] = {contract.FAILED_STARTS: 0, contract.SUCCEEDED_STARTS: 1}
        if context.starts.made and running_since is not None:
            # Not until now: since then it waited for an address, or for an earlier scheduled stop.
            values[contract.START_DURATION] = round(running_since - context.last_call.at, 1)
        self._request(desired, values, now=now, Outcome="SUCCESS")

    def failed(self, desired: DesiredState, failure: RequestEnded, *, now: float) -> None:
        """Count a builder that isn't RUNNING; a failed stop or a cancelled request isn't counted."""
        if desired.wanted != RUNNING or isinstance(failure, RequestCancelled):
            return
        values: dict[str, float] = {contract.FAILED_STARTS: 1, contract.SUCCEEDED_STARTS: 0}
        self._request(desired, values, now=now, Outcome="FAILED", Reason=str(failure))

    def invalid(self, failure: RequestFailed, *, now: float) -> None:
        """Count a Create or Update with invalid properties, for the function only: the name may be what is invalid."""
        self._line(
            {contract.FAILED_STARTS: 1, contract.SUCCEEDED_STARTS: 0},
            dimensions=[[contract.FUNCTION_NAME]],
            properties={"Outcome": "FAILED", "Reason": str(failure)},
            now=now,
        )

    def running(self, name: str, state: str, *, now: float) -> None:
        """Record whether a builder is running, whoever started it; its state is "" where it doesn't exist."""
        self._line(
            {contract.RUNNING: int(state == "RUNNING")},
            dimensions=[[contract.FUNCTION_NAME, contract.IMAGE_BUILDER]],
            properties={contract.IMAGE_BUILDER: name, "State": state or _NONE},
            now=now,
        )

    def _request(self, desired: DesiredState, values: dict[str, float], *, now: float, **texts: str) -> None:
        self._line(
            {**values, contract.SELF_INVOCATIONS: desired.context.invocation - 1},
            dimensions=[
                [contract.FUNCTION_NAME],
                [contract.FUNCTION_NAME, contract.IMAGE_BUILDER],
                [contract.FUNCTION_NAME, contract.LAST_STATE],
            ],
            properties={
                contract.IMAGE_BUILDER: desired.request.name,
                contract.LAST_STATE: desired.context.builder.state or _NONE,
                **texts,
            },
            now=now,
        )

    def _line(
        self, values: Mapping[str, float], *, dimensions: list[list[str]], properties: Mapping[str, str], now: float
    ) -> None:
        metrics = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in values]
        directive = {"Namespace": contract.METRIC_NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
        head = {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}
        self._write(json.dumps({"_aws": head, contract.FUNCTION_NAME: self._function, **properties, **values}))
