"""What tells for how long builders have been running: a rule that lets the function measure them, and the alarms."""

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
"""Often enough that each hour of an alarm holds a measurement, even where an invocation is late or fails."""

_NAMES_PER_TARGET = 50
"""A target's input may have 8,192 characters; these are as many of the longest names as fit with some room."""

_TARGETS = 5
"""What EventBridge allows in one rule."""


class RunningMetricRule(Construct):
    """Measures builders of one stack every 15 minutes, from the first one that is asked for.

    Args:
        scope: Where the rule is made: in the stack of the builders.
        construct_id: The id within the scope.
        provider: The function's metrics, which know the function as well.
    """

    def __init__(self, scope: Construct, construct_id: str, *, provider: FunctionMetrics) -> None:
        """Make the rule; without a builder it has no target and does nothing."""
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
            scope: Where the alarm is made.
            construct_id: The id within the scope.
            name: The builder's name.
            hours: Whole hours, 1 to 168; may be a token.

        Raises:
            ValueError: The rule has as many builders as it can have.
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
            # Where nothing is measured nobody knows better than before.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )

    def _measure(self, name: str) -> None:
        if not self._groups or len(self._groups[-1].names) == _NAMES_PER_TARGET:
            if len(self._groups) == _TARGETS:
                raise ValueError(
                    f"{name!r} is builder number {_TARGETS * _NAMES_PER_TARGET + 1} to be measured in its stack: "
                    "use a stack or a provider of its own for it"
                )
            self._groups.append(_Names())
            measured = events.RuleTargetInput.from_object({contract.MEASURE: Lazy.any(self._groups[-1])})
            self._rule.add_target(targets.LambdaFunction(self._provider._invoked_function, event=measured))
        self._groups[-1].names.append(name)


@jsii.implements(IStableAnyProducer)
class _Names:
    """The names of one target, which are complete only when the app is synthesized."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def produce(self) -> Any:
        return self.names
