"""cdk-nag's packs over the default template and one with every option: each finding has a reason, or there is none."""

import json
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)

from cdk_appstream_image_builder import RunningImageBuilderProvider
from support.paths import PROJECT_DIR
from synth.stacks import any_builder, every_option

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
    _with_everything(Stack(app, "Everything"))
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


def _with_everything(stack: Stack) -> None:
    key = kms.Key.from_key_arn(
        stack, "Key", "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    )
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-00000001",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0000000a"],
        private_subnet_route_table_ids=["rtb-0000000a"],
    )
    provider = RunningImageBuilderProvider(
        stack,
        "Provider",
        vpc=vpc,
        log_group=logs.LogGroup(stack, "Log", encryption_key=key, retention=logs.RetentionDays.ONE_YEAR),
        environment_encryption=key,
        tracing=lambda_.Tracing.ACTIVE,
    )
    any_builder(stack, provider=provider, **every_option())


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
