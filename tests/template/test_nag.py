"""cdk-nag's packs over the default template and one with every option: each finding has a reason, or there is none."""

import json
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)

from support.paths import PROJECT_DIR
from synth.hardened import harden
from synth.stacks import any_builder

PACKS = (AwsSolutionsChecks, ServerlessChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks)

ALWAYS = {"IAMNoInlinePolicy", "LambdaConcurrency", "LambdaDLQ"}
"""What no option changes, and why: docs/security.md."""

BY_DEFAULT = ALWAYS | {"CloudWatchLogGroupEncrypted", "LambdaInsideVPC", "LambdaTracing"}
"""What an option of the provider ends: log_group, vpc, tracing."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the rules that find something, without their packs' names, by stack."""
    folder = tmp_path_factory.mktemp("nag")
    app = App(outdir=str(folder))
    any_builder(Stack(app, "Default"))
    harden(Stack(app, "Everything"))
    Validations.of(app).add_plugins(*(pack(app) for pack in PACKS))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((folder / "validation-report.json").read_text())
    ran = {each["pluginName"] for each in report["pluginReports"]}
    assert {"AwsSolutions", "Serverless", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"} <= ran
    found: dict[str, set[str]] = {"Default": set(), "Everything": set()}
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                found[construct["constructPath"].partition("/")[0]].add(violation["ruleName"].rpartition("-")[2])
    return found


def test_the_default_has_the_listed_findings_only(findings: dict[str, set[str]]) -> None:
    """A new finding fails this, and so does a listed one that is gone; AwsSolutions has none at all."""
    assert sorted(BY_DEFAULT) == sorted(findings["Default"])


def test_with_every_option_the_unavoidable_ones_remain(findings: dict[str, set[str]]) -> None:
    """An encrypted log group, a VPC and tracing end what is found by default."""
    assert sorted(ALWAYS) == sorted(findings["Everything"])


def test_each_finding_has_its_reason_in_the_documentation() -> None:
    """docs/security.md lists exactly these rules, and the one that the construct acknowledges."""
    text = Path(PROJECT_DIR / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.partition("## Findings")[2].partition("\n## ")[0]
    rows = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert BY_DEFAULT | {"AwsSolutions-IAM5[Resource::*]"} == rows
