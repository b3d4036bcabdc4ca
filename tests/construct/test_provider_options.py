"""What an operator can set on the function: each option, and that nothing else changes with it."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from cdk_appstream_image_builder import RunningImageBuilderProvider
from synth.stacks import (
    FUNCTION,
    Json,
    any_builder,
    any_stack,
    imported_vpc,
    of_type,
    only,
    statements,
    template,
    template_with,
)

GROUP = "AWS::EC2::SecurityGroup"
EGRESS, ISOLATED = ["subnet-0000000a"], ["subnet-0000000c"]


def provided(stack: Stack, **options: Any) -> Json:
    """Return the template of a stack whose one builder uses a provider with these options."""
    any_builder(stack, provider=RunningImageBuilderProvider(stack, "Provider", **options))
    return template(stack)


def function_with(**options: Any) -> Json:
    """Return the properties of a function made with these options."""
    return dict(only(provided(any_stack(), **options), FUNCTION)["Properties"])


@pytest.fixture(scope="module")
def plain() -> Json:
    """Return the properties of a function made without options."""
    return function_with()


def test_a_provider_made_explicitly_is_the_default_one(plain: Json) -> None:
    """Without options it is what a stack makes by itself, but for its construct id."""
    default = dict(only(template_with(), FUNCTION)["Properties"])
    references = ("Role", "LoggingConfig")
    assert {key: value for key, value in default.items() if key not in references} == {
        key: value for key, value in plain.items() if key not in references
    }


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("memory_size", 512, {"MemorySize": 512}),
        ("architecture", lambda_.Architecture.X86_64, {"Architectures": ["x86_64"]}),
        ("runtime", lambda_.Runtime.PYTHON_3_12, {"Runtime": "python3.12"}),
        ("runtime", None, {"Runtime": "python3.14"}),
        ("description", "Ours", {"Description": "Ours"}),
        ("tracing", lambda_.Tracing.DISABLED, {}),
        ("tracing", lambda_.Tracing.ACTIVE, {"TracingConfig": {"Mode": "Active"}}),
        ("tracing", lambda_.Tracing.PASS_THROUGH, {"TracingConfig": {"Mode": "PassThrough"}}),
    ],
)
def test_an_option_changes_its_own_property_only(option: str, value: Any, expected: Json, plain: Json) -> None:
    """Each option of the function is one property of it."""
    assert {**plain, **expected} == function_with(**{option: value})


def test_the_default_runtime_is_newer_than_cdks_newest(plain: Json) -> None:
    """Why it is named and not asked from CDK; when this fails, read docs/reference.md about it again."""
    asked = lambda_.Runtime.determine_latest_python_runtime(any_stack())
    assert ("python3.13", "python3.14") == (asked.name, plain["Runtime"])


@pytest.mark.parametrize(
    ("logging_format", "expected"),
    [(None, "JSON"), (lambda_.LoggingFormat.JSON, "JSON"), (lambda_.LoggingFormat.TEXT, "Text")],
)
def test_the_log_is_json_unless_text_is_asked_for(
    logging_format: lambda_.LoggingFormat | None, expected: str, plain: Json
) -> None:
    """Nothing else changes: the log group is the same."""
    function = function_with(logging_format=logging_format)
    logging = function.pop("LoggingConfig")
    assert (expected, plain["LoggingConfig"]["LogGroup"]) == (logging["LogFormat"], logging["LogGroup"])
    assert {key: value for key, value in plain.items() if key != "LoggingConfig"} == function


def test_a_logging_format_is_one_of_cdks_two() -> None:
    """Its words would be taken for nothing."""
    with pytest.raises(TypeError, match=r"^logging_format is 'Text': specify lambda_\.LoggingFormat\.JSON or TEXT"):
        provided(any_stack(), logging_format="Text")


def test_traces_need_two_more_actions() -> None:
    """With tracing the role may send traces; X-Ray has no resources."""
    found = statements(provided(any_stack(), tracing=lambda_.Tracing.ACTIVE))
    (sending,) = [each for each in found if "xray" in str(each)]
    assert (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*") == (sending["Action"], sending["Resource"])


def test_the_environment_is_encrypted_with_the_key_given(plain: Json) -> None:
    """The key is the function's, and the role needs nothing for it: Lambda itself decrypts, by a grant."""
    stack = any_stack()
    found = provided(stack, environment_encryption=kms.Key(stack, "Key"))
    (key_id,) = of_type(found, "AWS::KMS::Key")
    assert {"Fn::GetAtt": [key_id, "Arn"]} == only(found, FUNCTION)["Properties"]["KmsKeyArn"]
    assert "kms:" not in str(statements(found))


