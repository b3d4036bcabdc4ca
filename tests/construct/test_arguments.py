"""Every argument of every public callable is checked; a new one fails here until it has its row of wrong values."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider
from synth.stacks import any_builder, any_stack

CONSTRUCT: dict[str, list[Any]] = {"scope": ["Stack", None, App()], "construct_id": [7, "", None]}
NAME: list[Any] = [7, "a b", ""]
METRIC: dict[str, list[Any]] = {
    "image_builder_name": NAME,
    "period": [300, "5m", Duration.seconds(7), Duration.seconds(0)],
    "label": [7, ""],
}
STATISTIC: list[Any] = [7, "", None]

WRONG: dict[str, dict[str, list[Any]]] = {
    "RunningImageBuilder": {
        **CONSTRUCT,
        "image_builder_name": [*NAME, ["nb-1"]],
        "image_builder": ["nb-1", 7, RunningImageBuilder],
        "appstream_agent_version": [7, "", "1" * 101, True],
        "restart_to_update_agent": ["false", "true", 0, 1, None],
        "timeout": [30, "30m", Duration.seconds(59), Duration.hours(1), Duration.millis(60_500)],
        "poll_interval": [2, "2s", Duration.seconds(0), Duration.seconds(61)],
        "on_delete": ["STOP", True, None, OnDelete],
        "stop_after": [8, "8h", Duration.minutes(14), Duration.days(31)],
        "scheduler_role": ["arn:aws:iam::123456789012:role/ours", 7],
        "triggers": ["v1", ["v1"], {"build": 7}, {7: "build"}, {"build": None}],
        "start_on_every_deploy": ["false", 1, None],
        "provider": ["arn:aws:lambda:us-east-1:123456789012:function:ours", 7, RunningImageBuilderProvider],
    },
    "RunningImageBuilder.grant": {
        "grantee": ["arn:aws:iam::123456789012:role/ours", None],
        "actions": [[], [""], ["appstream"], [7], [["appstream:StartImageBuilder"]], ["appstream:Start Builder"]],
    },
    "RunningImageBuilder.grant_stop": {"grantee": ["me", None]},
    "RunningImageBuilder.grant_describe": {"grantee": ["me", None]},
    "RunningImageBuilder.grant_create_streaming_url": {"grantee": ["me", None]},
    "RunningImageBuilder.add_running_past_alarm": {
        "after": [10, "10h", None, Duration.hours(0), Duration.minutes(90), Duration.days(8)]
    },
    "RunningImageBuilderProvider": {
        **CONSTRUCT,
        "vpc": ["vpc-00000001", 7],
        "vpc_subnets": [["subnet-0000000a"], "private"],
        "security_groups": [[], ["sg-00000001"], "sg-00000001", [None]],
        "role": ["arn:aws:iam::123456789012:role/ours", 7],
        "log_group": ["/aws/lambda/ours", 7],
        "log_retention": [30, "30", Duration.days(30)],
        "memory_size": ["256", 127, 10_241, 256.5, True, None],
        "architecture": ["arm64", 7],
        "runtime": ["python3.13", lambda_.Runtime.NODEJS_LATEST, lambda_.Runtime.PYTHON_3_9, 7],
        "environment_encryption": ["alias/ours", 7],
        "tracing": ["Active", True],
        "description": [7, "", "x" * 257],
        "ipv6_allowed_for_dual_stack": ["false", 1, None],
        "logging_format": ["Text", True],
        "builders_by_tag": ["team", {}, {"team": 7}, {7: "cad"}, {"": "cad"}, {"team": "c*"}],
    },
    "RunningImageBuilderProvider.from_service_token": {
        **CONSTRUCT,
        "token": [7, None, "", "platform", "arn:aws:lambda:us-east-1:123456789012:function:platform:live"],
        "role": ["arn:aws:iam::123456789012:role/ours", 7],
    },
    "RunningImageBuilderProvider.export_service_token": {"parameter_name": [7, None, "", "a/b", "/aws/token"]},
    "RunningImageBuilderProvider.of_stack": {"scope": CONSTRUCT["scope"]},
    "RunningImageBuilderProvider.add_failed_starts_alarm": {},
    "RunningImageBuilderProvider.metric": {"metric_name": [7, "", None], "statistic": STATISTIC, **METRIC},
    "RunningImageBuilderProvider.metric_succeeded_starts": METRIC,
    "RunningImageBuilderProvider.metric_failed_starts": METRIC,
    "RunningImageBuilderProvider.metric_start_duration": {"statistic": STATISTIC, **METRIC},
    "RunningImageBuilderProvider.metric_self_invocations": METRIC,
}
"""Wrong values of each argument."""


def public() -> Iterator[tuple[str, Any]]:
    """Yield each public callable by its name."""
    for made in (RunningImageBuilder, RunningImageBuilderProvider):
        yield made.__name__, made.__init__
        for name, member in inspect.getmembers(made, callable):
            ours = str(getattr(member, "__module__", "")).startswith("cdk_appstream_image_builder")
            if ours and not name.startswith("_"):
                yield f"{made.__name__}.{name}", member


def test_every_argument_has_its_row() -> None:
    """Found by the signatures: an argument that nobody checks has none."""
    found = {
        (name, parameter)
        for name, member in public()
        for parameter in inspect.signature(member).parameters
        if parameter != "self"
    }
    assert found == {(name, parameter) for name, rows in WRONG.items() for parameter in rows}
    assert WRONG.keys() == {name for name, _ in public()}


def call(name: str, parameter: str, value: Any) -> None:
    """Call what a name stands for, with one wrong value among right ones."""
    stack = any_stack()
    given = {parameter: value}
    scope = given.pop("scope", stack)
    construct_id = given.pop("construct_id", "Any")
    made, _, method = name.partition(".")
    if method == "of_stack":
        RunningImageBuilderProvider.of_stack(scope)
    elif method == "from_service_token":
        token = given.pop("token", "arn:aws:lambda:us-east-1:123456789012:function:platform")
        RunningImageBuilderProvider.from_service_token(scope, construct_id, token, **given)
    elif method:
        builder = any_builder(stack)
        owner = builder if made == "RunningImageBuilder" else builder.provider
        if method == "grant":
            getattr(owner, method)(given.get("grantee", iam.User(stack, "User")), *given.get("actions", ["a:B"]))
        else:
            if method == "metric":
                given.setdefault("metric_name", "Any")
            getattr(owner, method)(**given)
    elif made == "RunningImageBuilder":
        if parameter != "image_builder":
            given.setdefault("image_builder_name", "nb-1")
        if parameter == "scheduler_role":
            given["stop_after"] = Duration.hours(8)
        RunningImageBuilder(scope, construct_id, **given)
    else:
        if parameter in ("vpc_subnets", "security_groups"):
            given["vpc"] = ec2.Vpc(stack, "Vpc")
        RunningImageBuilderProvider(scope, construct_id, **given)


@pytest.mark.parametrize(
    ("name", "parameter", "number"),
    [
        (name, parameter, number)
        for name, rows in WRONG.items()
        for parameter, values in rows.items()
        for number in range(len(values))
    ],
)
def test_a_wrong_value_is_named_with_its_argument_and_the_remedy(name: str, parameter: str, number: int) -> None:
    """In one line, whatever CDK itself would say of it."""
    value = WRONG[name][parameter][number]
    with pytest.raises((TypeError, ValueError)) as refused:
        call(name, parameter, value)
    message = str(refused.value)
    assert parameter in message
    assert any(shown in message for shown in shown_as(value))
    assert "specify" in message
    assert 1 == len(message.splitlines())


def shown_as(value: Any) -> list[str]:
    """Return how a message may show a value: a member of it, where that is what is wrong."""
    if isinstance(value, Duration):
        return [value.to_human_string(), repr(value)]
    if isinstance(value, lambda_.Runtime):
        return [value.name]
    if isinstance(value, App):
        return ["outside of any stack"]
    if isinstance(value, str) and len(value) > 100:
        return [f"{len(value)} characters long"]
    members = [repr(each) for each in value] if isinstance(value, list | dict) else []
    return [repr(value), "()" if value == [] else repr(value), *members]


def test_right_values_are_taken() -> None:
    """Each at the edge of what is allowed, and a token where there can be one."""
    stack = any_stack()
    any_builder(stack, timeout=Duration.minutes(59), poll_interval=Duration.seconds(60), stop_after=Duration.days(30))
    options: list[dict[str, Any]] = [
        {"memory_size": 128, "description": "x" * 256},
        {"memory_size": 10_240, "log_retention": logs.RetentionDays.INFINITE},
        {"memory_size": CfnParameter(stack, "Memory", type="Number").value_as_number},
        {"vpc": ec2.Vpc(stack, "Vpc"), "vpc_subnets": {"subnet_type": ec2.SubnetType.PRIVATE_WITH_EGRESS}},
        {"runtime": lambda_.Runtime.PYTHON_3_10, "architecture": lambda_.Architecture.X86_64},
        {"runtime": lambda_.Runtime.PYTHON_3_13},
    ]
    for number, each in enumerate(options):
        RunningImageBuilderProvider(stack, f"Provider{number}", **each)
    assert any_builder(Stack(App(), "Other")).grant(iam.User(stack, "User"), "*", "appstream:Start*").success
