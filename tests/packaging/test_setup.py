"""A set-up that fails says why in seconds, and one that works says how long it took."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import PROJECT_DIR
from support.processes import alive, children, run_to_end
from support.waiting import wait_until
from synth.app import environment

STEP = PROJECT_DIR / "tools" / "setup_step.py"
CLOSED = "http://127.0.0.1:9/"
"""Nothing listens on the discard port."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with what the set-up reads, and nothing installed."""
    names = ["Makefile", "package.json", "package-lock.json", "pyproject.toml", "local/pyproject.toml", ".npmrc"]
    for path in [*(PROJECT_DIR / name for name in names), *PROJECT_DIR.glob("requirements*.txt"), STEP]:
        target = tmp_path / path.relative_to(PROJECT_DIR)
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(path, target)
    return tmp_path


def make(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make with nobody's settings of pip and npm."""
    settings = {"PIP_CONFIG_FILE": os.devnull, "npm_config_userconfig": os.devnull, **variables}
    return run_to_end(["make", *arguments], cwd=checkout, env=environment(**settings), timeout=120)


def step(title: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the set-up that is a Python program."""
    command = [sys.executable, str(STEP), title, sys.executable, "-c", code]
    return run_to_end(command)


def test_no_way_to_the_python_index(checkout: Path) -> None:
    """The tool's own error and the likely cause, from the first thing that is installed."""
    done = make(checkout, "setup", f"PYTHON={sys.executable}", PIP_INDEX_URL=CLOSED)

    assert 2 == done.returncode
    assert "ERROR: No matching distribution found for pip==" in done.stderr
    assert "\nlikely cause: no way to the package registry: behind a proxy set HTTPS_PROXY;" in done.stderr
    assert 10 > len(done.stderr.splitlines())


def test_no_way_to_the_npm_registry(checkout: Path) -> None:
    """Two tries, the tool's own error, the likely cause, and no traceback of the program that starts npm."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    for stamp in (".created", ".installed"):
        (checkout / ".venv" / stamp).touch()

    done = make(
        checkout, "node_modules/.installed", npm_config_registry=CLOSED, npm_config_cache=str(checkout / "cache")
    )

    assert 2 == done.returncode
    assert "npm error code ECONNREFUSED" in done.stderr
    assert "\nlikely cause: no way to the package registry: behind a proxy set HTTPS_PROXY;" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("python", "found"),
    [("#!/bin/sh\n[ $1 = -V ] && echo Python 3.9.18\n", "Python 3.9.18"), ("#!/bin/sh\nexit 127\n", "not found")],
)
def test_a_python_that_does_not_do(python: str, found: str, checkout: Path) -> None:
    """One line names the remedy, whether Python is too old or a version manager has none."""
    program = checkout / "python3"
    program.write_text(python)
    program.chmod(0o755)

    done = make(checkout, "setup", f"PYTHON={program}")

    error, failed = done.stderr.splitlines()
    assert f"error: Python 3.10 or newer is needed, and '{program}' is {found}: " in error
    assert error.endswith("make PYTHON=python3.12")
    assert "Error 1" in failed
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("says", "variable"),
    [
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "NODE_EXTRA_CA_CERTS"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "PIP_CERT"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407", "HTTPS_PROXY"),
        ("npm error code ENOTFOUND", "npm_config_registry"),
        ("ERROR: No matching distribution found for any==1", "make PYTHON="),
    ],
)
def test_the_likely_cause_names_the_remedy(says: str, variable: str) -> None:
    """Beside the tool's own words, of which nothing is left out."""
    done = step("Installing", f"import sys; print({says!r}); sys.exit(7)")

    assert 7 == done.returncode
    own, cause = done.stderr.splitlines()
    assert says == own
    assert cause.startswith("likely cause: ")
    assert variable in cause


def test_a_step_that_works_says_how_long_it_took() -> None:
    """And nothing of what the tool says."""
    done = step("Installing", "print('much')")

    assert ("", 0) == (done.stderr, done.returncode)
    assert ["Installing", "Installing: done in 0 s"] == done.stdout.splitlines()


def test_an_interrupted_step_ends_its_tool() -> None:
    """One line, no traceback, and nothing goes on in the background."""
    command = [sys.executable, str(STEP), "Installing", sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: bool(children(process.pid)), seconds=20)
        tools = children(process.pid)

        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    assert (130, "\nInterrupted. Run the same command again to continue.\n") == (process.returncode, errors)
    assert set() == alive(tools)
