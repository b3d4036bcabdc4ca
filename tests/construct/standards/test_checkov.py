"""checkov over the default template and a hardened one: each finding has a reason, or there is none."""

import json
import subprocess
from pathlib import Path

import pytest
from aws_cdk import App, Stack

from support.paths import PROJECT_DIR
from synth.hardened import harden
from synth.stacks import Json, any_builder, template

CHECKOV = PROJECT_DIR / ".venv" / "checkov" / "bin" / "checkov"

ALWAYS = {
    "CKV_AWS_115": "Function",  # a concurrency limit of its own
    "CKV_AWS_116": "Function",  # a dead-letter queue
}
"""What no option changes: check to the last part of the resource's type. The reasons: docs/security.md."""

BY_DEFAULT = {**ALWAYS, "CKV_AWS_117": "Function", "CKV_AWS_158": "LogGroup"}  # a VPC, a key for the log

HARDENED = {**ALWAYS, "CKV_AWS_111": "Policy"}  # the ec2 actions that a VPC needs


def findings(found: Json, folder: Path) -> dict[str, str]:
    """Return what checkov finds in a template, without a word to the network."""
    assert CHECKOV.is_file(), "checkov is not installed: run `make test`, or `make setup-dev` once"
    path = folder / "stack.template.json"
    path.write_text(json.dumps(found))
    run = subprocess.run(
        [CHECKOV, "-f", path, "--framework", "cloudformation", "-o", "json", "--skip-download", "--quiet"],
        env={"PATH": f"{CHECKOV.parent}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(run.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 0
    failed = report["results"]["failed_checks"]
    return {each["check_id"]: each["resource"].split(".")[0].rpartition("::")[2] for each in failed}


def test_the_default_has_the_listed_findings_only(tmp_path: Path) -> None:
    """A new finding fails this, and so does a listed one that is gone."""
    stack = Stack(App(), "Stack")
    any_builder(stack)

    assert BY_DEFAULT == findings(template(stack), tmp_path)


def test_a_hardened_stack_has_the_unavoidable_ones_only(tmp_path: Path) -> None:
    """A VPC and an encrypted log group end what is found by default."""
    stack = Stack(App(), "Stack")
    harden(stack)

    assert HARDENED == findings(template(stack), tmp_path)


@pytest.mark.parametrize("check", sorted({*BY_DEFAULT, *HARDENED}))
def test_each_finding_has_its_reason_in_the_documentation(check: str) -> None:
    """docs/security.md names every one of them."""
    assert check in (PROJECT_DIR / "docs" / "security.md").read_text(encoding="utf-8")
