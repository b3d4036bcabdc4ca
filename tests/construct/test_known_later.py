"""Values that are known only after the synth: they synthesize, and the function checks what they turn out to be."""

from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import CfnParameter, Duration, Fn, IStableStringProducer, Lazy, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from running_image_builder_function.cloudformation.request import parse
from synth.stacks import FUNCTION, TYPE, any_builder, any_stack, known_stack, only, template


def looked_up(stack: Stack) -> str:
    """Return what the first synth has for a parameter that it looks up."""
    value = ssm.StringParameter.value_from_lookup(stack, "/builders/name")
    assert value.startswith("dummy-value-for-")
    return value


@jsii.implements(IStableStringProducer)
class _Later:
    """A text that is made at the end of the synth."""

    def produce(self) -> str:
        return "later"


TEXTS: dict[str, Callable[[Stack], str]] = {
    "looked up": looked_up,
    "dynamic reference": lambda _: "{{resolve:ssm:/builders/name}}",
    "part of a text": lambda _: "builder-{{resolve:ssm:/builders/number:1}}",
    "parameter": lambda stack: CfnParameter(stack, "Later").value_as_string,
    "parameter within a text": lambda stack: f"team/{CfnParameter(stack, 'Later').value_as_string}",
    "member of a list": lambda stack: Fn.select(
        0, CfnParameter(stack, "Later", type="CommaDelimitedList").value_as_list
    ),
    "ssm parameter": lambda stack: ssm.StringParameter.value_for_string_parameter(stack, "/builders/name"),
    "lazy": lambda _: Lazy.string(_Later()),
    "import": lambda _: Fn.import_value("name"),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_name_and_a_version_may_be_known_later(kind: str) -> None:
    """With every option that has the name somewhere, alarms and grants included."""
    stack = known_stack()
    value = TEXTS[kind](stack)
    builder = any_builder(
        stack,
        image_builder_name=value,
        appstream_agent_version=value,
        triggers={"any": value},
        on_delete=OnDelete.STOP,
        stop_after=Duration.hours(8),
    )
    builder.add_running_past_alarm(Duration.hours(1))
    builder.grant_stop(iam.User(stack, "User"))
    builder.provider.metric_failed_starts(image_builder_name=value, label=value)

    properties = only(template(stack), TYPE)["Properties"]
    assert [stack.resolve(value)] * 3 == [
        properties["Name"],
        properties["AppstreamAgentVersion"],
        properties["Triggers"]["any"],
    ]


@pytest.mark.parametrize(
    ("option", "key", "attribute", "unit", "value", "seconds"),
    [
        ("timeout", "TimeoutSeconds", "timeout", "minutes", "15", 900),
        ("timeout", "TimeoutSeconds", "timeout", "seconds", "90", 90),
        ("poll_interval", "PollIntervalSeconds", "poll_interval", "seconds", "5", 5),
        ("poll_interval", "PollIntervalSeconds", "poll_interval", "millis", "5000", 5),
        ("stop_after", "StopAfterSeconds", "", "hours", "8", 28800),
        ("stop_after", "StopAfterSeconds", "", "days", "2", 172800),
    ],
)
def test_a_duration_may_be_known_later(
    option: str, key: str, attribute: str, unit: str, value: str, seconds: int
) -> None:
    """CloudFormation does not calculate: the number goes to the function with its unit."""
    stack = any_stack()
    number = CfnParameter(stack, "Later", type="Number").value_as_number
    any_builder(stack, **{option: getattr(Duration, unit)(number)})
    properties = only(template(stack), TYPE)["Properties"]
    assert {"Fn::Join": ["", [{"Ref": "Later"}, f" {unit}"]]} == properties[key]

    sent = {**properties, key: f"{value} {unit}", "SchedulerRoleArn": "arn:aws:iam::123456789012:role/any"}
    request = parse({"RequestType": "Create", "ResourceProperties": sent})
    assert seconds == (getattr(request, attribute) if attribute else request.schedule and request.schedule.after)


def test_a_timeout_token_leaves_the_service_timeout_at_an_hour() -> None:
    """Which a sum of CloudFormation would have to lower."""
    stack = any_stack()
    any_builder(stack, timeout=Duration.minutes(CfnParameter(stack, "Later", type="Number").value_as_number))
    assert "3600" == str(only(template(stack), TYPE)["Properties"]["ServiceTimeout"])


def vpc_looked_up(stack: Stack) -> dict[str, Any]:
    """Return the options of a provider in a VPC that is looked up."""
    return {
        "vpc": ec2.Vpc.from_lookup(stack, "Vpc", vpc_id="vpc-00000001"),
        "security_groups": [ec2.SecurityGroup.from_lookup_by_id(stack, "Group", "sg-00000001")],
    }


def vpc_of_tokens(stack: Stack) -> dict[str, Any]:
    """Return the options of a provider in a VPC that another stack has exported."""
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id=Fn.import_value("vpc"),
        availability_zones=["us-east-1a"],
        private_subnet_ids=[Fn.import_value("subnet")],
        private_subnet_route_table_ids=[Fn.import_value("table")],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", Fn.import_value("group"))
    return {"vpc": vpc, "security_groups": [group]}


OPTIONS: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "memory_size": lambda stack: {"memory_size": CfnParameter(stack, "Later", type="Number").value_as_number},
    "memory_size by lazy": lambda _: {"memory_size": Token.as_number({"Ref": "AWS::NoValue"})},
    "description": lambda stack: {"description": CfnParameter(stack, "Later").value_as_string},
    "description by lazy": lambda _: {"description": Lazy.string(_Later())},
    "runtime": lambda stack: {
        "runtime": lambda_.Runtime(CfnParameter(stack, "Later").value_as_string, lambda_.RuntimeFamily.PYTHON)
    },
    "vpc looked up": vpc_looked_up,
    "vpc of tokens": vpc_of_tokens,
    "role looked up": lambda stack: {"role": iam.Role.from_lookup(stack, "Role", role_name="ours")},
    "role of a token": lambda stack: {
        "role": iam.Role.from_role_arn(stack, "Role", CfnParameter(stack, "Later").value_as_string)
    },
    "log_group of a token": lambda stack: {
        "log_group": logs.LogGroup.from_log_group_name(stack, "Log", CfnParameter(stack, "Later").value_as_string)
    },
    "key looked up": lambda stack: {
        "environment_encryption": kms.Key.from_lookup(stack, "Key", alias_name="alias/ours")
    },
    "key of a token": lambda stack: {
        "environment_encryption": kms.Key.from_key_arn(stack, "Key", CfnParameter(stack, "Later").value_as_string)
    },
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_providers_options_may_be_known_later(kind: str) -> None:
    """As far as CDK's own Function takes them."""
    stack = known_stack()
    provider = RunningImageBuilderProvider(stack, "Provider", **OPTIONS[kind](stack))
    any_builder(stack, provider=provider, on_delete=OnDelete.STOP, stop_after=Duration.hours(8))
    assert FUNCTION == only(template(stack), FUNCTION)["Type"]


def test_a_schedulers_role_may_be_known_later() -> None:
    """Its ARN is a parameter's."""
    stack = known_stack()
    role = iam.Role.from_role_arn(stack, "Role", arn := CfnParameter(stack, "Later").value_as_string)
    any_builder(stack, stop_after=Duration.hours(8), scheduler_role=role)
    assert stack.resolve(arn) == only(template(stack), TYPE)["Properties"]["SchedulerRoleArn"]


def test_an_action_may_be_known_later() -> None:
    """A grant takes what IAM will check."""
    stack = known_stack()
    action = CfnParameter(stack, "Later").value_as_string
    assert any_builder(stack).grant(iam.User(stack, "User"), action).success
