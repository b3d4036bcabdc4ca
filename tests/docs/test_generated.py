"""The generated parts of the documentation match the code; `make docs` writes them again."""

import os
import re
import sys

from support.paths import PROJECT_DIR
from support.processes import run_to_end


def test_nothing_is_stale() -> None:
    """Tables in the pages."""
    ran = run_to_end(
        [sys.executable, PROJECT_DIR / "tools" / "docs_blocks.py", "--check"],
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR / "tests")},
    )
    # Not the whole of stderr: with an old Node on PATH, jsii writes its banner there.
    assert 0 == ran.returncode, ran.stderr


def test_what_is_internal_is_not_in_the_reference() -> None:
    """The reference has only public names."""
    page = (PROJECT_DIR / "docs" / "reference.md").read_text(encoding="utf-8")
    internal = r"\bserve\(|\bmeasurement\(|told_name|image_builder_image_builder|`_\w+"
    assert [] == re.findall(internal, page)


def test_the_reference_warns_of_exporting_what_can_change() -> None:
    """And names both remedies: a parameter and a weak reference."""
    page = (PROJECT_DIR / "docs" / "reference.md").read_text(encoding="utf-8")
    section = page.partition("## Attributes")[2].partition("\n## ")[0]
    assert all(word in section for word in ("Don't export", "ssm.StringParameter", "defaultCrossStackReferences"))
