"""What the function's role may do, statement by statement, for each set of options."""

from typing import Any

import pytest

from cdk_appstream_image_builder import OnDelete
from synth.stacks import (
    Json,
    any_builder,
    any_stack,
    builder_arn,
    listed,
    of_type,
    only,
    statements,
    template,
    template_with,
)

START, STOP = "appstream:StartImageBuilder", "appstream:StopImageBuilder"


def allowed(found: Json) -> list[tuple[list[str], Any]]:
    """Return what is allowed: actions and resource of each statement, which must be nothing but that."""
    result = []
    for statement in statements(found):
        assert {"Action", "Effect", "Resource"} == statement.keys() - {"Sid"}
        assert "Allow" == statement["Effect"]
        result.append((listed(statement["Action"]), statement["Resource"]))
    return result


def on_builders(found: Json) -> list[tuple[list[str], Any]]:
    """Return the statements about particular builders."""
    return [(actions, resource) for actions, resource in allowed(found) if START in actions or STOP in actions]


def test_the_default_role_may_do_five_things(default: Json) -> None:
    """Describe builders, write its log, look at its stack, start its builder, invoke itself: nothing else."""
    (function_id,) = of_type(default, "AWS::Lambda::Function")
    (log_group_id,) = of_type(default, "AWS::Logs::LogGroup")
    assert [
        (["appstream:DescribeImageBuilders"], "*"),
        (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [log_group_id, "Arn"]}),
        (
            [f"cloudformation:{each}" for each in ("DescribeStackResource", "DescribeStacks", "ListStackResources")],
            {"Ref": "AWS::StackId"},
        ),
        (["lambda:InvokeFunction"], {"Fn::GetAtt": [function_id, "Arn"]}),
        ([START], builder_arn("nb-1")),
    ] == allowed(default)


def test_the_role_has_no_other_source_of_permissions(default: Json) -> None:
    """No managed policy, no policy inside the role, and both policies are for this role alone."""
    (role_id,) = of_type(default, "AWS::IAM::Role")
    role = only(default, "AWS::IAM::Role")["Properties"]
    assert {"AssumeRolePolicyDocument", "Description"} == role.keys()
    assert [[{"Ref": role_id}]] * 2 == [
        policy["Properties"]["Roles"] for policy in of_type(default, "AWS::IAM::Policy").values()
    ]


def test_nobody_else_may_invoke_the_function(default: Json) -> None:
    """The function has no resource policy: CloudFormation invokes it with the deployer's permissions."""
    assert {} == of_type(default, "AWS::Lambda::Permission")


def test_the_only_wildcard_is_describes_resource() -> None:
    """IAM offers nothing narrower for DescribeImageBuilders; nothing else has a wildcard, whatever the options."""
    found = allowed(template_with(on_delete=OnDelete.STOP, appstream_agent_version="1", restart_to_update_agent=True))
    assert [["appstream:DescribeImageBuilders"]] == [actions for actions, resource in found if "*" in str(resource)]
    assert [] == [action for actions, _ in found for action in actions if "*" in action]


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        ({}, [[START]]),
        ({"appstream_agent_version": "LATEST"}, [[START]]),
        ({"on_delete": OnDelete.LEAVE_RUNNING}, [[START]]),
        ({"restart_to_update_agent": True}, [[START]]),
        ({"on_delete": OnDelete.STOP}, [[START], [STOP]]),
        ({"appstream_agent_version": "LATEST", "restart_to_update_agent": True}, [[START, STOP]]),
        (
            {"appstream_agent_version": "LATEST", "restart_to_update_agent": True, "on_delete": OnDelete.STOP},
            [[START], [STOP]],
        ),
    ],
)
def test_stopping_is_allowed_only_where_an_option_stops(options: Json, actions: list[list[str]]) -> None:
    """Stop comes with on_delete=STOP, or with a restart for a version; both on the builder's own ARN."""
    assert [(each, builder_arn("nb-1")) for each in actions] == on_builders(template_with(**options))


def test_builders_get_their_own_permissions() -> None:
    """In one stack, one builder's option to be stopped gives no right to stop another."""
    stack = any_stack()
    any_builder(stack, "A", image_builder_name="a", on_delete=OnDelete.STOP)
    any_builder(stack, "B", image_builder_name="b")
    assert [([START], [builder_arn("a"), builder_arn("b")]), ([STOP], builder_arn("a"))] == on_builders(template(stack))


def test_a_second_resource_of_the_same_builder_adds_no_statement() -> None:
    """What the role may do already is not said twice."""
    stack = any_stack()
    any_builder(stack, "A"), any_builder(stack, "B")
    assert [([START], builder_arn("nb-1"))] == on_builders(template(stack))


def test_self_invocation_is_in_a_policy_after_the_function(default: Json) -> None:
    """It names the function, so it cannot be in the role's default policy."""
    (self_invocation,) = [
        key
        for key, policy in of_type(default, "AWS::IAM::Policy").items()
        if "lambda:InvokeFunction" in str(policy["Properties"]["PolicyDocument"])
    ]
    (function,) = of_type(default, "AWS::Lambda::Function").values()
    assert self_invocation not in function["DependsOn"]
