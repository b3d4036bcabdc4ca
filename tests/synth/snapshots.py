"""The committed snapshots: which templates, what is masked in them, where they lie.

``PYTHONPATH=tests python -m synth.snapshots`` renews them (``make snapshot``); a test never does.
"""

import json
import re
from pathlib import Path
from typing import Any

from support.paths import PROJECT_DIR
from synth.stacks import Json, every_option, template_with

FOLDER = PROJECT_DIR / "tests" / "template" / "snapshots"

OPTIONS: dict[str, Any] = {"default": dict, "every_option": every_option}
"""The options of each snapshot's one builder, by the snapshot's name."""

_ASSET_HASH = re.compile(r"[0-9a-f]{64}")


def current(name: str) -> str:
    """Return what a snapshot would hold now."""
    return json.dumps(masked(template_with(**OPTIONS[name]())), indent=2) + "\n"


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
    for name in OPTIONS:
        path(name).write_text(current(name), encoding="utf-8", newline="\n")
        print(f"renewed {path(name).relative_to(PROJECT_DIR)}")  # noqa: T201 - a command's output


if __name__ == "__main__":
    main()
