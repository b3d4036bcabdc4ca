"""How the permissions for many builders fit into IAM's limits, and outlive a rename until its clean-up."""

import json
import re

import pytest
from aws_cdk import CfnParameter
from aws_cdk import aws_appstream as appstream

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder
from synth.stacks import Json, any_builder, any_stack, of_type, template

INLINE_LIMIT = 10_240
"""Characters of all inline policies of a role, without blanks (IAM's quotas)."""

MANAGED_LIMIT = 6_144
"""Characters of one managed policy, without blanks (IAM's quotas)."""

LONGEST = "arn:aws-us-gov:appstream:us-gov-east-1:123456789012"


def with_builders(*names: str, **options: object) -> Json:
    """Return the template of a stack with a builder for each name."""
    stack = any_stack()
    for number, name in enumerate(names):
        any_builder(stack, f"Builder{number}", image_builder_name=name, **options)
    return template(stack)


def deployed_size(policy: Json) -> int:
    """Return the characters of a policy as IAM counts them where ARNs are longest."""
    text = json.dumps(policy["Properties"]["PolicyDocument"], separators=(",", ":"))
    arn = r'\{"Fn::Join":\["",\["arn:",\{"Ref":"AWS::Partition"\},":appstream:",\{"Ref":"AWS::Region"\},":",'
    return len(re.sub(arn + r'\{"Ref":"AWS::AccountId"\},"([^"]*)"\]\]\}', rf'"{LONGEST}\1"', text))


@pytest.fixture(scope="module")
def hundred() -> Json:
    """Return the template of a hundred builders with the longest names, all stopped on delete."""
    return with_builders(*(f"n{number:03}" + "x" * 97 for number in range(100)), on_delete=OnDelete.STOP)


def test_a_hundred_builders_fit_into_iams_limits(hundred: Json) -> None:
    """Inline and managed policies stay within their sizes, while an update holds the stopping ones twice."""
    inline = of_type(hundred, "AWS::IAM::Policy")
    managed = of_type(hundred, "AWS::IAM::ManagedPolicy")
    stopping = [key for key in (*inline, *managed) if "StopOnDelete" in key]

    twice = sum(deployed_size(inline[key]) for key in stopping if key in inline)
    assert sum(map(deployed_size, inline.values())) + twice <= INLINE_LIMIT
    assert max(map(deployed_size, managed.values())) <= MANAGED_LIMIT
    assert len(managed) + len([key for key in stopping if key in managed]) <= 10


def test_a_hundred_builders_share_one_function(hundred: Json) -> None:
    """No builder is lost between the policies, and each resource waits for the policies that name it."""
    assert len(of_type(hundred, "AWS::Lambda::Function")) == 1
    policies = of_type(hundred, "AWS::IAM::Policy") | of_type(hundred, "AWS::IAM::ManagedPolicy")
    for resource in of_type(hundred, "Custom::AppStreamRunningImageBuilder").values():
        name = resource["Properties"]["Name"]
        awaited = " ".join(str(policies[key]) for key in resource["DependsOn"])
        assert awaited.count(f"image-builder/{name}") == 2


def stop_policies(found: Json) -> dict[str, str]:
    """Return the stopping policies: logical id to policy name."""
    policies = of_type(found, "AWS::IAM::Policy")
    return {key: value["Properties"]["PolicyName"] for key, value in policies.items() if "StopOnDelete" in key}


def test_a_rename_replaces_the_policy_that_stops() -> None:
    """Another name is another policy, by logical id and by name, so that the old one lives until the clean-up."""
    before, after = (stop_policies(with_builders(name, on_delete=OnDelete.STOP)) for name in ("old", "new"))

    assert before.keys().isdisjoint(after)
    assert set(before.values()).isdisjoint(after.values())


def test_renaming_a_builder_of_the_stack_replaces_the_policy() -> None:
    """Its ARN in the policy is a reference, which a rename keeps; the old builder's own Delete needs the old ARN."""

    def stopping(name: str) -> dict[str, str]:
        stack = any_stack()
        own = appstream.CfnImageBuilder(stack, "Own", name=name, instance_type="stream.standard.medium")
        RunningImageBuilder(stack, "Builder", image_builder=own, on_delete=OnDelete.STOP)
        return stop_policies(template(stack))

    assert stopping("nb-1") == stopping("nb-1")
    assert set(stopping("nb-1")).isdisjoint(stopping("nb-2"))
    assert set(stopping("nb-1").values()).isdisjoint(stopping("nb-2").values())


def test_the_same_builders_keep_their_policy() -> None:
    """Two synths of the same stack give the same ids, with a token for a name as well."""
    ids = []
    for _ in range(2):
        stack = any_stack()
        any_builder(stack, "A", image_builder_name="a", on_delete=OnDelete.STOP)
        token = CfnParameter(stack, "Name").value_as_string
        any_builder(stack, "B", image_builder_name=token, on_delete=OnDelete.STOP)
        ids.append(stop_policies(template(stack)))

    assert ids[0] == ids[1]
