"""checkov over the default template and a hardened one: each finding has a reason, or there is none."""

from pathlib import Path

import pytest

from support.checkov import DEFAULT_FINDINGS, HARDENED, checkov
from support.paths import PROJECT_DIR
from synth.hardened import harden
from synth.stacks import any_stack, template, template_with


def test_both_have_the_listed_findings_only(tmp_path: Path) -> None:
    """A new finding fails this, and so does a listed one that is gone; a VPC and an encrypted log group end two."""
    hardened = any_stack()
    harden(hardened)

    found = checkov({"default": template_with(), "hardened": template(hardened)}, tmp_path)

    assert {"default": DEFAULT_FINDINGS, "hardened": HARDENED} == found


@pytest.mark.parametrize("check", sorted({*DEFAULT_FINDINGS, *HARDENED}))
def test_each_finding_has_its_reason_in_the_documentation(check: str) -> None:
    """docs/security.md names every one of them."""
    assert check in (PROJECT_DIR / "docs" / "security.md").read_text(encoding="utf-8")
