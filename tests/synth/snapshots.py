"""The committed snapshots: which templates, what is masked in them, where they lie.

``PYTHONPATH=tests python -m synth.snapshots`` renews them (``make snapshot``); a test never does.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

from aws_cdk import aws_iam as iam

from support.paths import PROJECT_DIR
from synth.hardened import harden
from synth.stacks import Json, any_stack, every_option, template, template_with

FOLDER = PROJECT_DIR / "tests" / "construct" / "snapshots"


def hardened() -> Json:
    """Return the template of a builder with every option whose provider has every option as well."""
    stack = any_stack()
    harden(stack, role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")))
    return template(stack)


TEMPLATES: dict[str, Callable[[], Json]] = {
    "default": template_with,
    "every_option": lambda: template_with(**every_option()),
    "every_option_of_provider": hardened,
}
"""What makes each snapshot's template, by the snapshot's name."""

_ASSET_HASH = re.compile(r"[0-9a-f]{64}")


def current(name: str) -> str:
    """Return what a snapshot would hold now."""
    return json.dumps(masked(TEMPLATES[name]()), indent=2) + "\n"


def masked(found: Json) -> Json:
    """Return a template without what says nothing of this project: hashes, and CDK's check of the bootstrap."""
    kept = {key: value for key, value in found.items() if key != "Rules"}
    kept["Parameters"] = {key: value for key, value in found["Parameters"].items() if key != "BootstrapVersion"}
    masked_text = _ASSET_HASH.sub("<asset hash>", json.dumps({key: value for key, value in kept.items() if value}))
    return dict(json.loads(masked_text))


def path(name: str) -> Path:
    """Return where a snapshot lies."""
    return FOLDER / f"{name}.json"


def main() -> None:
    """Write every snapshot."""
    FOLDER.mkdir(exist_ok=True)
    for name in TEMPLATES:
        path(name).write_text(current(name), encoding="utf-8", newline="\n")
        print(f"renewed {path(name).relative_to(PROJECT_DIR)}")  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
