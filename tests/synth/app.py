"""Runs an app.py the way the CDK CLI does: a process of its own, the context in its environment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.paths import PROJECT_DIR
from support.processes import run_to_end

_KEPT = ("HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
"""What a process needs to run at all; everything else of the caller's environment stays outside."""


def environment(**more: str) -> dict[str, str]:
    """Return a clean environment in which this Python's own programs, Node among them, are found first."""
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**kept, "PATH": path, **more}


def run(
    context: dict[str, Any], outdir: Path, *, folder: Path = PROJECT_DIR, program: str | Path = "app.py"
) -> subprocess.CompletedProcess[str]:
    """Return what a folder's app.py, or another program there, did with a context: its cdk.json's and this."""
    settings = json.loads((folder / "cdk.json").read_text(encoding="utf-8")).get("context", {})
    return run_to_end(
        [sys.executable, program],
        cwd=folder,
        env=environment(CDK_CONTEXT_JSON=json.dumps({**settings, **context}), CDK_OUTDIR=str(outdir)),
        timeout=120,
    )
