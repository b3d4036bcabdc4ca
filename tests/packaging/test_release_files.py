"""What releases and checks are run by: the files agree with each other, and what they name exists."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk_appstream_image_builder.function_asset import deployment_package
from support.paths import PROJECT_DIR
from support.processes import run_to_end

WORKFLOWS = sorted((PROJECT_DIR / ".github" / "workflows").glob("*.yml"))
SUPPORTED = ["3.10", "3.11", "3.12", "3.13", "3.14"]
USES = re.compile(r"uses: (.+)")
PINS = {line.partition("@")[0]: line for path in WORKFLOWS for line in USES.findall(path.read_text("utf-8"))}
MAKE_TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")


def text(name: str) -> str:
    """Return a file of the project."""
    return (PROJECT_DIR / name).read_text(encoding="utf-8")


def workflow(path: Path) -> dict[Any, Any]:
    """Return a workflow; its key ``on`` is True, as YAML reads it."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def jobs(path: Path) -> list[dict[str, Any]]:
    """Return the jobs of a workflow."""
    return list(workflow(path)["jobs"].values())


def steps(path: Path) -> list[dict[str, Any]]:
    """Return the steps of all jobs of a workflow."""
    return [step for job in jobs(path) for step in job["steps"]]


def pinned() -> str:
    """Return all requirements files."""
    return "\n".join(path.read_text(encoding="utf-8") for path in PROJECT_DIR.glob("requirements*.txt"))


def version() -> str:
    """Return the project's version."""
    (found,) = re.findall(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)
    return str(found)


def check_release(tag: str) -> subprocess.CompletedProcess[str]:
    """Return what the check of a release says of a tag."""
    command = [sys.executable, str(PROJECT_DIR / "tools" / "check_release.py"), tag]
    return run_to_end(command)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_cannot_hang(path: Path) -> None:
    """Whatever a job may do beyond reading, it asks for itself; and every job ends."""
    assert {"contents": "read"} == workflow(path)["permissions"]
    assert all(0 < job["timeout-minutes"] <= 60 for job in jobs(path))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    """A tag can be moved; the version beside the commit is what dependabot raises, and one action has one pin."""
    used = USES.findall(path.read_text(encoding="utf-8"))
    assert used
    assert [] == [line for line in used if not re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]
    assert set(used) <= set(PINS.values())


