"""Checks that a release's tag, pyproject.toml, CHANGELOG.md and, on GitHub, the repository's address agree."""

import os
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def setting(name: str) -> str:
    """Return a setting of pyproject.toml, which the oldest supported Python has no parser for."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf'^{name} = "(.+)"$', text, re.MULTILINE)
    return found[1] if found else ""


def problems(tag: str) -> list[str]:
    """Return what keeps a tag from being released."""
    found = []
    version = setting("version")
    if tag != f"v{version}":
        found.append(f"the tag is {tag!r}, and the version in pyproject.toml asks for 'v{version}'")
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d.*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    if released[:1] != [version]:
        newest = released[0] if released else "none"
        found.append(f"the newest release in CHANGELOG.md is {newest}: head its section '## [{version}] - YYYY-MM-DD'")
    repository = os.environ.get("GITHUB_REPOSITORY")
    if repository and setting("Homepage") != f"https://github.com/{repository}":
        found.append(f"the repository is {repository}, and Homepage in pyproject.toml is {setting('Homepage')}")
    return found


if __name__ == "__main__":
    found = problems(sys.argv[1])
    sys.exit("\n".join(f"error: {each}" for each in found) if found else 0)
