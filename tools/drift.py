"""Runs the test of the AppStream API's service model with the newest botocore, in an environment of its own in .venv.

The pinned botocore is ministack's, so it can't be raised in the project's own environment.
"""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENT = Path(sys.prefix) / "newest-botocore"
TEST = "tests/function/aws/test_service_model.py"
NEEDED = ("crhelper", "exceptiongroup", "greenlet", "hypothesis", "pytest")
"""What the function and its unit tests import beside boto3, or pytest on Python 3.10."""


def pins() -> list[str]:
    """Return what to install beside boto3, at the versions that the requirements files pin."""
    lines = [line for name in ("", "-dev") for line in (PROJECT / f"requirements{name}.txt").read_text().splitlines()]
    pinned = [line.partition("  #")[0] for line in lines if line.partition("==")[0] in NEEDED]
    if {line.partition("==")[0] for line in pinned} != set(NEEDED):
        sys.exit(f"error: the requirements files should pin {', '.join(NEEDED)}, and have {', '.join(pinned)}")
    return pinned


def main() -> int:
    """Install the newest boto3 beside the pinned tools, and run the test."""
    python = ENVIRONMENT / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", ENVIRONMENT], check=True)
    pip = (sys.executable, "-m", "pip", "--python", python)
    subprocess.run([*pip, "install", "--quiet", "--upgrade", "boto3", *pins()], check=True)
    (site,) = ENVIRONMENT.glob("lib/python*/site-packages")
    (site / "checkout.pth").write_text("".join(f"{PROJECT / root}\n" for root in ("lambda", "local")))
    command = [python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
