"""The README's code runs, its commands exist, and they print what it shows."""

import json
import re
import sys
from pathlib import Path

import pytest

from running_image_builder_function import contract
from support.engines import bootstrapped_engine
from support.paths import PROJECT_DIR
from support.processes import run_to_end

README = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
RUN_TIMEOUT = 300


def blocks(language: str) -> list[str]:
    """Return the README's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def masked(text: str) -> list[str]:
    """Return lines without what differs from run to run: numbers; the steps' own numbers stay."""
    return [re.sub(r"(?<=\S)([ .:])?\d[\d.]*", "#", line.rstrip()) for line in text.splitlines() if line.strip()]


def test_every_block_is_one_that_is_tested() -> None:
    """A block of another kind, or one more of these, wants a test as well."""
    assert ["console", "sh", "python", "sh", "sh"] == re.findall(r"^```(\w+)$", README, flags=re.MULTILINE)


def test_the_install_lines_are_the_projects() -> None:
    """The folder has the distribution's name; npm's newest CDK CLI can't read what this library writes."""
    metadata = (PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8")
    name, *_ = re.findall(r'^name = "(.+)"$', metadata, re.MULTILINE)
    cli = json.loads((PROJECT_DIR / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    assert [f"pip install ../{name}", f"npm install aws-cdk@{cli.split('.')[0]}"] == blocks("sh")[0].splitlines()


def test_every_command_is_one_of_the_project() -> None:
    """Each `make` has its target, and each setting of a deploy is one that app.py knows."""
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_DIR / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"deploy-local", "test"} <= named
    assert set() == named - targets
    assert ["source .venv/bin/activate", "npx cdk deploy -c imageBuilderName=NAME"] == blocks("sh")[2].splitlines()
    app = (PROJECT_DIR / "app.py").read_text(encoding="utf-8")
    assert [] == [key for key in re.findall(r"-c (\w+)=", README) if f'"{key}"' not in app]


def test_the_badges_tell_the_truth() -> None:
    """The license and the Pythons are those of the package."""
    metadata = (PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8")
    (license_name,) = re.findall(r'^license = "(.+)"$', metadata, re.MULTILINE)
    assert f"[License: {license_name}]" in README
    assert f"badge/license-{license_name.replace('-', '--')}-" in README
    supported = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', metadata)
    assert f"[Python: {supported[0]} to {supported[-1]}]" in README
    assert f"badge/python-{supported[0]}_to_{supported[-1]}-" in README


def test_the_numbers_are_the_codes() -> None:
    """How long it waits, and which Python it needs."""
    assert f"up to {contract.MAX_TIMEOUT_SECONDS // 60} minutes" in README
    (needed,) = re.findall(
        r'^requires-python = ">=(.+)"$', (PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert f"Python {needed} or newer" in README


@pytest.mark.engine
def test_deploy_local_prints_what_is_shown() -> None:
    """A real run has every line of the README, in its order; only numbers differ."""
    ran = run_to_end(
        [sys.executable, "-m", "appstream_local.cli.deploy_local", "--start-seconds", "3"],
        cwd=PROJECT_DIR,
        timeout=RUN_TIMEOUT,
    )
    assert ("", 0) == (ran.stderr, ran.returncode)
    shown = blocks("console")[0].split("$ make deploy-local\n")[1].split("$ make test")[0]
    printed = iter(masked(ran.stdout))
    # Each search goes on where the last one ended: so the order counts.
    assert [] == [line for line in masked(shown) if line not in printed]
    # The live view of the third step is about its own update.
    view = ran.stdout.split("\n3. cdk deploy")[1].split("   cdk deploy returned")[0]
    assert (1, 0) == (view.count("UPDATE_COMPLETE after"), view.count("CREATE_COMPLETE"))


@pytest.mark.engine
def test_the_app_to_paste_deploys(tmp_path: Path) -> None:
    """As it stands, by the command below it, in a folder of its own; the address is the output."""
    (code,) = blocks("python")
    (tmp_path / "app.py").write_text(code, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(PROJECT_DIR / "node_modules")
    with bootstrapped_engine(start=1) as engine:
        engine.admin.put_image_builder("my-builder", state="STOPPED", VpcConfig={"SubnetIds": ["subnet-1"]})
        ran = run_to_end(
            ["bash", "-c", f"{blocks('sh')[1].strip()} --require-approval never --outputs-file outputs.json"],
            cwd=tmp_path,
            env=dict(engine.environment),
            timeout=RUN_TIMEOUT,
        )
        assert 0 == ran.returncode, ran.stderr
        outputs = json.loads((tmp_path / "outputs.json").read_text(encoding="utf-8"))
        builder = engine.admin.image_builder("my-builder")
    assert "RUNNING" == builder.state
    address = builder.description["NetworkAccessConfiguration"]["EniPrivateIpAddress"]
    assert {"MyStack": {"Address": address}} == outputs
