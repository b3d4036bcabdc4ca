"""The generated parts of the documentation are what the code says now; `make docs` renews them."""

import os
import subprocess
import sys

import pytest

from support.paths import PROJECT_DIR


@pytest.mark.parametrize("tool", ["docs_blocks.py", "draw_pictures.py"])
def test_nothing_is_stale(tool: str) -> None:
    """Tables in the pages, and the pictures."""
    ran = subprocess.run(
        [sys.executable, PROJECT_DIR / "tools" / tool, "--check"],
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("", 0) == (ran.stderr, ran.returncode)
