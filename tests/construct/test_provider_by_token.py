"""One function for builders of other apps: the token, what is known of it, and the permissions by tag."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Duration, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm

from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from synth.stacks import (
    TYPE,
    Json,
    any_builder,
    any_stack,
    known_stack,
    of_type,
    only,
    scheduler_roles,
    statements,
    template,
)

TOKEN = "arn:aws:lambda:eu-central-1:123456789012:function:platform"
TAGS = {"team": "cad"}

PROVIDER_BY = RunningImageBuilderProvider.from_service_token


def from_parameter(stack: Stack) -> str:
    """Return the token as CloudFormation reads it at each deploy."""
    return ssm.StringParameter.value_for_string_parameter(stack, "/platform/token")


def by_tag(**options: Any) -> Json:
    """Return the template of a provider whose builders are told by a tag."""
    stack = any_stack()
    RunningImageBuilderProvider(stack, "Provider", builders_by_tag=TAGS, **options)
    return template(stack)


TOKENS: dict[str, Callable[[Stack], str]] = {
    "arn": lambda _: TOKEN,
    "parameter": from_parameter,
    "dynamic reference": lambda _: "{{resolve:ssm:/platform/token}}",
    "lookup": lambda stack: ssm.StringParameter.value_from_lookup(stack, "/platform/token"),
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_builder_of_another_app_needs_its_resource_alone(kind: str) -> None:
    """No function, no role and no policy: the token is what CloudFormation invokes."""
    stack = known_stack("eu-central-1")
    token = TOKENS[kind](stack)
    provider = PROVIDER_BY(stack, "Platform", token)
    any_builder(stack, provider=provider, on_delete=OnDelete.STOP)
    found = template(stack)
    assert [TYPE] == [each["Type"] for each in found["Resources"].values()]
    assert stack.resolve(token) == only(found, TYPE)["Properties"]["ServiceToken"]
    assert token == provider.service_token


@pytest.mark.parametrize("kind", ["arn", "parameter", "lookup"])
def test_metrics_and_alarms_work_by_the_functions_name(kind: str) -> None:
    """The rule that measures is allowed to invoke the function, from this app."""
    stack = known_stack("eu-central-1")
    provider = PROVIDER_BY(stack, "Platform", TOKENS[kind](stack))
    builder = any_builder(stack, provider=provider)
    provider.add_failed_starts_alarm()
    builder.add_running_past_alarm(Duration.hours(2))
    found = template(stack)

    names = [each["Properties"]["Dimensions"][0] for each in of_type(found, "AWS::CloudWatch::Alarm").values()]
    assert ["FunctionName"] * 2 == [name["Name"] for name in names]
    if kind == "arn":
        assert ["platform"] * 2 == [name["Value"] for name in names]
    target = only(found, "AWS::Events::Rule")["Properties"]["Targets"][0]["Arn"]
    permission = only(found, "AWS::Lambda::Permission")["Properties"]
    assert (target, "events.amazonaws.com") == (permission["FunctionName"], permission["Principal"])


@pytest.mark.parametrize(
    ("what", "remedy"),
    [
        ("function", "use lambda_.Function.from_function_arn with its service_token"),
        ("role", "specify role in from_service_token"),
        ("grant_principal", "specify role in from_service_token"),
        ("log_group", "use logs.LogGroup.from_log_group_name with its name from the provider's app"),
    ],
)
def test_what_only_the_other_app_has_names_the_remedy(what: str, remedy: str) -> None:
    """Nothing is made up."""
    provider = PROVIDER_BY(any_stack(), "Platform", TOKEN)
    known = "role" if what == "grant_principal" else what
    expected = f"^Stack/Platform is another app's provider, whose {known} is not known here: {remedy}$"
    with pytest.raises(ValueError, match=expected):
        getattr(provider, what)


def test_a_dynamic_reference_has_no_name_for_metrics() -> None:
    """CloudFormation puts the value in later than it takes texts apart."""
    provider = PROVIDER_BY(any_stack(), "Platform", TOKENS["dynamic reference"](any_stack()))
    with pytest.raises(ValueError, match=r"name is not known here: use ssm\.StringParameter\.value_for_string"):
        provider.metric_failed_starts()


@pytest.mark.parametrize(
    ("token", "error", "message"),
    [
        (7, TypeError, "token is 7: specify the provider's service_token"),
        ("platform", ValueError, "token is 'platform': specify the ARN of the provider's function"),
        (f"{TOKEN}:live", ValueError, "specify the ARN of the provider's function, without a version or an alias"),
        (
            TOKEN.replace("eu-central-1", "eu-west-1"),
            ValueError,
            "region is 'eu-west-1', the builder's is 'eu-central-1'",
        ),
        (TOKEN.replace("123456789012", "210987654321"), ValueError, "the provider's account is '210987654321'"),
    ],
)
def test_a_token_that_can_be_none_is_refused(token: Any, error: type[Exception], message: str) -> None:
    """With the value and the remedy."""
    with pytest.raises(error, match=message):
        PROVIDER_BY(known_stack("eu-central-1"), "Platform", token)


def test_a_builder_in_a_stack_elsewhere_is_refused() -> None:
    """A stack of another Region of the same app cannot use it either."""
    app = App()
    provider = PROVIDER_BY(Stack(app, "One"), "Platform", TOKEN)
    other = Stack(app, "Other", env=Environment(account="123456789012", region="us-east-1"))
    with pytest.raises(ValueError, match="the provider's region is 'eu-central-1', the builder's is 'us-east-1'"):
        any_builder(other, provider=provider)


def test_a_given_role_gets_the_permissions_of_this_app() -> None:
    """By name, in this app's stack, and the resource waits for them."""
    stack = any_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/platform")
    provider = PROVIDER_BY(stack, "Platform", TOKEN, role=role)
    any_builder(stack, provider=provider)
    found = template(stack)
    allowed = {json.dumps(each["Action"]): json.dumps(each["Resource"]) for each in statements(found)}
    assert ":image-builder/nb-1" in allowed['"appstream:StartImageBuilder"']
    assert only(found, TYPE)["DependsOn"]
    assert role is provider.role


