"""The function's part of the template: runtime, code, logs, role."""

import pytest
from aws_cdk import Stack

from cdk_appstream_image_builder import RunningImageBuilderProvider
from running_image_builder_function import contract
from synth.stacks import Json, any_builder, any_stack, of_type, only, template

LOG_GROUP = "AWS::Logs::LogGroup"


@pytest.fixture(scope="module")
def function(default: Json) -> Json:
    """Return the properties of its function."""
    return dict(only(default, "AWS::Lambda::Function")["Properties"])


def test_the_runtime_is_the_newest_python(function: Json) -> None:
    """The function runs on the newest Python that this aws-cdk-lib knows for Lambda."""
    assert "python3.14" == function["Runtime"]


def test_the_architecture_is_arm(function: Json) -> None:
    """Pure Python needs no particular processor, so it takes the cheaper one."""
    assert ["arm64"] == function["Architectures"]


def test_one_invocation_may_last_as_long_as_lambda_allows(function: Json) -> None:
    """Most starts end within Lambda's 15 minutes and need no self-invocation."""
    assert 900 == function["Timeout"]


def test_the_handler_is_the_packages_entry_point(function: Json) -> None:
    """Lambda imports the module that wires the function and calls its handler."""
    assert "running_image_builder_function.handler.handler" == function["Handler"]
    assert contract.HANDLER == function["Handler"]


def test_the_function_logs_json_to_its_own_group(default: Json, function: Json) -> None:
    """Log lines are structured, and go to the group that the stack makes."""
    (log_group_id,) = of_type(default, LOG_GROUP)
    assert {"LogFormat": "JSON", "LogGroup": {"Ref": log_group_id}} == function["LoggingConfig"]


def test_logs_are_kept_for_a_month_and_go_with_the_stack(default: Json) -> None:
    """The group has a retention, and a destroyed stack leaves no group behind."""
    log_group = only(default, LOG_GROUP)
    assert {"RetentionInDays": 30} == log_group["Properties"]
    assert "Delete" == log_group["DeletionPolicy"]


def test_nothing_in_the_environment(function: Json) -> None:
    """What the function needs to know comes with each event, so one function serves every builder."""
    assert "Environment" not in function


def test_the_function_says_what_it_is_for(function: Json) -> None:
    """Someone who finds the function in the console learns which resource type it serves."""
    assert function["Description"].startswith(contract.RESOURCE_TYPE)


def test_only_lambda_may_use_the_role(default: Json) -> None:
    """The role trusts the Lambda service and nobody else."""
    document = only(default, "AWS::IAM::Role")["Properties"]["AssumeRolePolicyDocument"]
    assert [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    ] == document["Statement"]


def test_the_policies_come_before_the_function_is_used(default: Json) -> None:
    """The function waits for its role's policy, so that its first call is not denied."""
    (policy_id,) = [key for key in of_type(default, "AWS::IAM::Policy") if "DefaultPolicy" in key]
    assert policy_id in only(default, "AWS::Lambda::Function")["DependsOn"]


def test_every_name_is_left_to_cloudformation(default: Json) -> None:
    """No resource has a name of its own, so two stacks of one account never collide."""
    naming = {"FunctionName", "RoleName", "LogGroupName"}
    assert set() == naming & {key for resource in default["Resources"].values() for key in resource["Properties"]}


def test_the_provider_exposes_what_it_is_made_of() -> None:
    """Function, role and log group are open to the user, for alarms, grants and queries."""
    stack = any_stack()
    provider = any_builder(stack).provider
    found = template(stack)
    for construct, resource_type in (
        (provider.function, "AWS::Lambda::Function"),
        (provider.role, "AWS::IAM::Role"),
        (provider.log_group, LOG_GROUP),
    ):
        (logical_id,) = of_type(found, resource_type)
        assert logical_id == stack.get_logical_id(construct.node.default_child)  # type: ignore[arg-type]


def test_the_stacks_provider_is_made_once() -> None:
    """Asking for the stack's provider before the first builder gives the one that the builder then uses."""
    stack = any_stack()
    provider = RunningImageBuilderProvider.of_stack(stack)
    assert Stack.of(provider) is stack
    assert provider is any_builder(stack).provider
