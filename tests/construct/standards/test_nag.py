"""cdk-nag's packs over the default template and one with every option: each finding has a reason, or there is none."""

import json
import re
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack, Validations
from aws_cdk import aws_iam as iam
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)

from cdk_appstream_image_builder import RunningImageBuilderProvider
from cdk_appstream_image_builder.iam.function_role import ACKNOWLEDGED, ACKNOWLEDGED_RULES
from support.paths import PROJECT_DIR
from synth.hardened import harden
from synth.stacks import any_builder

PACKS = (AwsSolutionsChecks, ServerlessChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks)

Finding = tuple[str, str]
"""A rule with its pack's name, and the resource's path."""

WITH_ALL = ("NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")

ALWAYS = {
    "LambdaConcurrency": (WITH_ALL[:2], ("Function/Resource",)),
    "LambdaDLQ": (("Serverless", *WITH_ALL[:2]), ("Function/Resource",)),
    "IAMNoInlinePolicy": (
        WITH_ALL,
        ("Role/DefaultPolicy/Resource", "Builders/Resource", "StopOnDelete/<content>/Resource"),
    ),
}
"""What no option changes: the packs that find it, and in which resources of the provider. Why: docs/security.md."""

BY_DEFAULT = {
    **ALWAYS,
    "CloudWatchLogGroupEncrypted": (WITH_ALL, ("LogGroup/Resource",)),
    "LambdaInsideVPC": (WITH_ALL, ("Function/Resource",)),
    "LambdaTracing": (("Serverless",), ("Function/Resource",)),
}
"""What an option of the provider ends: log_group, vpc, tracing."""

WITH_ALARMS = {**ALWAYS, "EventBusDLQ": (("Serverless",), ("RunningMeasurement/Rule/Resource",))}
"""What an alarm on a builder that runs for long adds."""


def expected(listed: dict[str, tuple[tuple[str, ...], tuple[str, ...]]], provider: str) -> list[Finding]:
    """Return each finding of a provider."""
    return sorted(
        (f"{pack}-{rule}", f"{provider}/{resource}")
        for rule, (packs, resources) in listed.items()
        for pack in packs
        for resource in resources
    )


def apart_from_content(path: str) -> str:
    """Return a path without what the names of builders are hashed to."""
    return re.sub("(?<=StopOnDelete/)[0-9A-F]{8}", "<content>", re.sub("(?<=SchedulerRole)[0-9A-F]{8}", "", path))


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """Return what is found, by stack."""
    folder = tmp_path_factory.mktemp("nag")
    app = App(outdir=str(folder))
    any_builder(Stack(app, "Default"))
    harden(Stack(app, "Everything"))
    for name, environment in (("ByTag", None), ("ByTagThere", Environment(account="123456789012", region="us-east-1"))):
        stack = Stack(app, name, env=environment)
        any_builder(stack, provider=RunningImageBuilderProvider(stack, "Provider", builders_by_tag={"team": "cad"}))
    iam.Role(Stack(app, "Wildcard"), "Role", assumed_by=iam.AccountRootPrincipal()).add_to_policy(
        iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])
    )
    Validations.of(app).add_plugins(*(pack(app) for pack in PACKS))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((folder / "validation-report.json").read_text())
    found: dict[str, list[Finding]] = {}
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                stack = construct["constructPath"].partition("/")[0]
                found.setdefault(stack, []).append((violation["ruleName"], construct["constructPath"]))
    return found


def test_every_pack_runs(findings: dict[str, list[Finding]]) -> None:
    """A wildcard that nobody acknowledged is found, so that no finding elsewhere means that there is none."""
    assert ("AwsSolutions-IAM5[Resource::*]", "Wildcard/Role/DefaultPolicy/Resource") in findings["Wildcard"]
    packs = {rule.partition("-")[0] for found in findings.values() for rule, _ in found}
    assert {"AwsSolutions", "Serverless", *WITH_ALL} == packs


def test_the_default_has_the_listed_findings_only(findings: dict[str, list[Finding]]) -> None:
    """A finding more fails this, by rule, pack or resource, and so does one that is gone; AwsSolutions has none."""
    listed = {**BY_DEFAULT, "IAMNoInlinePolicy": (WITH_ALL, ALWAYS["IAMNoInlinePolicy"][1][:2])}
    assert expected(listed, "Default/RunningImageBuilderProvider") == sorted(findings["Default"])


def test_with_every_option_the_unavoidable_ones_remain(findings: dict[str, list[Finding]]) -> None:
    """An encrypted log group, a VPC and tracing end what is found by default."""
    found = [(rule, apart_from_content(path)) for rule, path in findings["Everything"]]
    scheduled = expected({"IAMNoInlinePolicy": (WITH_ALL, ("SchedulerRole/Resource",))}, "Everything/Builder")
    assert sorted([*scheduled, *expected(WITH_ALARMS, "Everything/Provider")]) == sorted(found)


@pytest.mark.parametrize("stack", ["ByTag", "ByTagThere"])
def test_with_builders_by_tag_the_patterns_are_acknowledged(findings: dict[str, list[Finding]], stack: str) -> None:
    """Only then, and by the pattern: no finding more than by default, in any environment."""
    listed = {**BY_DEFAULT, "IAMNoInlinePolicy": (WITH_ALL, ALWAYS["IAMNoInlinePolicy"][1][:2])}
    assert expected(listed, f"{stack}/Provider") == sorted(findings[stack])


def test_without_builders_by_tag_no_pattern_is_acknowledged() -> None:
    """A pattern that somebody adds to the role is then found."""
    stack = Stack(App(), "Stack")
    role = any_builder(stack).provider.role
    said = [
        each.data for each in role.node.find_child("DefaultPolicy").node.metadata if each.type == ACKNOWLEDGED_RULES
    ]
    assert [ACKNOWLEDGED] == said


def test_what_the_construct_acknowledges_is_where_cdk_looks() -> None:
    """The metadata's name is CDK's own constant, which the oldest supported CDK does not have."""
    assert Validations.ACKNOWLEDGED_RULES_METADATA_KEY == ACKNOWLEDGED_RULES


def test_each_finding_has_its_reason_in_the_documentation() -> None:
    """docs/security.md lists exactly these rules, and the one that the construct acknowledges."""
    text = Path(PROJECT_DIR / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.partition("## Findings")[2].partition("\n## ")[0]
    rows = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert BY_DEFAULT.keys() | WITH_ALARMS.keys() | ACKNOWLEDGED.keys() == rows
