"""Two constructs about one image builder draw a warning at synth that names both, and says what a delete does."""

from aws_cdk import Annotations, App, CfnParameter, Environment, NestedStack, Stack
from aws_cdk import aws_appstream as appstream

from cdk_appstream_image_builder import RunningImageBuilder
from cdk_appstream_image_builder.duplicate_builders import WARNING
from synth.stacks import ACCOUNT, any_builder, any_stack, warnings

SAID = "both name the image builder"
REMEDY = "keep one of them, or acknowledge this warning"


def test_in_one_stack_a_delete_leaves_the_builder_to_the_other() -> None:
    """The function asks its stack."""
    stack = any_stack()
    any_builder(stack, "A"), any_builder(stack, "B")
    effect = "deleting one leaves the builder to the other, whatever its on_delete is"
    assert [f"Stack/A and Stack/B both name the image builder 'nb-1': {effect}; {REMEDY}"] == warnings(stack, SAID)


def test_across_stacks_a_delete_goes_by_its_own_option() -> None:
    """The function cannot know of another stack's resource; a nested stack is another one."""
    app = App()
    one, other = Stack(app, "One"), Stack(app, "Other")
    any_builder(one), any_builder(other)
    assert [] == warnings(one, SAID)
    effect = "deleting one applies its own on_delete, although the other needs the builder"
    assert [f"One/Builder and Other/Builder both name the image builder 'nb-1': {effect}; {REMEDY}"] == warnings(
        other, SAID
    )

    stack = any_stack()
    any_builder(stack)
    nested = any_builder(NestedStack(stack, "Nested"))
    assert [effect in str(each.data) for each in nested.node.metadata] == [True]


def test_it_can_be_acknowledged() -> None:
    """By its id."""
    stack = any_stack()
    any_builder(stack, "A")
    Annotations.of(any_builder(stack, "B")).acknowledge_warning(WARNING, "the same on purpose")
    assert [] == warnings(stack, SAID)


def test_a_builder_of_the_app_has_its_name_too() -> None:
    """A reference hides it."""
    stack = any_stack()
    own = appstream.CfnImageBuilder(stack, "Own", name="nb-1", instance_type="stream.standard.medium")
    RunningImageBuilder(stack, "A", image_builder=own)
    any_builder(stack, "B")
    assert 1 == len(warnings(stack, SAID))


def test_a_reference_to_a_builder_of_the_app_has_its_name_too() -> None:
    """In its own stack and in others, against the name itself and against another reference."""
    app = App()
    one, other = Stack(app, "One"), Stack(app, "Other")
    own = appstream.CfnImageBuilder(one, "Own", name="nb-1", instance_type="stream.standard.medium")
    any_builder(one, "A", image_builder_name=own.ref)
    any_builder(other, "B", image_builder_name=own.ref), any_builder(other, "C", image_builder_name="nb-1")
    any_builder(other, "D", image_builder_name=own.attr_streaming_url)
    any_builder(other, "E", image_builder_name=f"{own.ref}-2")
    said = [text.partition(":")[0] for text in warnings(other, SAID)]
    assert [
        "One/A and Other/B both name the image builder 'nb-1'",
        "Other/B and Other/C both name the image builder 'nb-1'",
    ] == said


def test_one_parameter_is_one_builder() -> None:
    """A token is the same within a stack."""
    stack = any_stack()
    name = CfnParameter(stack, "Name").value_as_string
    any_builder(stack, "A", image_builder_name=name), any_builder(stack, "B", image_builder_name=name)
    assert 1 == len(warnings(stack, SAID))


def test_other_builders_draw_none() -> None:
    """Of another name, account, Region or app, or a parameter of the same name in another stack."""
    app = App()
    stacks = [
        Stack(app, "One", env=Environment(account=ACCOUNT, region="us-east-1")),
        Stack(app, "Other", env=Environment(account=ACCOUNT, region="us-west-2")),
        Stack(app, "Third", env=Environment(account="999999999999", region="us-east-1")),
        any_stack(),
    ]
    for stack in stacks:
        any_builder(stack)
        any_builder(stack, "Second", image_builder_name="nb-2")
        name = CfnParameter(stack, "Name").value_as_string
        any_builder(stack, "Third", image_builder_name=name)
    assert [[]] * 4 == [warnings(stack, SAID) for stack in stacks]


def test_two_versions_of_a_stack_are_one() -> None:
    """Two stacks of one name in one app, of which one at a time is deployed."""
    app = App()
    stacks = [Stack(app, name, stack_name="ours") for name in ("Before", "After")]
    for stack in stacks:
        any_builder(stack)
    assert [[], []] == [warnings(stack, SAID) for stack in stacks]
