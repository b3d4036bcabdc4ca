"""Says whether a release's tag, the version in pyproject.toml and CHANGELOG.md agree; the exit status is 1 if not."""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def version() -> str:
    """Return the project's version, from the one place where it is."""
    found = re.search(r'^version = "(.+)"$', (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def problems(tag: str) -> list[str]:
    """Return what keeps a tag from being released."""
    found = []
    if tag != f"v{version()}":
        found.append(f"the tag is {tag!r}, and the version in pyproject.toml asks for 'v{version()}'")
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d.*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    if released[:1] != [version()]:
        newest = released[0] if released else "none"
        found.append(
            f"the newest release in CHANGELOG.md is {newest}: head its section '## [{version()}] - YYYY-MM-DD'"
        )
    return found


if __name__ == "__main__":
    found = problems(sys.argv[1])
    sys.exit("\n".join(f"error: {each}" for each in found) if found else 0)
