"""The table of permissions in docs/security.md against what the construct can make: action, resource, and when."""

import json
import re
from collections.abc import Set

import pytest
from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_

from cdk_appstream_image_builder import OnDelete, RunningImageBuilderProvider
from support.paths import PROJECT_DIR
from synth.stacks import Json, any_builder, any_stack, every_option, listed, statements, template

RESTART = {"appstream_agent_version": "LATEST", "restart_to_update_agent": True}
STOP = {"on_delete": OnDelete.STOP}

RESOURCES = {
    r'"\*"': "`*`",
    r":image-builder/nb-1": "the builder's ARN",
    r":image-builder/\*": "every builder with the tag",
    r'"AWS::StackId"': "each stack with a builder",
    r":stack/\*": "every stack",
    r":schedule/default/Stack-": "the builder's schedule",
    r":schedule/default/running-image-builder-\*": "schedules `running-image-builder-*`",
    r":role/running-image-builder/\*": "roles of the path `/running-image-builder/`",
    r"SchedulerRole": "the scheduler's role",
    r'"Fn::GetAtt": \["RunningImageBuilderProviderLogGroup': "its log group",
    r'"Fn::GetAtt": \["RunningImageBuilderProviderFunction': "the function itself",
}
"""What the table calls a resource, by what the template has for it."""

WHEN = {
    frozenset({"tag"}): "`builders_by_tag`",
    frozenset({"stop", "restart", "stop and restart", "everything"}): (
        "`on_delete=STOP`, or `restart_to_update_agent` with a version"
    ),
    frozenset({"ends", "everything"}): "`stop_after`",
    frozenset({"vpc", "everything"}): "`vpc`",
    frozenset({"tracing", "everything"}): "`tracing`",
}
"""What the table says, by the sets of options that make a permission; "always" where all of them do."""


def made(options: Json, *, vpc: bool = False, tracing: bool = False, tag: bool = False) -> set[tuple[str, str]]:
    """Return each action and the table's word for its resource."""
    stack = any_stack()
    provider = RunningImageBuilderProvider(
        stack,
        "Provider",
        vpc=ec2.Vpc(stack, "Vpc") if vpc else None,
        tracing=lambda_.Tracing.ACTIVE if tracing else None,
        builders_by_tag={"team": "cad"} if tag else None,
    )
    any_builder(stack, provider=provider, **options)
    found = set()
    for statement in statements(template(stack)):
        for resource in listed(statement["Resource"]):
            text = json.dumps(resource)
            (word,) = {word for pattern, word in RESOURCES.items() if re.search(pattern, text)}
            found |= {(action, word) for action in listed(statement["Action"])}
    return found


@pytest.fixture(scope="module")
def permissions() -> set[tuple[str, str, str]]:
    """Return each action, its resource, and when it is granted, over all sets of options that may change that."""
    sets = {
        "default": made({}),
        "stop": made(STOP),
        "restart": made(RESTART),
        "stop and restart": made({**STOP, **RESTART}),
        "version without restart": made({"appstream_agent_version": "LATEST"}),
        "restart without version": made({"restart_to_update_agent": True}),
        "vpc": made({}, vpc=True),
        "tracing": made({}, tracing=True),
        "ends": made({"stop_after": Duration.hours(8)}),
        "everything": made(every_option(), vpc=True, tracing=True),
        "tag": made({}, tag=True),
    }
    named = sets.keys() - {"tag"}
    return {
        (action, resource, when(granting, named, sets.keys()))
        for action, resource in set().union(*sets.values())
        for granting in [frozenset(name for name, found in sets.items() if (action, resource) in found)]
    }


def when(granting: Set[str], named: Set[str], every: Set[str]) -> str:
    """Return the table's words for the sets of options that grant something."""
    if granting == every:
        return "always"
    return "without `builders_by_tag`" if granting == named else WHEN.get(frozenset(granting), str(set(granting)))


def test_the_permissions_are_those_of_the_code(permissions: set[tuple[str, str, str]]) -> None:
    """No permission that the table does not have, on that resource and under that condition, and none less."""
    text = (PROJECT_DIR / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.partition("## Permissions")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:5]] for line in table.splitlines() if line.startswith("| `")]
    documented = [
        (action, resource, when)
        for actions, resource, when, reason in rows
        if reason
        for action in re.findall(r"`([^`]+)`", actions)
    ]
    assert sorted(permissions) == sorted(documented)
