"""Which AWS CLIs are on a PATH, and what they can do; with programs that only print a version."""

import os
from pathlib import Path

import pytest

from appstream_local.process.aws_cli import installed


def _program(folder: Path, text: str) -> str:
    folder.mkdir()
    program = folder / "aws"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return str(folder)


def test_every_version_on_the_path_is_found(tmp_path: Path) -> None:
    """A version 1 that comes first doesn't hide it; 2.10 is newer than 2.9."""
    versions = ("1.45.11", "2.9.19", "2.10.0")
    path = os.pathsep.join(_program(tmp_path / each, f"echo aws-cli/{each} Python/3.11.7") for each in versions)

    assert list(versions) == [cli.version for cli in installed(path)]
    assert (2, 10) == max(cli.release for cli in installed(path))


def test_a_program_that_does_not_work_is_skipped(tmp_path: Path) -> None:
    """One fails, one is something else, one folder doesn't exist: there is no AWS CLI."""
    broken = _program(tmp_path / "broken", "echo aws-cli/2.0.0; exit 127")
    other = _program(tmp_path / "other", "echo 'a wrapper script'")
    path = os.pathsep.join([broken, other, str(tmp_path / "missing"), ""])

    assert [] == installed(path)


def test_a_link_to_the_same_program_counts_once(tmp_path: Path) -> None:
    """/bin is a link to /usr/bin on many systems."""
    folder = _program(tmp_path / "usr-bin", "echo aws-cli/2.9.19")
    (tmp_path / "bin").symlink_to(folder)

    assert 1 == len(installed(os.pathsep.join([folder, str(tmp_path / "bin")])))


@pytest.mark.parametrize(
    ("version", "honors"), [("1.28.9", False), ("1.29.0", True), ("2.9.19", False), ("2.13.0", True), ("3.0.0", True)]
)
def test_newer_versions_honor_the_endpoint(tmp_path: Path, version: str, *, honors: bool) -> None:
    """AWS_ENDPOINT_URL has been there since 1.29 and 2.13."""
    [cli] = installed(_program(tmp_path / "bin", f"echo aws-cli/{version} Python/3.11.7"))

    assert honors == cli.honors_endpoint_url
