"""What an operator makes of the function's metrics: alarms; knows nothing of how the function is made."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from aws_cdk import Stack
from constructs import Construct

from cdk_appstream_image_builder.monitoring.metrics import FunctionMetrics

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from cdk_appstream_image_builder.monitoring.running_metric_rule import RunningMetricRule


class FunctionAlarms(FunctionMetrics, Construct):
    """A construct whose function's health can be watched."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Begin without alarms, which cost something."""
        super().__init__(scope, construct_id)
        self._measurements: dict[Stack, RunningMetricRule] = {}

    def add_failed_starts_alarm(self) -> cloudwatch.Alarm:
        """Make an alarm that goes off when a create or update of any of the function's builders fails.

        Returns:
            The alarm, without an action: give it one with ``add_alarm_action``.
        """
        # CDK's modules for alarms and rules are imported where the first is made: most apps make none.
        from aws_cdk import aws_cloudwatch as cloudwatch

        alarm = cloudwatch.Alarm(
            self,
            "FailedStartsAlarm",
            alarm_description="An AppStream image builder could not be started",
            metric=self.metric_failed_starts(),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        self._keep_ids(alarm)
        return alarm

    def _measurement(self, scope: Construct) -> RunningMetricRule:
        """Return what measures the builders of a construct's stack, made at the first call."""
        from cdk_appstream_image_builder.monitoring.running_metric_rule import RunningMetricRule

        stack = Stack.of(scope)
        if stack not in self._measurements:
            # In another stack than the function's it cannot be a child of this construct; the id tells them apart.
            parent, suffix = (self, "") if stack is Stack.of(self) else (stack, self._address)
            made = RunningMetricRule(parent, f"RunningMeasurement{suffix}", provider=self)
            self._keep_ids(made)
            self._measurements[stack] = made
        return self._measurements[stack]

    @property
    @abstractmethod
    def _address(self) -> str:
        """What names this construct in other stacks."""

    @abstractmethod
    def _keep_ids(self, made: Construct) -> None:
        """Give what was made below this construct the logical ids that it must have."""
