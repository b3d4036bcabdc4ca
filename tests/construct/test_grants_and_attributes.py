"""What the construct gives to others: grants, attributes, and RUNNING as something to wait for."""

import re
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_appstream as appstream
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder import RunningImageBuilder
from running_image_builder_function import contract
from synth.stacks import NAME, TYPE, Json, any_builder, any_stack, builder_arn, of_type, only, template, template_with


def any_user(stack: Stack) -> iam.User:
    """Return somebody to grant something to."""
    return iam.User(stack, "User")


def granted_by(name: str, *arguments: str) -> tuple[iam.Grant, list[Json], Json]:
    """Return a method's grant, the statements that a user has by it, and the template."""
    stack = any_stack()
    grant = getattr(any_builder(stack), name)(any_user(stack), *arguments)
    found = template(stack)
    (policy,) = [each for key, each in of_type(found, "AWS::IAM::Policy").items() if key.startswith("User")]
    return grant, policy["Properties"]["PolicyDocument"]["Statement"], found


@pytest.mark.parametrize(
    ("name", "arguments", "actions", "resource"),
    [
        ("grant_stop", [], "appstream:StopImageBuilder", builder_arn(NAME)),
        ("grant_describe", [], "appstream:DescribeImageBuilders", "*"),
        ("grant_create_streaming_url", [], "appstream:CreateImageBuilderStreamingURL", builder_arn(NAME)),
        ("grant", ["appstream:A", "appstream:B"], ["appstream:A", "appstream:B"], builder_arn(NAME)),
    ],
)
def test_a_grant_gives_exactly_what_it_says(name: str, arguments: list[str], actions: Any, resource: Any) -> None:
    """The grantee may do that on this builder and nothing else; the method returns CDK's own Grant."""
    grant, statements, _ = granted_by(name, *arguments)
    assert isinstance(grant, iam.Grant)
    assert grant.success
    assert [{"Action": actions, "Effect": "Allow", "Resource": resource}] == statements


def test_a_grant_does_not_wait_for_the_builder() -> None:
    """The grantee's policy names the ARN from its parts: a function that needs it early gets it early."""
    _, _, found = granted_by("grant_stop")
    (policy,) = [each for key, each in of_type(found, "AWS::IAM::Policy").items() if key.startswith("User")]
    (resource_id,) = of_type(found, TYPE)
    assert resource_id not in str(policy)


def property_of(attribute: str) -> str:
    """Return the name of the property for an attribute, in Python's spelling of the API's name."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", attribute.replace("IMDSV1", "Imdsv1")).lower()
    # What an attribute's own name begins with is not said twice.
    return f"image_builder_{words.removeprefix('image_builder_')}"


def test_every_attribute_is_a_documented_property() -> None:
    """What the function answers can be had from the construct under the API's name, and nothing else can."""
    expected = {property_of(each) for each in contract.ATTRIBUTES}
    found = {name for name in dir(RunningImageBuilder) if name.startswith("image_builder_")}
    assert expected == found
    assert [] == [name for name in found if not getattr(RunningImageBuilder, name).__doc__]


def test_every_property_is_that_attribute_of_the_resource() -> None:
    """Each is a GetAtt by the API's name; the name itself is the resource's Ref."""
    stack = any_stack()
    builder = any_builder(stack)
    values = {each: stack.resolve(getattr(builder, property_of(each))) for each in contract.ATTRIBUTES}
    (resource_id,) = of_type(template(stack), TYPE)
    assert {"Ref": resource_id} == values.pop("Name")
    assert {each: {"Fn::GetAtt": [resource_id, each]} for each in values} == values


def test_an_image_builder_of_the_app_comes_first() -> None:
    """The resource refers to it by name, so CloudFormation creates it before, and deletes it after."""
    stack = any_stack()
    made = appstream.CfnImageBuilder(stack, "Made", name="made", instance_type="stream.standard.medium")
    RunningImageBuilder(stack, "Builder", image_builder=made)
    found = template(stack)
    assert {"Ref": "Made"} == only(found, TYPE)["Properties"]["Name"]
    policies = str(of_type(found, "AWS::IAM::Policy"))
    assert "':image-builder/', {'Ref': 'Made'}" in policies


def test_an_imported_reference_is_a_name() -> None:
    """A builder that was referred to elsewhere in the app can be given as it is."""
    stack = any_stack()
    reference = appstream.CfnImageBuilder.from_image_builder_name(stack, "Reference", "elsewhere")
    RunningImageBuilder(stack, "Builder", image_builder=reference)
    assert "elsewhere" == only(template(stack), TYPE)["Properties"]["Name"]


@pytest.mark.parametrize(
    ("named", "referred", "got"),
    [(False, False, "neither"), (True, True, "both, with the name 'nb-1'")],
)
def test_name_or_reference_and_not_both(named: bool, referred: bool, got: str) -> None:
    """There is one builder, said in one way."""
    stack = any_stack()
    options: Json = {"image_builder_name": "nb-1"} if named else {}
    if referred:
        options["image_builder"] = appstream.CfnImageBuilder(stack, "Made", name="made", instance_type="any")
    expected = f"specify exactly one of image_builder_name and image_builder (got {got})"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        RunningImageBuilder(stack, "Builder", **options)


def test_triggers_are_one_property_and_reach_nothing_else() -> None:
    """Their change changes the resource, so CloudFormation updates it; no other resource is touched."""
    one, other = (template_with(triggers={"refresh": value})["Resources"] for value in ("1", "2"))
    (resource_id,) = [key for key, each in one.items() if each["Type"] == TYPE]
    assert ({"refresh": "1"}, {"refresh": "2"}) == (
        one[resource_id]["Properties"].pop("Triggers"),
        other[resource_id]["Properties"].pop("Triggers"),
    )
    assert one == other


def test_the_same_triggers_change_nothing() -> None:
    """A deploy without a change stays one."""
    triggers = {"b": "2", "a": "1"}
    assert template_with(triggers=triggers) == template_with(triggers=dict(triggers))
