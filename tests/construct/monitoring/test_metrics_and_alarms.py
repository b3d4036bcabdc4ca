"""Health for operators: the metrics as objects, an alarm on failed starts, and one on a builder that runs for long."""

import json
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Duration, NestedStack, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_appstream_image_builder import RunningImageBuilderProvider
from synth.stacks import NAME, Json, any_builder, any_stack, of_type, only, template, template_with

ALARM, RULE, PERMISSION = "AWS::CloudWatch::Alarm", "AWS::Events::Rule", "AWS::Lambda::Permission"
HEALTH = {ALARM, RULE, PERMISSION}


def with_running_alarm(**options: Any) -> Json:
    """Return the template of a stack with one builder and its alarm after ten hours."""
    stack = any_stack()
    any_builder(stack, **options).add_running_past_alarm(Duration.hours(10))
    return template(stack)


@pytest.fixture(scope="module")
def watched() -> Json:
    """Return the template of a stack whose one builder has an alarm."""
    return with_running_alarm()


def inputs(found: Json) -> list[Any]:
    """Return what the rule gives to each of its targets."""
    return [json.loads(target["Input"]) for target in only(found, RULE)["Properties"]["Targets"]]


@pytest.mark.parametrize(
    ("helper", "name", "statistic"),
    [
        ("metric_succeeded_starts", "SucceededStarts", "Sum"),
        ("metric_failed_starts", "FailedStarts", "Sum"),
        ("metric_start_duration", "StartDuration", "Maximum"),
        ("metric_self_invocations", "SelfInvocations", "Sum"),
    ],
)
def test_a_metric_is_the_one_that_the_function_writes(helper: str, name: str, statistic: str) -> None:
    """Namespace, name and dimensions; of one builder or of all."""
    stack = any_stack()
    provider = RunningImageBuilderProvider(stack, "Provider")
    metric = getattr(provider, helper)
    everything, one = metric(), metric(image_builder_name=NAME, period=Duration.hours(1), label="Ours")

    function = {"FunctionName": stack.resolve(provider.function.function_name)}
    assert ("AppStreamRunningImageBuilder", name, statistic) == (
        everything.namespace,
        everything.metric_name,
        everything.statistic,
    )
    assert function == stack.resolve(everything.dimensions)
    assert {**function, "ImageBuilder": NAME} == stack.resolve(one.dimensions)
    assert (3600, "Ours") == (one.period.to_seconds(), one.label)


def test_a_metric_of_an_impossible_builder_is_an_error() -> None:
    """It would be an alarm that never goes off."""
    provider = RunningImageBuilderProvider(any_stack(), "Provider")
    with pytest.raises(ValueError, match=r"^image_builder_name is 'a b': specify 1 to 101"):
        provider.metric_failed_starts(image_builder_name="a b")


def test_a_period_that_is_known_later_is_an_error() -> None:
    """CDK's metrics calculate with it."""
    provider = RunningImageBuilderProvider(any_stack(), "Provider")
    with pytest.raises(
        ValueError, match=r"^period is a token in minutes: specify a Duration whose value is known at synth$"
    ):
        provider.metric_failed_starts(period=Duration.minutes(Token.as_number({"Ref": "Minutes"})))


def test_without_an_alarm_nothing_is_added() -> None:
    """Metrics cost no resource."""
    assert set() == HEALTH & {each["Type"] for each in template_with()["Resources"].values()}


def test_the_alarm_on_failed_starts_goes_off_at_the_first_one() -> None:
    """And is quiet where nothing is deployed."""
    stack = any_stack()
    alarm = any_builder(stack).provider.add_failed_starts_alarm()

    assert isinstance(alarm, cloudwatch.Alarm)
    properties = only(template(stack), ALARM)["Properties"]
    assert ("FailedStarts", 1, 1, 300, "Sum", "GreaterThanOrEqualToThreshold", "notBreaching") == tuple(
        properties[key]
        for key in (
            "MetricName",
            "Threshold",
            "EvaluationPeriods",
            "Period",
            "Statistic",
            "ComparisonOperator",
            "TreatMissingData",
        )
    )


def test_the_running_past_alarm_evaluates_that_many_hours(watched: Json) -> None:
    """It ran in every measurement of each of them."""
    properties = only(watched, ALARM)["Properties"]
    assert ("Running", 1, 10, 3600, "Minimum", "ignore") == tuple(
        properties[key]
        for key in ("MetricName", "Threshold", "EvaluationPeriods", "Period", "Statistic", "TreatMissingData")
    )
    assert ["FunctionName", "ImageBuilder"] == [each["Name"] for each in properties["Dimensions"]]
    assert NAME == properties["Dimensions"][1]["Value"]


