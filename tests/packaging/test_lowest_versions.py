"""The lowest versions that pyproject.toml allows are enough: installed exactly so, they synthesize both apps."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.paths import PROJECT_DIR
from support.processes import run_to_end
from synth.app import environment

APP = Path(__file__).parent / "apps" / "every_option.py"

CACHE = Path(sys.prefix) / ".cache" / "lowest-versions"
"""Environments by what is in them: installing one takes longer than everything else here."""


def lowest() -> list[str]:
    """Return each requirement of the project at the lowest version it allows, as pip takes it."""
    text = (PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\ndependencies = [")[2].partition("\n]")[0]
    found = re.findall(r'^    "([a-z0-9-]+)(?:>=|==)([0-9.]+)[^"]*",$', block, re.MULTILINE)
    assert ["aws-cdk-lib", "boto3", "constructs", "crhelper"] == sorted(name for name, _ in found)
    return [f"{name}=={version}" for name, version in found]


def pip(python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Install into another environment with this one's pip and its user's settings: they say where packages are."""
    return run_to_end(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "-q", *arguments],
        env={**os.environ, "PIP_DEFAULT_TIMEOUT": "15", "PIP_RETRIES": "1"},
    )


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with the lowest versions, and with the wheel of this checkout."""
    requirements = lowest()
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:16]
    ready = CACHE / key
    if not ready.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=CACHE))
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", making], env=environment(), check=True)
        process = pip(making / "bin" / "python", "--no-compile", *requirements)
        if process.returncode:
            shutil.rmtree(making)
            if "No matching distribution" in process.stderr and "onnection" not in process.stderr:
                pytest.fail(process.stderr)
            pytest.skip(f"pip cannot download {' '.join(requirements)}: {process.stderr.strip()[-300:]}")
        making.rename(ready)
    # The wheel goes beside that environment, which other runs may be using.
    here = tmp_path_factory.mktemp("lowest")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", here], env=environment(), check=True)
    process = pip(here / "bin" / "python", "--no-deps", "--no-index", "--no-compile", wheel)
    assert 0 == process.returncode, process.stderr
    (own,) = here.glob("lib/python*/site-packages")
    (borrowed,) = ready.glob("lib/python*/site-packages")
    (own / "borrowed.pth").write_text(f"{borrowed}\n")
    return here / "bin" / "python"


def test_the_lowest_versions_synthesize(python: Path, tmp_path: Path) -> None:
    """An app can be made with the oldest CDK that is claimed to do, in the smallest form and with every option."""
    process = run_to_end(
        [python, APP], cwd=tmp_path, env=environment(CDK_OUTDIR=str(tmp_path / "cdk.out"), JSII_DEPRECATED="quiet")
    )
    assert 0 == process.returncode, process.stderr
    for name in ("Smallest", "Stack"):
        template = json.loads((tmp_path / "cdk.out" / f"{name}.template.json").read_text(encoding="utf-8"))
        (builder,) = (
            each for each in template["Resources"].values() if each["Type"] == "Custom::AppStreamRunningImageBuilder"
        )
        assert {"ServiceTimeout", "ServiceToken"} < builder["Properties"].keys()


def test_the_lowest_versions_load_the_function(python: Path, tmp_path: Path) -> None:
    """The function's own imports are content with them, boto3's lowest version included."""
    process = run_to_end(
        [python, "-c", "import running_image_builder_function.handler, boto3; print(boto3.__version__)"],
        cwd=tmp_path,
        env=environment(AWS_DEFAULT_REGION="us-east-1"),
    )
    assert 0 == process.returncode, process.stderr
    assert f"boto3=={process.stdout.strip()}" in lowest()
