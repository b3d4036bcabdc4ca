"""Runs the function's unit tests under each supported Python of this machine, in environments of their own in .venv.

Needs PYTHONPATH=tests. The exit status is 1 where a test fails, or where a Python that was asked for is not there;
without versions asked for, those that are not there are named and left out.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from support.interpreters import SUPPORTED, find

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = Path(sys.prefix) / "pythons"
NEEDED = ("boto3", "crhelper", "exceptiongroup", "greenlet", "hypothesis", "pytest")
"""What the function and its unit tests import, or pytest on Python 3.10."""


def pins() -> list[str]:
    """Return what to install, at the versions that the requirements files pin."""
    lines = [line for name in ("", "-dev") for line in (PROJECT / f"requirements{name}.txt").read_text().splitlines()]
    pinned = [line.partition("  #")[0] for line in lines if line.partition("==")[0] in NEEDED]
    if {line.partition("==")[0] for line in pinned} != set(NEEDED):
        sys.exit(f"error: the requirements files should pin {', '.join(NEEDED)}, and have {', '.join(pinned)}")
    return pinned


def environment(version: str, interpreter: str) -> Path:
    """Return the Python of an environment with what the tests need, made where it is missing or outdated."""
    folder = ENVIRONMENTS / version
    wanted = "\n".join([interpreter, *pins()])
    stamp = folder / "installed.txt"
    if not stamp.is_file() or stamp.read_text() != wanted:
        subprocess.run([interpreter, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder / "bin" / "python")
        subprocess.run([*pip, "install", "--quiet", *pins()], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "checkout.pth").write_text("".join(f"{PROJECT / root}\n" for root in ("lambda", "local")))
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def main() -> int:
    """Run the tests and say how they went, one line per Python."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("versions", nargs="*", help="minor versions, such as 3.12; default: all that are supported")
    asked = parser.parse_args().versions
    results = {}
    for version in asked or SUPPORTED:
        interpreter = find(version)
        if interpreter is None:
            results[version] = "not on this machine"
            continue
        python = environment(version, interpreter)
        command = [python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"]
        failed = subprocess.run(command, cwd=PROJECT, check=False).returncode
        results[version] = "FAILED" if failed else "passed"
    for version, result in results.items():
        print(f"Python {version}: {result}")
    return int("FAILED" in results.values() or (bool(asked) and "not on this machine" in results.values()))


if __name__ == "__main__":
    sys.exit(main())
