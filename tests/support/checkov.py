"""Runs checkov on a template."""

import json
import subprocess
from pathlib import Path
from typing import Any

from support.paths import PROJECT_DIR

CHECKOV = PROJECT_DIR / ".venv" / "checkov" / "bin" / "checkov"

ALWAYS = {
    "CKV_AWS_115": "Function",  # a concurrency limit of its own
    "CKV_AWS_116": "Function",  # a dead-letter queue
}
"""What no option changes: check to the last part of the resource's type. The reasons: docs/security.md."""

DEFAULT_FINDINGS = {**ALWAYS, "CKV_AWS_117": "Function", "CKV_AWS_158": "LogGroup"}  # a VPC, a key for the log

HARDENED = {**ALWAYS, "CKV_AWS_111": "Policy"}  # the ec2 actions that a VPC needs


def checkov(found: dict[str, Any], folder: Path) -> dict[str, str]:
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