def test_the_token_is_exported_to_a_parameter() -> None:
    """For ``value_for_string_parameter`` in another app."""
    stack = any_stack()
    provider = RunningImageBuilderProvider(stack, "Provider")
    provider.export_service_token("/platform/token")
    found = template(stack)
    (function_id,) = of_type(found, "AWS::Lambda::Function")
    properties = only(found, "AWS::SSM::Parameter")["Properties"]
    assert ("/platform/token", "String", {"Fn::GetAtt": [function_id, "Arn"]}) == (
        properties["Name"],
        properties["Type"],
        properties["Value"],
    )
    assert {"Fn::GetAtt": [function_id, "Arn"]} == stack.resolve(provider.service_token)


@pytest.mark.parametrize("kind", ["parameter", "dynamic reference", "lookup"])
def test_a_parameters_name_may_be_known_later(kind: str) -> None:
    """SSM checks it then."""
    stack = known_stack("eu-central-1")
    RunningImageBuilderProvider(stack, "Provider").export_service_token(TOKENS[kind](stack))
    assert only(template(stack), "AWS::SSM::Parameter")["Properties"]["Name"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (7, TypeError),
        ("", ValueError),
        ("a/b", ValueError),
        ("/a b", ValueError),
        ("/" + "a" * 1011, ValueError),
        ("/aws/token", ValueError),
        ("SSM-token", ValueError),
    ],
)
def test_a_parameters_name_is_checked(name: Any, error: type[Exception]) -> None:
    """With the value and the remedy."""
    with pytest.raises(error, match=r"^parameter_name is .+: .*specify "):
        RunningImageBuilderProvider(any_stack(), "Provider").export_service_token(name)