@pytest.mark.parametrize(
    "name", [*(str(path) for path in WORKFLOWS), "docs/development/releasing.md", "SECURITY.md", "CONTRIBUTING.md"]
)
def test_make_targets_that_are_named_exist(name: str) -> None:
    """A renamed target would be noticed at the next release only."""
    rules = set(re.findall(r"^([a-z][a-z-]*):", text("Makefile"), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`", text(name)) if name.endswith(".md") else re.findall(r"run: (.+)", text(name))
    named = set(MAKE_TARGET.findall("\n".join(code)))
    assert named or name.endswith(("codeql.yml", "dependency-review.yml"))
    assert set() == named - rules


def test_checks_run_what_ci_runs_and_every_python() -> None:
    """One job is .ci/run, the other has each supported version."""
    everything, each = jobs(PROJECT_DIR / ".github/workflows/check.yml")
    assert ".ci/run" in [step.get("run") for step in everything["steps"]]
    assert SUPPORTED == each["strategy"]["matrix"]["python-version"]


def test_a_workflow_compares_with_botocore_every_week() -> None:
    """Nobody has to change anything for AWS's changes to show."""
    path = PROJECT_DIR / ".github/workflows/drift.yml"
    # YAML reads the key ``on`` as True.
    assert [{"cron": "17 5 * * 1"}] == workflow(path)[True]["schedule"]
    assert ["make drift"] == [step["run"] for step in steps(path) if "run" in step]


def test_supported_pythons_are_stated() -> None:
    """The classifiers and the lowest version say what is tested."""
    metadata = text("pyproject.toml")
    stated = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', metadata)
    assert SUPPORTED == stated
    assert f'requires-python = ">={SUPPORTED[0]}"' in metadata


def test_who_may_write_runs_nothing_of_this_project() -> None:
    """The jobs that PyPI, the release and the site trust wait for the one that checked and built."""
    publish, docs = (workflow(PROJECT_DIR / f".github/workflows/{name}.yml")["jobs"] for name in ("publish", "docs"))
    assert all("permissions" not in build for build in (publish["build"], docs["build"]))
    assert [
        ({"id-token": "write"}, "build", ["actions/download-artifact", "pypa/gh-action-pypi-publish"]),
        ({"contents": "write"}, "build", ["actions/download-artifact"] * 2 + ["gh release upload"]),
        ({"pages": "write", "id-token": "write"}, "build", ["actions/deploy-pages"]),
    ] == [
        (job["permissions"], job["needs"], [command(step) for step in job["steps"]])
        for job in (publish["publish"], publish["attach"], docs["publish"])
    ]
    assert ["pypi", "github-pages"] == [publish["publish"]["environment"], docs["publish"]["environment"]["name"]]


def command(step: dict[str, Any]) -> str:
    """Return the action or the command of a step, without versions and arguments."""
    return str(step["uses"]).partition("@")[0] if "uses" in step else " ".join(str(step["run"]).split()[:3])


def test_a_release_is_checked_and_has_its_bill_of_materials() -> None:
    """Before anything is uploaded; what the zip holds is attached to the release."""
    build = workflow(PROJECT_DIR / ".github/workflows/publish.yml")["jobs"]["build"]
    assert ["make check-release", ".ci/run", "make wheel sbom release-files"] == [
        " ".join(step["run"].split()[: 4 if "wheel" in step["run"] else 2]) for step in build["steps"] if "run" in step
    ]


def test_the_bill_of_materials_is_the_zip(tmp_path: Path) -> None:
    """Each file with its hash, crhelper with its version, and the hash of the zip as it is uploaded."""
    subprocess.run([sys.executable, str(PROJECT_DIR / "tools/function_sbom.py")], cwd=PROJECT_DIR, check=True)
    bill = json.loads(text("build/function.cdx.json"))
    deployment_package.write_function_zip(tmp_path / "function.zip")

    (bundled, *own) = bill["components"]
    assert {name: hashlib.sha256(content).hexdigest() for name, content in deployment_package.contents().items()} == {
        each["name"]: each["hashes"][0]["content"] for each in (*own, *bundled["components"])
    }
    assert f"\n{bundled['name']}=={bundled['version']}\n" in pinned()
    expected = hashlib.sha256((tmp_path / "function.zip").read_bytes()).hexdigest()
    assert (version(), expected) == (
        bill["metadata"]["component"]["version"],
        bill["metadata"]["component"]["hashes"][0]["content"],
    )


def test_what_names_the_repository_names_the_same() -> None:
    """Only pyproject.toml is edited when it moves; what else names it is found here."""
    (owner, name) = re.findall(r'^Homepage = "https://github.com/([\w-]+)/([\w-]+)"$', text("pyproject.toml"), re.M)[0]
    assert f'Documentation = "https://{owner}.github.io/{name}/"' in text("pyproject.toml")
    assert f"* @{owner}/maintainers" in text(".github/CODEOWNERS")
    contacts = yaml.safe_load(text(".github/ISSUE_TEMPLATE/config.yml"))["contact_links"]
    assert [
        f"https://{owner}.github.io/{name}/docs/troubleshooting.html",
        f"https://github.com/{owner}/{name}/security/advisories/new",
    ] == [contact["url"] for contact in contacts]
    assert (PROJECT_DIR / "docs/troubleshooting.md").is_file()


def test_a_problem_comes_with_the_functions_log_line() -> None:
    """It is what every other question is answered by."""
    form = yaml.safe_load(text(".github/ISSUE_TEMPLATE/problem.yml"))["body"]
    required = {field["id"] for field in form if field.get("validations", {}).get("required")}
    assert {"what", "log", "code", "versions"} == required


def test_the_changelog_goes_with_the_version() -> None:
    """Its newest release is this version; before the first release there is none."""
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text("CHANGELOG.md"), re.MULTILINE)
    assert ("Unreleased", "") == headings[0]
    released = [name for name, date in headings[1:] if date]
    assert len(headings) - 1 == len(released)
    assert released[:1] in ([], [version()])
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version())


def test_a_tag_that_is_not_the_version_is_not_released() -> None:
    """The tag is compared with the one place of the version; the message names both."""
    process = check_release("v999.0.0")
    assert 1 == process.returncode
    assert f"error: the tag is 'v999.0.0', and the version in pyproject.toml asks for 'v{version()}'" in process.stderr


def test_another_repository_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPI's page links to the address in pyproject.toml."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "any/fork")
    process = check_release(f"v{version()}")
    assert "error: the repository is any/fork, and Homepage in pyproject.toml is https://" in process.stderr


def test_pre_commit_runs_the_pinned_tools() -> None:
    """Hooks are the tools of .venv, so that they agree with the checks."""
    (repository,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert "local" == repository["repo"]
    tools = [hook["entry"].split()[0] for hook in repository["hooks"]]
    assert {".venv/bin/ruff", ".venv/bin/mypy"} == set(tools)
    assert all(f"\n{Path(tool).name}==" in pinned() for tool in tools)


def test_dependabot_looks_after_everything_pinned() -> None:
    """Python's requirements, npm's lock file and the workflows' actions."""
    updates = yaml.safe_load(text(".github/dependabot.yml"))["updates"]
    assert ["pip", "npm", "github-actions"] == [update["package-ecosystem"] for update in updates]
    exceptions = updates[0]["groups"]["tools"]["exclude-patterns"]
    assert [] == [name for name in exceptions if f"\n{name}==" not in pinned()]


def test_the_release_files_are_the_same_each_time(tmp_path: Path) -> None:
    """With their SHA-256 sums, in the form that `sha256sum --check` reads."""
    made: list[dict[str, bytes]] = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        program = [sys.executable, str(PROJECT_DIR / "tools" / "release_files.py"), str(folder)]
        subprocess.run(program, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})

    first, second = made
    sums = first.pop("SHA256SUMS").decode()
    assert sums == second.pop("SHA256SUMS").decode()
    assert first == second
    assert {name: hashlib.sha256(content).hexdigest() for name, content in first.items()} == {
        name: digest for digest, name in (line.split("  ") for line in sums.splitlines())
    }
    assert {"running-image-builder.template.yaml", "running-image-builder-function.zip"} <= first.keys()
