"""The alarms of a provider."""

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
    """A construct with alarms for its function."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._running_metric_rules: dict[Stack, RunningMetricRule] = {}

    def add_failed_starts_alarm(self) -> cloudwatch.Alarm:
        """Create an alarm for failed creates and updates of the function's builders.

        Returns:
            The alarm, without an action: add one with ``add_alarm_action``.
        """
        # Imported here because most apps have no alarms, and each module of CDK takes time to import.
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
        self._keep_logical_ids(alarm)
        return alarm

    def _running_metric_rule(self, scope: Construct) -> RunningMetricRule:
        """Return the rule that measures the builders of a construct's stack; the first call makes it."""
        from cdk_appstream_image_builder.monitoring.running_metric_rule import RunningMetricRule

        stack = Stack.of(scope)
        if stack not in self._running_metric_rules:
            # In another stack it cannot be a child of this construct, so its id names this construct.
            parent, suffix = (self, "") if stack is Stack.of(self) else (stack, self._address)
            rule = RunningMetricRule(parent, f"RunningMeasurement{suffix}", provider=self)
            self._keep_logical_ids(rule)
            self._running_metric_rules[stack] = rule
        return self._running_metric_rules[stack]

    @property
    @abstractmethod
    def _address(self) -> str:
        """What names this construct in other stacks."""

    @abstractmethod
    def _keep_logical_ids(self, construct: Construct) -> None:
        """Give the resources below a construct the logical ids that they must have."""
