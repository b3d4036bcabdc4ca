"""The function's CloudWatch metrics, for alarms and dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_appstream_image_builder.validation import check_name, check_period, check_string
from running_image_builder_function import contract

if TYPE_CHECKING:
    from aws_cdk import Duration
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_lambda as lambda_


class FunctionMetrics:
    """Metrics that the function writes in embedded metric format.

    Their namespace is ``AppStreamRunningImageBuilder``. They have the dimension ``FunctionName``, and those of one
    builder ``ImageBuilder`` as well. For other options use ``with_`` of the returned metric.
    """

    @property
    def function(self) -> lambda_.Function:
        """The function."""
        raise NotImplementedError

    @property
    def _function_name(self) -> str:
        """The function's name, as the metrics have it."""
        return self.function.function_name

    @property
    def _invoked_function(self) -> lambda_.IFunction:
        """The function as the target of a rule."""
        return self.function

    def metric(
        self,
        metric_name: str,
        *,
        image_builder_name: str | None = None,
        period: Duration | None = None,
        statistic: str = "Sum",
        label: str | None = None,
    ) -> cloudwatch.Metric:
        """Return one of the function's metrics by its name.

        Args:
            metric_name: Its name in CloudWatch.
            image_builder_name: The builder. Default: all builders of the function together.
            period: The period of aggregation. Default: 5 minutes.
            statistic: The statistic. Default: Sum.
            label: The label in a graph. Default: CloudWatch's own.

        Raises:
            TypeError: A value is of another type.
            ValueError: The name is not valid for an image builder, or a string is empty.
        """
        check_string("metric_name", metric_name, optional=False)
        check_period(period)
        check_string("statistic", statistic, optional=False)
        check_string("label", label)
        # Imported here because most apps use no metrics, and each module of CDK takes time to import.
        from aws_cdk import aws_cloudwatch as cloudwatch

        dimensions = {contract.FUNCTION_NAME: self._function_name}
        if image_builder_name is not None:
            dimensions[contract.IMAGE_BUILDER] = check_name(image_builder_name)
        return cloudwatch.Metric(
            namespace=contract.METRIC_NAMESPACE,
            metric_name=metric_name,
            dimensions_map=dimensions,
            period=period,
            statistic=statistic,
            label=label,
        )

    def metric_succeeded_starts(
        self, *, image_builder_name: str | None = None, period: Duration | None = None, label: str | None = None
    ) -> cloudwatch.Metric:
        """Return how many creates and updates ended with a RUNNING builder; the arguments are those of ``metric``."""
        return self.metric(contract.SUCCEEDED_STARTS, image_builder_name=image_builder_name, period=period, label=label)

    def metric_failed_starts(
        self, *, image_builder_name: str | None = None, period: Duration | None = None, label: str | None = None
    ) -> cloudwatch.Metric:
        """Return how many creates and updates failed; the arguments are those of ``metric``."""
        return self.metric(contract.FAILED_STARTS, image_builder_name=image_builder_name, period=period, label=label)

    def metric_start_duration(
        self,
        *,
        image_builder_name: str | None = None,
        period: Duration | None = None,
        statistic: str = "Maximum",
        label: str | None = None,
    ) -> cloudwatch.Metric:
        """Return the seconds from an accepted start to RUNNING, of the starts that the function made itself.

        The arguments are those of ``metric``. Default of ``statistic``: Maximum.
        """
        return self.metric(
            contract.START_DURATION,
            image_builder_name=image_builder_name,
            period=period,
            statistic=statistic,
            label=label,
        )

    def metric_self_invocations(
        self, *, image_builder_name: str | None = None, period: Duration | None = None, label: str | None = None
    ) -> cloudwatch.Metric:
        """Return how often a new invocation continued a wait; the arguments are those of ``metric``."""
        return self.metric(contract.SELF_INVOCATIONS, image_builder_name=image_builder_name, period=period, label=label)
