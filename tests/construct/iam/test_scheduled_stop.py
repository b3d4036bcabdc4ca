"""What a scheduled stop adds to a template, with exactly the rights that it needs."""

from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_iam as iam

from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from synth.stacks import TYPE, Json, any_builder, any_stack, of_type, only, scheduler_roles, template, template_with

HOURS = Duration.hours(8)


@pytest.fixture(scope="module")
def found() -> Json:
    """Return the template of a builder that ends after eight hours."""
    return template_with(stop_after=HOURS)


def joined(value: Any) -> str:
    """Return an ARN as text, with its pseudo parameters by name."""
    return "".join(each if isinstance(each, str) else f"<{each['Ref'][5:]}>" for each in value["Fn::Join"][1])


def test_stop_after_adds_a_role_and_a_policy(found: Json) -> None:
    """Two resources more; the schedule itself is the function's to make."""
    assert len(template_with()["Resources"]) + 2 == len(found["Resources"])


def test_the_properties_name_the_schedule_and_its_role(found: Json) -> None:
    """In seconds, and within the scheduler's 64 characters."""
    properties = only(found, TYPE)["Properties"]
    (role,) = scheduler_roles(found)
    assert (28800, {"Fn::GetAtt": [role, "Arn"]}) == (properties["StopAfterSeconds"], properties["SchedulerRoleArn"])
    assert properties["ScheduleName"].startswith("Stack-Builder-")


def test_the_schedule_role_may_stop_this_builder_only(found: Json) -> None:
    """For schedules of this account's default group: the scheduler knows no narrower source than a group."""
    (role,) = scheduler_roles(found).values()
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    (policy,) = role["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    condition = trust["Condition"]["StringEquals"]

    assert {"Service": "scheduler.amazonaws.com"} == trust["Principal"]
    assert {"Ref": "AWS::AccountId"} == condition["aws:SourceAccount"]
    assert "arn:<Partition>:scheduler:<Region>:<AccountId>:schedule-group/default" == joined(condition["aws:SourceArn"])
    assert "appstream:StopImageBuilder" == statement["Action"]
    assert "arn:<Partition>:appstream:<Region>:<AccountId>:image-builder/nb-1" == joined(statement["Resource"])


def test_the_function_may_change_this_schedule_only(found: Json) -> None:
    """The role to the scheduler only; stopping the builder itself is not among it."""
    scheduling, passing = only(found, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]["Statement"]
    name = only(found, TYPE)["Properties"]["ScheduleName"]
    actions = [f"scheduler:{each}Schedule" for each in ("Create", "Delete", "Get", "Update")]
    (role,) = scheduler_roles(found)

    assert actions == scheduling["Action"]
    assert f"arn:<Partition>:scheduler:<Region>:<AccountId>:schedule/default/{name}" == joined(scheduling["Resource"])
    assert ("iam:PassRole", {"Fn::GetAtt": [role, "Arn"]}) == (passing["Action"], passing["Resource"])
    assert {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}} == passing["Condition"]
    assert "StopImageBuilder" not in str(of_type(found, "AWS::IAM::Policy"))


@pytest.mark.parametrize(("on_delete", "kept"), [(OnDelete.LEAVE_RUNNING, "Retain"), (OnDelete.STOP, None)])
def test_the_role_outlives_the_stack_where_the_builder_does(on_delete: OnDelete, kept: str | None) -> None:
    """A schedule whose role is gone would stop nothing."""
    (role,) = scheduler_roles(template_with(stop_after=HOURS, on_delete=on_delete)).values()
    assert (kept, kept) == (role.get("DeletionPolicy"), role.get("UpdateReplacePolicy"))


def test_schedule_permissions_are_in_the_builders_stack() -> None:
    """So they come and go with it, and the provider's stack needs no deploy of its own for them."""
    app = App()
    one, other = Stack(app, "One"), Stack(app, "Other")
    provider = RunningImageBuilderProvider(one, "Provider")
    any_builder(one, provider=provider)
    any_builder(other, provider=provider, stop_after=HOURS)
    made = template(other)

    assert {} == of_type(template(one), "AWS::IAM::ManagedPolicy")
    assert set(only(made, TYPE)["DependsOn"]) > set(of_type(made, "AWS::IAM::ManagedPolicy"))
    assert 1 == len(scheduler_roles(made))


def test_an_imported_role_gets_the_schedule_permissions() -> None:
    """By its name, as everything else."""
    stack = any_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/ours")
    any_builder(stack, provider=RunningImageBuilderProvider(stack, "Provider", role=role), stop_after=HOURS)

    assert ["ours"] == only(template(stack), "AWS::IAM::ManagedPolicy")["Properties"]["Roles"]


def test_many_schedules_fit_into_managed_policies_of_their_own() -> None:
    """Each resource waits for the one that names its schedule."""
    stack = any_stack()
    for number in range(45):
        any_builder(stack, f"Builder{number}", image_builder_name=f"nb-{number}", stop_after=HOURS)
    made = template(stack)
    policies = {key: each for key, each in of_type(made, "AWS::IAM::ManagedPolicy").items() if "Schedules" in key}

    assert 3 == len(policies)
    for resource in of_type(made, TYPE).values():
        awaited = " ".join(str(policies[key]) for key in resource["DependsOn"] if key in policies)
        assert 1 == awaited.count(resource["Properties"]["ScheduleName"])


def test_a_role_that_cannot_be_changed_is_told_the_statements() -> None:
    """As of everything else that it needs."""
    stack = any_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/fixed", mutable=False)
    provider = RunningImageBuilderProvider(stack, "Provider", role=role)
    any_builder(stack, provider=provider, stop_after=HOURS)
    told = " ".join(str(each.data) for each in provider.node.metadata)

    assert "scheduler:CreateSchedule" in told
    assert "iam:PassRole" in told
