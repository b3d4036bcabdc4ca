"""checkov over the default template and a hardened one: each finding has a reason, or there is none."""

from pathlib import Path

import pytest
from aws_cdk import App, Stack

from support.checkov import DEFAULT_FINDINGS, HARDENED, checkov
from support.paths import PROJECT_DIR
from synth.hardened import harden
from synth.stacks import any_builder, template


def test_the_default_has_the_listed_findings_only(tmp_path: Path) -> None:
    """A new finding fails this, and so does a listed one that is gone."""
    stack = Stack(App(), "Stack")
    any_builder(stack)

    assert DEFAULT_FINDINGS == checkov(template(stack), tmp_path)


def test_a_hardened_stack_has_the_unavoidable_ones_only(tmp_path: Path) -> None:
    """A VPC and an encrypted log group end what is found by default."""
    stack = Stack(App(), "Stack")
    harden(stack)

    assert HARDENED == checkov(template(stack), tmp_path)


@pytest.mark.parametrize("check", sorted({*DEFAULT_FINDINGS, *HARDENED}))
def test_each_finding_has_its_reason_in_the_documentation(check: str) -> None:
    """docs/security.md names every one of them."""
    assert check in (PROJECT_DIR / "docs" / "security.md").read_text(encoding="utf-8")
