"""The distributions, built once, and environments outside the repository that hold the wheel and not the checkout."""

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from support.once import made_once
from support.paths import PROJECT_DIR
from synth.app import environment


@pytest.fixture(scope="session")
def build() -> Callable[[Path, Path], None]:
    """Return what builds sdist and wheel of a source tree with this environment's hatchling, without the network."""

    def run(source: Path, target: Path) -> None:
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", target],
            cwd=source,
            env=environment(),
            capture_output=True,
            check=True,
        )

    return run


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory, build: Callable[[Path, Path], None]) -> Path:
    """Return the folder that holds the sdist and the wheel of this checkout."""
    return made_once(tmp_path_factory, "dist", lambda target: build(PROJECT_DIR, target))


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """Return the wheel."""
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Callable[[], Path]:
    """Return a maker of environments with the wheel; it returns the environment's Python.

    The dependencies are borrowed from this environment to spare the network. They come last
    on the path, and this environment's link to the checkout does not count there: links work in site folders only.
    """

    def make() -> Path:
        folder = tmp_path_factory.mktemp("environment")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], env=environment(), check=True)
        python = folder / "bin" / "python"
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        subprocess.run(
            [*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", wheel],
            env=environment(),
            check=True,
        )
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        return python

    return make
