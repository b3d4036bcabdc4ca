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


def checkov(templates: dict[str, Any], folder: Path) -> dict[str, dict[str, str]]:
    """Return what checkov finds in each template by its name, without a word to the network.

    All in one run, since it takes seconds to start.
    """
    assert CHECKOV.is_file(), "checkov is not installed: run `make test`, or `make setup-dev` once"
    for name, template in templates.items():
        (folder / f"{name}.template.json").write_text(json.dumps(template))
    run = subprocess.run(
        [CHECKOV, "-d", folder, "--framework", "cloudformation", "-o", "json", "--skip-download", "--quiet"],
        env={"PATH": f"{CHECKOV.parent}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(run.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 0
    found: dict[str, dict[str, str]] = {name: {} for name in templates}
    for each in report["results"]["failed_checks"]:
        name = Path(each["file_path"]).name.removesuffix(".template.json")
        found[name][each["check_id"]] = each["resource"].split(".")[0].rpartition("::")[2]
    # Else a template was not read.
    assert [] == [name for name, each in found.items() if not ALWAYS.keys() <= each.keys()]
    return found
