"""The names of scheduled stops, and with them of their roles: which builders share one, and what makes another."""

import re

from aws_cdk import App, CfnParameter, Duration, NestedStack, Stack, Stage
from aws_cdk import aws_appstream as appstream

from cdk_appstream_image_builder import RunningImageBuilder
from synth.stacks import TYPE, any_builder, any_stack, of_type, only, scheduler_roles, template

HOURS = Duration.hours(8)


def identity(stack_name: str, construct_id: str, name: str) -> tuple[str, str, str]:
    """Return the schedule's name, and the logical ids of role and policy, of one builder."""
    stack = Stack(App(), stack_name)
    any_builder(stack, construct_id, image_builder_name=name, stop_after=HOURS)
    made = template(stack)
    (role,), (policy,) = scheduler_roles(made), of_type(made, "AWS::IAM::ManagedPolicy")
    return str(only(made, TYPE)["Properties"]["ScheduleName"]), role, policy


def test_names_differ_by_stack_resource_and_builder_only() -> None:
    """So a rename leaves the old builder its end, and replaces the policy instead of changing it."""
    base = identity("Stack", "Builder", "nb-1")
    assert base == identity("Stack", "Builder", "nb-1")
    others = [
        identity("Other", "Builder", "nb-1"),
        identity("Stack", "Second", "nb-1"),
        identity("Stack", "Builder", "nb-2"),
    ]
    assert 4 == len({base[0], *(each[0] for each in others)})
    assert set(base[1:]).isdisjoint(others[2][1:])


def of_own_builder(name: str) -> tuple[str, str]:
    """Return the schedule's name, and the logical id of the role, for a builder that the stack makes itself."""
    stack = any_stack()
    own = appstream.CfnImageBuilder(stack, "Own", name=name, instance_type="stream.standard.medium")
    RunningImageBuilder(stack, "Builder", image_builder=own, stop_after=HOURS)
    made = template(stack)
    (role,) = scheduler_roles(made)
    assert {"Ref": "Own"} == only(made, TYPE)["Properties"]["Name"]
    return str(only(made, TYPE)["Properties"]["ScheduleName"]), role


def test_renaming_a_builder_of_the_stack_renames_the_schedule() -> None:
    """Though the resource refers to it by its logical id, which stays: the old one must not get the new one's end."""
    assert of_own_builder("nb-1") == of_own_builder("nb-1")
    assert set(of_own_builder("nb-1")).isdisjoint(of_own_builder("nb-2"))


def test_nested_stacks_and_stages_make_names_of_their_own() -> None:
    """The name of a nested stack is not known at synth: what counts is the place in the stack that is deployed."""
    app = App()
    stack, stage = Stack(app, "Stack"), Stage(app, "Stage")
    places = [stack, NestedStack(stack, "One"), NestedStack(stack, "Two"), Stack(stage, "Stack")]
    for place in places:
        any_builder(place, stop_after=HOURS)
    names = {only(template(place), TYPE)["Properties"]["ScheduleName"] for place in places}

    assert 4 == len(names)
    assert all(re.fullmatch(r"(Stage-)?Stack-((One|Two)-)?Builder-[0-9a-f]{16}", name) for name in names)


def test_a_long_path_and_a_token_make_a_valid_name() -> None:
    """At most 64 characters."""
    stack = Stack(App(), "S" * 100)
    any_builder(
        stack, "B u/i:l*d-é-建" * 20, image_builder_name=CfnParameter(stack, "N").value_as_string, stop_after=HOURS
    )
    name = only(template(stack), TYPE)["Properties"]["ScheduleName"]
    assert 64 == len(name)
    assert set(name) <= set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.")