@pytest.mark.parametrize(
    ("tags", "error", "message"),
    [
        ("team", TypeError, "builders_by_tag is 'team': specify a mapping"),
        ({}, ValueError, "builders_by_tag is {}, which would allow every builder: specify a tag"),
        ({"team": 7}, TypeError, "builders_by_tag has 'team': 7: specify strings, such as 'team': '7'"),
        ({"": "cad"}, ValueError, "builders_by_tag has the tag '': specify 1 to 128"),
        ({"team": "c*"}, ValueError, r"builders_by_tag has 'team': 'c\*': specify up to 256"),
    ],
)
def test_tags_are_checked(tags: Any, error: type[Exception], message: str) -> None:
    """A pattern is no tag: IAM would look for the very text."""
    with pytest.raises(error, match=message):
        RunningImageBuilderProvider(any_stack(), "Provider", builders_by_tag=tags)


def test_a_tag_may_be_known_later() -> None:
    """CDK's tokens, and what is looked up."""
    stack = known_stack("eu-central-1")
    RunningImageBuilderProvider(stack, "Provider", builders_by_tag={"team": from_parameter(stack)})
    assert "aws:ResourceTag/team" in json.dumps(template(stack))


def test_every_tag_must_be_there() -> None:
    """IAM takes the keys of one condition together."""
    stack = any_stack()
    RunningImageBuilderProvider(stack, "Provider", builders_by_tag={"team": "cad", "shared": "yes"})
    (starting,) = [each for each in statements(template(stack)) if each["Sid"] == "StartAndStopByTag"]
    assert {"StringEquals": {"aws:ResourceTag/team": "cad", "aws:ResourceTag/shared": "yes"}} == starting["Condition"]


def test_a_builder_of_its_own_app_is_told_by_the_tag_as_well() -> None:
    """Instead of its name: there is one statement for all, and the resource waits for what the function needs."""
    stack = any_stack()
    provider = RunningImageBuilderProvider(stack, "Provider", builders_by_tag=TAGS)
    any_builder(stack, provider=provider, on_delete=OnDelete.STOP, stop_after=Duration.hours(8))
    found = template(stack)
    assert "image-builder/nb-1" not in str(statements(found))
    waited = [found["Resources"][each]["Properties"] for each in only(found, TYPE)["DependsOn"]]
    assert ["HandOver"] == [each["PolicyDocument"]["Statement"][0]["Sid"] for each in waited]
    default = [each for key, each in of_type(found, "AWS::IAM::Policy").items() if "DefaultPolicy" in key]
    assert "StartAndStopByTag" in str(default)
    (function,) = of_type(found, "AWS::Lambda::Function").values()
    assert any("DefaultPolicy" in each for each in function["DependsOn"])


@pytest.mark.parametrize("shared", ["by token", "by tag"])
def test_a_shared_functions_scheduled_stop_fits_patterns(shared: str) -> None:
    """The schedule by how its name begins, the role by its path: the function may use no other."""
    stack = any_stack()
    provider = (
        PROVIDER_BY(stack, "Platform", TOKEN)
        if shared == "by token"
        else RunningImageBuilderProvider(stack, "Provider", builders_by_tag=TAGS)
    )
    any_builder(stack, "B" * 90, provider=provider, stop_after=Duration.hours(8))
    found = template(stack)
    name = only(found, TYPE)["Properties"]["ScheduleName"]
    assert (True, 64) == (name.startswith("running-image-builder-"), len(name))
    (role,) = scheduler_roles(found["Resources"] and found).values()
    assert "/running-image-builder/" == role["Properties"]["Path"]
    patterns = str(statements(by_tag()))
    assert ":schedule/default/running-image-builder-*" in patterns
    assert ":role/running-image-builder/*" in patterns


def test_a_fixed_role_causes_a_warning_with_the_patterns() -> None:
    """The platform team adds them to it."""
    stack = any_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/ours", mutable=False)
    provider = RunningImageBuilderProvider(stack, "Provider", role=role, builders_by_tag=TAGS)
    any_builder(stack, provider=provider)
    found = template(stack)
    assert {} == of_type(found, "AWS::IAM::Policy")
    said = [each.data for each in provider.node.metadata if each.type == "aws:cdk:warning"]
    assert 1 == sum("aws:ResourceTag/team" in str(text) for text in said)