def test_a_rule_measures_the_builder(watched: Json) -> None:
    """Nobody else may invoke the function with it."""
    assert "rate(15 minutes)" == only(watched, RULE)["Properties"]["ScheduleExpression"]
    assert [{"MeasureImageBuilders": [NAME]}] == inputs(watched)
    (rule_id,) = of_type(watched, RULE)
    permission = only(watched, PERMISSION)["Properties"]
    assert ("events.amazonaws.com", {"Fn::GetAtt": [rule_id, "Arn"]}) == (
        permission["Principal"],
        permission["SourceArn"],
    )


def test_builders_of_a_stack_share_one_rule() -> None:
    """Fifty names fit into one target, of which a rule has five."""
    stack = any_stack()
    for number in range(51):
        any_builder(stack, f"B{number}", image_builder_name=f"b-{number}").add_running_past_alarm(Duration.hours(1))
    found = template(stack)

    names = [f"b-{number}" for number in range(51)]
    assert [names[:50], names[50:]] == [each["MeasureImageBuilders"] for each in inputs(found)]
    assert 1 == len(of_type(found, PERMISSION))
    assert 51 == len(of_type(found, ALARM))


def test_more_than_a_rule_can_measure_is_an_error() -> None:
    """With the builder's name and the remedy."""
    stack = any_stack()
    rule = RunningImageBuilderProvider(stack, "Provider")._running_metric_rule(stack)
    for number in range(250):
        rule.alarm(stack, f"A{number}", name=f"b-{number}", hours=1)
    with pytest.raises(
        ValueError, match=r"^'b-250' is running-past alarm number 251 .*: use another stack or provider"
    ):
        rule.alarm(stack, "A250", name="b-250", hours=1)


def test_a_name_that_is_a_token_is_measured() -> None:
    """What EventBridge gives to the function has the parameter's value in it."""
    stack = any_stack()
    name = CfnParameter(stack, "Name").value_as_string
    any_builder(stack, image_builder_name=name).add_running_past_alarm(Duration.hours(1))

    (target,) = only(template(stack), RULE)["Properties"]["Targets"]
    assert {"Fn::Join": ["", ['{"MeasureImageBuilders":["', {"Ref": "Name"}, '"]}']]} == target["Input"]


def test_builders_of_another_stack_are_measured_from_there() -> None:
    """A rule in the provider's stack would need that stack to change, and make the stacks depend on each other."""
    app = App()
    one, other = Stack(app, "One"), Stack(app, "Other")
    provider = RunningImageBuilderProvider(one, "Provider")
    any_builder(one, provider=provider, image_builder_name="one")
    any_builder(other, provider=provider, image_builder_name="other").add_running_past_alarm(Duration.hours(1))

    assert set() == HEALTH & {each["Type"] for each in template(one)["Resources"].values()}
    assert [{"MeasureImageBuilders": ["other"]}] == inputs(template(other))


def test_a_nested_stack_has_a_rule_of_its_own() -> None:
    """It is another stack of the app."""
    stack = any_stack()
    nested = NestedStack(stack, "Nested")
    provider = RunningImageBuilderProvider(stack, "Provider")
    any_builder(nested, provider=provider).add_running_past_alarm(Duration.hours(1))

    assert HEALTH <= {each["Type"] for each in template(nested)["Resources"].values()}


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        (Duration.hours(0), "0 hours"),
        (Duration.minutes(90), "1 hour 30 minutes"),
        (Duration.days(8), "8 days"),
    ],
)
def test_a_time_that_no_alarm_can_have_is_an_error(after: Duration, shown: str) -> None:
    """CloudWatch looks back seven days, by the hour."""
    builder = any_builder(any_stack())
    with pytest.raises(ValueError, match=rf"^after is {shown}: specify whole hours from 1 hour to 7 days$"):
        builder.add_running_past_alarm(after)


def test_a_token_of_hours_is_the_number_of_periods() -> None:
    """CloudFormation puts it there."""
    stack = any_stack()
    hours = CfnParameter(stack, "Hours", type="Number").value_as_number
    any_builder(stack).add_running_past_alarm(Duration.hours(hours))
    assert {"Ref": "Hours"} == only(template(stack), ALARM)["Properties"]["EvaluationPeriods"]


def test_a_time_that_is_known_later_in_another_unit_is_an_error() -> None:
    """CloudFormation does not calculate, and the number of an alarm's periods is one of hours."""
    builder = any_builder(any_stack())
    remedy = r"specify Duration.hours\(...\) of a token, or a known time"
    with pytest.raises(ValueError, match=rf"^after is a token in minutes: {remedy}$"):
        builder.add_running_past_alarm(Duration.minutes(Token.as_number({"Ref": "Minutes"})))
