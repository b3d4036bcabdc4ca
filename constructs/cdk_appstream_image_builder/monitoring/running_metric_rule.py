"""Measures how long builders have been running, by a scheduled rule, and makes alarms of it."""

from typing import Any

import jsii
from aws_cdk import Duration, IStableAnyProducer, Lazy, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from cdk_appstream_image_builder.monitoring.metrics import FunctionMetrics
from running_image_builder_function import contract

_EVERY_MINUTES = 15
"""Each hour of an alarm has a data point, even if an invocation is late or fails."""

_NAMES_PER_TARGET = 50
"""A target's input may have 8,192 characters: as many of the longest names as fit, with some room."""

_TARGETS = 5
"""EventBridge's limit for one rule."""


class RunningMetricRule(Construct):
    """A rule by which the function measures builders of one stack every 15 minutes.

    Args:
        scope: Where the rule is made: in the stack of the builders.
        construct_id: The id within the scope.
        provider: The provider of the function.
    """

    def __init__(self, scope: Construct, construct_id: str, *, provider: FunctionMetrics) -> None:
        super().__init__(scope, construct_id)
        self._provider = provider
        self._rule = events.Rule(
            self,
            "Rule",
            description="Measures which image builders are running",
            schedule=events.Schedule.rate(Duration.minutes(_EVERY_MINUTES)),
        )
        self._groups: list[_Names] = []

    def alarm(self, scope: Construct, construct_id: str, *, name: str, hours: float) -> cloudwatch.Alarm:
        """Return an alarm for a builder that has been running for that many hours.

        Args:
            scope: The alarm's scope.
            construct_id: The id within the scope.
            name: The builder's name.
            hours: Whole hours, 1 to 168; may be a token.

        Raises:
            ValueError: The rule has no room for another builder.
        """
        self._measure(name)
        shown = Token.as_string(hours) if Token.is_unresolved(hours) else str(hours)
        return cloudwatch.Alarm(
            scope,
            construct_id,
            alarm_description=f"AppStream image builder {name} has been running for {shown} hours",
            metric=self._provider.metric(
                contract.RUNNING, image_builder_name=name, period=Duration.hours(1), statistic="Minimum"
            ),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=hours,
            # Without data points the alarm keeps its state.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )

    def _measure(self, name: str) -> None:
        if not self._groups or len(self._groups[-1].names) == _NAMES_PER_TARGET:
            if len(self._groups) == _TARGETS:
                raise ValueError(
                    f"{name!r} is running-past alarm number {_TARGETS * _NAMES_PER_TARGET + 1} of its stack: "
                    "use another stack or provider for it"
                )
            self._groups.append(_Names())
            event = events.RuleTargetInput.from_object({contract.MEASURE: Lazy.any(self._groups[-1])})
            self._rule.add_target(targets.LambdaFunction(self._provider._invoked_function, event=event))
        self._groups[-1].names.append(name)


@jsii.implements(IStableAnyProducer)
class _Names:
    """The names of one target, which are complete only at synth."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def produce(self) -> Any:
        return self.names
