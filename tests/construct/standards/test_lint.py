"""cfn-lint over the synthesized templates, for every kind of template that the options can make."""

import json

import pytest
from cfnlint.api import lint

from synth import snapshots
from synth.stacks import Json, any_builder, any_stack, every_option, of_type, template

REGIONS = ["us-east-1", "eu-central-1", "us-gov-west-1"]
"""Regions of different sizes that have AppStream."""


def two_builders() -> Json:
    """Return the template of two builders of a stack."""
    stack = any_stack()
    any_builder(stack, "A", image_builder_name="a")
    any_builder(stack, "B", image_builder_name="b", **every_option())
    return template(stack)


TEMPLATES = {**snapshots.TEMPLATES, "two_builders": two_builders}


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_has_nothing_to_say(name: str) -> None:
    """No error and no warning, but for a needless DependsOn that CDK's own Function always writes."""
    found = TEMPLATES[name]()
    matches = lint(json.dumps(found), regions=REGIONS)
    (function_id,) = of_type(found, "AWS::Lambda::Function")
    assert [("W3005", function_id)] == [(match.rule.id, match.path[1]) for match in matches]
