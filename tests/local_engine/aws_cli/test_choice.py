"""Which AWS CLI on a PATH is taken; with programs that only claim to be one."""

from __future__ import annotations

import os
from pathlib import Path

from appstream_local.process.aws_cli import installed


def _program(folder: Path, text: str) -> str:
    folder.mkdir()
    program = folder / "aws"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return str(folder)


def test_version_2_is_taken_wherever_it_stands(tmp_path: Path) -> None:
    """A version 1 that comes first on the PATH does not hide it, and stays available."""
    first = _program(tmp_path / "shims", "echo aws-cli/1.45.11 Python/3.11.7")
    second = _program(tmp_path / "bin", "echo aws-cli/2.9.19 Python/3.11.2")

    assert ["2.9.19", "1.45.11"] == [cli.version for cli in installed(os.pathsep.join([first, second]))]


def test_releases_are_compared_as_numbers(tmp_path: Path) -> None:
    """2.10 is newer than 2.9."""
    folders = [_program(tmp_path / release, f"echo aws-cli/{release}.0") for release in ("2.9", "2.10")]

    assert (2, 10) == installed(os.pathsep.join(folders))[0].release


def test_a_program_that_does_not_work_is_passed_over(tmp_path: Path) -> None:
    """One fails, one is something else, one folder does not exist: there is no AWS CLI."""
    broken = _program(tmp_path / "broken", "echo aws-cli/2.0.0; exit 127")
    other = _program(tmp_path / "other", "echo 'a wrapper script'")

    assert [] == installed(os.pathsep.join([broken, other, str(tmp_path / "missing"), ""]))


def test_a_link_to_the_same_program_is_asked_once(tmp_path: Path) -> None:
    """/bin is /usr/bin on many systems."""
    folder = _program(tmp_path / "usr-bin", "echo aws-cli/2.9.19")
    (tmp_path / "bin").symlink_to(folder)

    assert 1 == len(installed(os.pathsep.join([folder, str(tmp_path / "bin")])))
