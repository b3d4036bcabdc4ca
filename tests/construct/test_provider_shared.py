"""One provider for builders of several stacks of an app: one function, and each stack's permissions in that stack."""

import pytest
from aws_cdk import App, Environment, NestedStack, Stack
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from synth.stacks import POLICY, TYPE, Json, any_builder, any_stack, of_type, only, statements, template


@pytest.fixture(scope="module")
def stacks() -> tuple[Stack, Stack]:
    """Return the stack that has the provider and a builder, and a stack with two builders that use it."""
    app = App()
    one, other = Stack(app, "One"), Stack(app, "Other")
    provider = RunningImageBuilderProvider(one, "Provider")
    any_builder(one, provider=provider, image_builder_name="one")
    any_builder(other, "A", provider=provider, image_builder_name="other-a")
    any_builder(other, "B", provider=provider, image_builder_name="other-b", on_delete=OnDelete.STOP)
    return one, other


def test_the_other_stack_has_no_function_of_its_own(stacks: tuple[Stack, Stack]) -> None:
    """It has its builders and their permissions, and uses function and role of the first."""
    found = template(stacks[1])
    assert {TYPE, POLICY} == {each["Type"] for each in found["Resources"].values()}
    assert {"Fn::ImportValue"} == {key for each in of_type(found, TYPE).values() for key in _token(each)}
    assert ["One"] == [each.stack_name for each in stacks[1].dependencies]


def _token(resource: object) -> set[str]:
    assert isinstance(resource, dict)
    return set(resource["Properties"]["ServiceToken"])


def test_each_stacks_permissions_are_in_that_stack(stacks: tuple[Stack, Stack]) -> None:
    """They come and go with the builders, and the provider's stack does not change when another one does."""
    one, other = (str(statements(template(stack))) for stack in stacks)
    assert ("image-builder/one" in one, "image-builder/other" in one) == (True, False)
    assert ("image-builder/one" in other, "other-a" in other, "other-b" in other) == (False, True, True)


def test_the_function_may_look_at_every_stack_it_serves(stacks: tuple[Stack, Stack]) -> None:
    """Each stack allows it for itself, so that no stack's id is written into another."""
    for stack in stacks:
        looking = [
            each for each in statements(template(stack)) if "cloudformation:DescribeStackResource" in each["Action"]
        ]
        assert [{"Ref": "AWS::StackId"}] == [each["Resource"] for each in looking]


def test_stacks_built_alike_have_policies_of_different_names() -> None:
    """Inline policies of one role and one name are one policy, which the delete of one stack takes from the others."""
    app = App()
    provider = RunningImageBuilderProvider(Stack(app, "Provider"), "Provider")
    stacks = [Stack(app, name) for name in ("Left", "Right")]
    for stack in stacks:
        any_builder(stack, provider=provider, on_delete=OnDelete.STOP)
    for stack in stacks:
        policies = of_type(template(stack), POLICY)
        assert 2 == len(policies)
        assert {key: apart(key) for key in policies} == {
            key: each["Properties"]["PolicyName"] for key, each in policies.items()
        }


def apart(name: str) -> Json:
    """Return what IAM's 128 characters leave of a policy's name, with the unique part of its stack's id after it."""
    unique = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    return {"Fn::Join": ["", [f"{name[-91:]}-", unique]]}


@pytest.mark.parametrize("construct_id", ["Provider", "P" * 120])
def test_an_imported_role_has_policies_of_different_names(construct_id: str) -> None:
    """Stacks of other apps and Regions may give policies to it as well."""
    stack = any_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/ours")
    any_builder(stack, provider=RunningImageBuilderProvider(stack, construct_id, role=role), on_delete=OnDelete.STOP)
    policies = of_type(template(stack), POLICY)

    assert 3 == len(policies)
    assert {key: apart(key) for key in policies} == {
        key: each["Properties"]["PolicyName"] for key, each in policies.items()
    }


def test_a_stack_without_builders_is_not_looked_at() -> None:
    """A provider whose own stack has none gives its role no permission for it."""
    app = App()
    one, other = Stack(app, "One"), Stack(app, "Other")
    provider = RunningImageBuilderProvider(one, "Provider")
    any_builder(other, provider=provider)
    assert "DescribeStackResource" not in str(statements(template(one)))
    assert str(statements(template(other))).count("DescribeStackResource") == 1


def test_a_stack_with_several_builders_is_allowed_once() -> None:
    """A second builder asks for nothing that the first one has brought."""
    stack = any_stack()
    provider = RunningImageBuilderProvider(stack, "Provider")
    for name in ("a", "b"):
        any_builder(stack, name, provider=provider, image_builder_name=name)
    assert str(statements(template(stack))).count("DescribeStackResource") == 1


def test_the_resources_wait_for_the_permissions_of_their_stack(stacks: tuple[Stack, Stack]) -> None:
    """No builder is started before the function may start it."""
    found = template(stacks[1])
    for resource in of_type(found, TYPE).values():
        awaited = str([of_type(found, POLICY)[key] for key in resource["DependsOn"]])
        assert f"image-builder/{resource['Properties']['Name']}" in awaited


def test_two_providers_of_one_stack_keep_apart_in_another() -> None:
    """Each provider's permissions in a stack have ids of their own, also where the providers' ids are the same."""
    app = App()
    providers = [RunningImageBuilderProvider(Stack(app, name), "Provider") for name in ("One", "Two")]
    stack = Stack(app, "Stack")
    for number, provider in enumerate(providers):
        any_builder(stack, f"Builder{number}", provider=provider, image_builder_name=f"b-{number}")
    assert 2 == len(of_type(template(stack), POLICY))


def test_a_nested_stack_can_use_the_provider_of_its_parent() -> None:
    """A nested stack is another stack of the app."""
    stack = any_stack()
    nested = NestedStack(stack, "Nested")
    any_builder(nested, provider=RunningImageBuilderProvider(stack, "Provider"))
    found = template(nested)
    assert {"Ref"} == _token(only(found, TYPE))
    assert {TYPE, POLICY} == {each["Type"] for each in found["Resources"].values()}


@pytest.mark.parametrize(
    ("account", "region", "message"),
    [
        ("123456789012", "us-west-2", "the provider's region is 'us-east-1', the builder's is 'us-west-2'"),
        ("999999999999", "us-east-1", "the provider's account is '123456789012', the builder's is '999999999999'"),
    ],
)
def test_another_account_or_region_needs_a_provider_of_its_own(account: str, region: str, message: str) -> None:
    """CloudFormation invokes functions of its own account and Region only, and the builder is there as well."""
    app = App()
    one = Stack(app, "One", env=Environment(account="123456789012", region="us-east-1"))
    other = Stack(app, "Other", env=Environment(account=account, region=region))
    provider = RunningImageBuilderProvider(one, "Provider")
    with pytest.raises(ValueError, match=f"^{message}: use one provider for each (account|region)$"):
        any_builder(other, provider=provider)


def test_what_the_provider_is_granted_goes_to_its_role() -> None:
    """``grant_principal`` makes the provider a grantee like any other."""
    provider = RunningImageBuilderProvider(any_stack(), "Provider")
    assert provider.role.grant_principal.assume_role_action == provider.grant_principal.assume_role_action
    assert provider.function.grant_principal.policy_fragment.principal_json == (
        provider.grant_principal.policy_fragment.principal_json
    )
