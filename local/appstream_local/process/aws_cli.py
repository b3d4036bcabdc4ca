"""Finds the AWS CLIs on a PATH, and says what they can do."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_VERSION = re.compile(r"aws-cli/((\d+)\.(\d+)\S*)")


@dataclass(frozen=True)
class AwsCli:
    """One installed AWS CLI.

    Attributes:
        path: Its program.
        version: Its version, such as `2.9.19`.
        release: Its major and minor version, to compare.
    """

    path: Path
    version: str
    release: tuple[int, int]

    @property
    def honors_endpoint_url(self) -> bool:
        """Whether it honors AWS_ENDPOINT_URL, as 1.29, 2.13 and newer versions do."""
        return self.release >= ((2, 13) if self.release[0] >= 2 else (1, 29))


def installed(search_path: str) -> list[AwsCli]:
    """Return every working AWS CLI on a PATH, in the order of the PATH."""
    # By the resolved path, because /bin is a link to /usr/bin on many systems.
    candidates: dict[Path, Path] = {}
    for folder in search_path.split(os.pathsep):
        program = Path(folder) / "aws"
        if folder and program.is_file() and os.access(program, os.X_OK):
            candidates.setdefault(program.resolve(), program)
    return [cli for program in candidates.values() if (cli := _version_of(program)) is not None]


def _version_of(program: Path) -> AwsCli | None:
    """Return the CLI that a program is, or None if it isn't one."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull}
    try:
        done = subprocess.run(
            [program, "--version"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # Version 1 on an old Python wrote it to standard error.
    match = _VERSION.search(done.stdout + done.stderr)
    if match is None or done.returncode != 0:
        return None
    return AwsCli(program, match[1], (int(match[2]), int(match[3])))
