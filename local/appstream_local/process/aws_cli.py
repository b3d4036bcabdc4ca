"""Finds the AWS CLIs on a PATH and runs one in a given environment; knows no command of theirs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_VERSION = re.compile(r"aws-cli/((\d+)\.(\d+)\S*)")


@dataclass(frozen=True)
class AwsCli:
    """One installed AWS CLI.

    Attributes:
        path: Its program.
        version: Its version, such as `2.9.19`.
        release: Major and minor number, to compare.
    """

    path: Path
    version: str
    release: tuple[int, int]

    def run(
        self, *arguments: str, environment: Mapping[str, str], timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run it with arguments and nothing but the given environment; its exit code is the caller's."""
        return subprocess.run(
            [self.path, *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )


def installed(search_path: str) -> list[AwsCli]:
    """Return every working AWS CLI on a PATH, the newest first.

    All of them are asked, not only the first: a version manager's program before it on the PATH
    often hides version 2, or does not work at all.
    """
    # Keyed by what a link leads to: /bin is /usr/bin on many systems.
    candidates: dict[Path, Path] = {}
    for folder in search_path.split(os.pathsep):
        program = Path(folder) / "aws"
        if folder and program.is_file() and os.access(program, os.X_OK):
            candidates.setdefault(program.resolve(), program)
    found = [cli for program in candidates.values() if (cli := _asked(program)) is not None]
    return sorted(found, key=lambda cli: cli.release, reverse=True)


def _asked(program: Path) -> AwsCli | None:
    """Return the CLI a program is, or None where it does not say so."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull}
    try:
        answer = subprocess.run(
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
    match = _VERSION.search(answer.stdout + answer.stderr)
    if match is None or answer.returncode != 0:
        return None
    return AwsCli(program, match[1], (int(match[2]), int(match[3])))
