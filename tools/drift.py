"""Runs the test of the AppStream API's service model with the newest botocore, in an environment of its own in .venv.

Needs PYTHONPATH=tests. The pinned botocore is ministack's, so it cannot be raised in the project's own environment.
"""

import subprocess
import sys

from test_pythons import ENVIRONMENTS, PROJECT, pins

TEST = "tests/unit/test_service_model.py"


def main() -> int:
    """Install the newest boto3 beside the pinned tools, and run the test."""
    folder = ENVIRONMENTS / "newest-botocore"
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    tools = [pin for pin in pins() if not pin.startswith("boto3")]
    subprocess.run([*pip, "install", "--quiet", "--upgrade", "boto3", *tools], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "checkout.pth").write_text("".join(f"{PROJECT / root}\n" for root in ("lambda", "local")))
    command = [python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