def test_a_log_group_given_is_used_instead_of_a_new_one() -> None:
    """No other group is made, and the role may write to exactly that one."""
    stack = any_stack()
    group = logs.LogGroup(stack, "Ours")
    provider = RunningImageBuilderProvider(stack, "Provider", log_group=group)
    any_builder(stack, provider=provider)
    found = template(stack)

    (group_id,) = of_type(found, "AWS::Logs::LogGroup")
    assert provider.log_group.log_group_arn == group.log_group_arn
    assert {"Ref": group_id} == only(found, FUNCTION)["Properties"]["LoggingConfig"]["LogGroup"]
    (writing,) = [each for each in statements(found) if "logs:PutLogEvents" in each["Action"]]
    assert {"Fn::GetAtt": [group_id, "Arn"]} == writing["Resource"]


def test_a_retention_given_is_the_new_log_groups() -> None:
    """The group stays the stack's own and goes with it."""
    group = only(provided(any_stack(), log_retention=logs.RetentionDays.TEN_YEARS), "AWS::Logs::LogGroup")
    assert (3653, "Delete") == (group["Properties"]["RetentionInDays"], group["DeletionPolicy"])


def test_a_log_group_and_a_retention_contradict_each_other() -> None:
    """The retention of a given log group is its owner's."""
    stack = any_stack()
    with pytest.raises(ValueError, match=r"^both log_group and log_retention \(ONE_DAY\) are given: set the retention"):
        provided(stack, log_group=logs.LogGroup(stack, "Ours"), log_retention=logs.RetentionDays.ONE_DAY)


def test_a_vpc_given_is_where_the_function_runs() -> None:
    """It gets the subnets with egress, a security group of its own, and the permission to make its interfaces."""
    stack = any_stack()
    found = provided(stack, vpc=imported_vpc(stack))
    (group_id,) = of_type(found, GROUP)
    assert {
        "SubnetIds": EGRESS,
        "SecurityGroupIds": [{"Fn::GetAtt": [group_id, "GroupId"]}],
    } == only(found, FUNCTION)["Properties"]["VpcConfig"]
    (attaching,) = [each for each in statements(found) if "ec2:CreateNetworkInterface" in each["Action"]]
    assert ("AttachToVpc", "*", 6) == (attaching["Sid"], attaching["Resource"], len(attaching["Action"]))


def test_the_vpc_comes_without_a_managed_policy() -> None:
    """AWS's own policy for it would also let the function write to every log group."""
    stack = any_stack()
    assert "ManagedPolicyArns" not in only(provided(stack, vpc=imported_vpc(stack)), "AWS::IAM::Role")["Properties"]


def test_subnets_and_security_groups_given_are_used() -> None:
    """Then no security group is made."""
    stack = any_stack()
    found = provided(
        stack,
        vpc=imported_vpc(stack),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-00000001")],
    )
    assert {} == of_type(found, GROUP)
    assert {"SubnetIds": ISOLATED, "SecurityGroupIds": ["sg-00000001"]} == only(found, FUNCTION)["Properties"][
        "VpcConfig"
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)},
        {"security_groups": []},
        {"ipv6_allowed_for_dual_stack": True},
    ],
)
def test_subnets_and_security_groups_need_their_vpc(options: Json) -> None:
    """Without a VPC the function would silently run outside of them."""
    with pytest.raises(
        ValueError,
        match=r"^vpc_subnets, security_groups or ipv6_allowed_for_dual_stack is given without a vpc",
    ):
        provided(any_stack(), **options)


def test_without_staging_the_template_points_to_the_file(tmp_path: Path) -> None:
    """``cdk synth --no-staging`` leaves the code where it was made, so that is the assembly, not a temporary folder."""
    app = App(context={"aws:cdk:disable-asset-staging": True}, outdir=str(tmp_path))
    any_builder(Stack(app, "Stack"))
    app.synth()
    files = json.loads((tmp_path / "Stack.assets.json").read_text())["files"].values()
    (code,) = [each["source"]["path"] for each in files if not each["source"]["path"].endswith(".json")]
    # CDK's own way of saying it is a path from the assembly's folder, or an absolute one.
    assert (tmp_path / "running-image-builder-function.zip", True) == (tmp_path / code, (tmp_path / code).is_file())
