"""From a stack's default provider to a configured one and back: the same function, so the same ServiceToken."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, CfnElement, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder, RunningImageBuilderProvider
from synth.stacks import FUNCTION, TYPE, Json, any_builder, any_stack, imported_vpc, of_type, only, template

OPTIONS: dict[str, Callable[[Stack], Json]] = {
    "nothing": lambda _: {},
    "vpc": lambda stack: {"vpc": imported_vpc(stack)},
    "security_groups": lambda stack: {
        "vpc": imported_vpc(stack),
        "security_groups": [ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-00000001")],
    },
    "role": lambda stack: {
        "role": iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
    },
    "imported role": lambda stack: {
        "role": iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/ours")
    },
    "fixed role": lambda stack: {
        "role": iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/ours", mutable=False)
    },
    "log_group": lambda stack: {"log_group": logs.LogGroup(stack, "Log")},
    "log_retention": lambda _: {"log_retention": logs.RetentionDays.ONE_WEEK},
    "memory_size": lambda _: {"memory_size": 512},
    "architecture": lambda _: {"architecture": lambda_.Architecture.X86_64},
    "runtime": lambda _: {"runtime": lambda_.Runtime.PYTHON_3_12},
    "environment_encryption": lambda stack: {"environment_encryption": kms.Key(stack, "Key")},
    "tracing": lambda _: {"tracing": lambda_.Tracing.ACTIVE},
    "description": lambda _: {"description": "Ours"},
}
"""Each option of a provider, made in a stack."""


def use(stack: Construct, **options: Any) -> RunningImageBuilder:
    """Add a builder with all that makes resources, and the alarm on failed starts."""
    builder = any_builder(stack, on_delete=OnDelete.STOP, stop_after=Duration.hours(8), **options)
    builder.add_running_past_alarm(Duration.hours(10))
    builder.provider.add_failed_starts_alarm()
    return builder


@pytest.fixture(scope="module")
def default() -> Json:
    """Return the template with the default provider."""
    stack = any_stack()
    use(stack)
    return template(stack)


def configured(option: str, construct_id: str = "Anything") -> Json:
    """Return the template with a provider that has an option."""
    stack = any_stack()
    use(stack, provider=RunningImageBuilderProvider(stack, construct_id, **OPTIONS[option](stack)))
    return template(stack)


@pytest.mark.parametrize("option", OPTIONS)
def test_a_configured_provider_is_the_same_function(option: str, default: Json) -> None:
    """CloudFormation refuses an update that changes a ServiceToken, in both directions."""
    found = configured(option)
    assert of_type(default, FUNCTION).keys() == of_type(found, FUNCTION).keys()
    assert only(default, TYPE)["Properties"]["ServiceToken"] == only(found, TYPE)["Properties"]["ServiceToken"]


@pytest.mark.parametrize("option", ["nothing", "vpc", "memory_size", "log_retention", "tracing"])
def test_role_policies_and_log_group_stay_as_well(option: str, default: Json) -> None:
    """A Delete in the same update keeps its permissions, and the log keeps its lines."""
    types = ("AWS::IAM::", "AWS::Logs::", "AWS::CloudWatch::", "AWS::Events::")
    before, after = (
        {key for key, each in found["Resources"].items() if each["Type"].startswith(types)}
        for found in (default, configured(option))
    )
    assert before == after


@pytest.mark.parametrize("construct_id", ["Anything", "Provider", "a/b", "RunningImageBuilderProvider"])
def test_its_construct_id_does_not_matter(construct_id: str, default: Json) -> None:
    """Nor does the construct that it stands in."""
    assert of_type(default, FUNCTION).keys() == of_type(configured("nothing", construct_id), FUNCTION).keys()
    stack = any_stack()
    use(stack, provider=RunningImageBuilderProvider(Construct(stack, "Team"), construct_id))
    assert of_type(default, FUNCTION).keys() == of_type(template(stack), FUNCTION).keys()


def test_builders_after_it_use_it_without_being_told() -> None:
    """Else a builder of the default provider would get another function as soon as a configured one is added."""
    stack = any_stack()
    provider = RunningImageBuilderProvider(stack, "Anything", memory_size=512)
    assert provider is any_builder(stack).provider is RunningImageBuilderProvider.of_stack(stack)
    assert 512 == only(template(stack), FUNCTION)["Properties"]["MemorySize"]


def test_a_provider_after_the_first_has_a_function_of_its_own(default: Json) -> None:
    """The first one, here the default, keeps its place, whatever is added later."""
    stack = any_stack()
    first = use(stack)
    for name in ("Second", "Third"):
        any_builder(stack, name, image_builder_name=name, provider=RunningImageBuilderProvider(stack, f"{name}Own"))
    found = template(stack)

    assert 3 == len(of_type(found, FUNCTION))
    assert of_type(default, FUNCTION).keys() < of_type(found, FUNCTION).keys()
    assert stack.resolve(first.provider.function.function_arn) == only(default, TYPE)["Properties"]["ServiceToken"]


def test_its_permissions_in_another_stack_stay() -> None:
    """They are named after the place, not after the construct id; only the rule's own permission is made anew."""

    def elsewhere(make: Callable[[Stack], RunningImageBuilderProvider]) -> set[str]:
        app = App()
        home, stack = Stack(app, "Home"), Stack(app, "Other")
        use(stack, provider=make(home))
        found = template(stack)
        return set(found["Resources"]) - set(of_type(found, "AWS::Lambda::Permission"))

    assert elsewhere(RunningImageBuilderProvider.of_stack) == elsewhere(
        lambda home: RunningImageBuilderProvider(home, "Anything")
    )


def test_aspects_and_dependencies_reach_the_resources() -> None:
    """It stands where it was made: only the logical ids are those of the stack's place."""
    stack = any_stack()
    team = Construct(stack, "Team")
    provider = RunningImageBuilderProvider(team, "Provider")
    use(stack)
    iam.PermissionsBoundary.of(team).apply(
        iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", "arn:aws:iam::123456789012:policy/boundary")
    )
    (role,) = [each for key, each in of_type(template(stack), "AWS::IAM::Role").items() if "Scheduler" not in key]
    assert "arn:aws:iam::123456789012:policy/boundary" == role["Properties"]["PermissionsBoundary"]
    assert "Stack/Team/Provider/Function" == provider.function.node.path


class Named(Stack):
    """A stack with a naming scheme of its own."""

    def _allocate_logical_id(self, cfn_element: CfnElement) -> str:
        return "X" + "".join(each for each in cfn_element.node.path.partition("/")[2] if each.isalnum())


def test_a_stack_with_a_naming_scheme_of_its_own_keeps_it() -> None:
    """The ids of the place are made by the stack."""
    functions = []
    for explicit in (False, True):
        stack = Named(App(), "Stack")
        use(stack, **({"provider": RunningImageBuilderProvider(stack, "Anything")} if explicit else {}))
        functions.append(list(of_type(template(stack), FUNCTION)))
    assert [["XRunningImageBuilderProviderFunctionResource"]] * 2 == functions
