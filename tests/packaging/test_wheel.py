"""What is in the distributions, and that an app with the wheel alone makes what an app in the checkout makes."""

import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from support.paths import PROJECT_DIR
from support.processes import run_to_end
from synth.app import environment

SOURCES = {
    "appstream_image_builder_cli": PROJECT_DIR / "constructs" / "appstream_image_builder_cli",
    "cdk_appstream_image_builder": PROJECT_DIR / "constructs" / "cdk_appstream_image_builder",
    "running_image_builder_function": PROJECT_DIR / "lambda" / "running_image_builder_function",
}

APP = """
from aws_cdk import App, Stack
from cdk_appstream_image_builder import RunningImageBuilder
app = App()
RunningImageBuilder(Stack(app, "Stack"), "Builder", image_builder_name="nb-1")
app.synth()
import appstream_image_builder_cli, cdk_appstream_image_builder, running_image_builder_function as function
print(appstream_image_builder_cli.__file__, cdk_appstream_image_builder.__file__, function.__file__, sep="\\n")
"""

Synth = Callable[[Path | str], tuple[dict[str, object], list[Path]]]


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """Return what PyPI reads of the wheel."""
    (text,) = [content.decode() for name, content in contents(wheel).items() if name.endswith("/METADATA")]
    return Parser().parsestr(text)


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel."""
    with zipfile.ZipFile(wheel) as files:
        return {name: files.read(name) for name in files.namelist()}


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    """Return what synthesizes the app with a Python, outside the repository: its template and where its code is."""

    def run(python: Path | str) -> tuple[dict[str, object], list[Path]]:
        folder = tmp_path_factory.mktemp("app")
        (folder / "app.py").write_text(APP)
        out = folder / "cdk.out"
        process = run_to_end(
            [python, "app.py"], cwd=folder, env=environment(CDK_OUTDIR=str(out), PYTHONDONTWRITEBYTECODE="1")
        )
        assert ("", 0) == (process.stderr, process.returncode)
        template = json.loads((out / "Stack.template.json").read_text(encoding="utf-8"))
        return template, [Path(line) for line in process.stdout.splitlines()]

    return run


@pytest.fixture(scope="module")
def from_checkout(synth: Synth) -> dict[str, object]:
    """Return the template that the app has in this environment, where the checkout is installed."""
    template, places = synth(sys.executable)
    assert [source / "__init__.py" for source in SOURCES.values()] == places
    return template


def test_the_wheel_is_the_packages_and_the_licenses(wheel: Path) -> None:
    """Every source file, typed markers included, and beside the metadata nothing else."""
    expected = {
        f"{name}/{path.relative_to(source).as_posix()}": path.read_bytes()
        for name, source in SOURCES.items()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = contents(wheel)
    assert expected == {name: content for name, content in found.items() if ".dist-info/" not in name}
    assert {f"{name}/py.typed" for name in SOURCES} <= expected.keys()
    assert ["licenses/LICENSE", "licenses/NOTICE"] == sorted(
        name.partition(".dist-info/")[2] for name in found if "/licenses/" in name
    )


def test_the_links_of_the_long_description_lead_somewhere(metadata: Message) -> None:
    """On PyPI nothing is beside the page: each link and picture is a file of the repository, or elsewhere."""
    assert "text/markdown" == metadata["Description-Content-Type"]
    links = re.findall(r"\]\(([^)]+)\)", str(metadata.get_payload()))
    assert [] == [link for link in links if not link.startswith("https://")]
    (picture,) = [link for link in links if link.startswith("https://raw.githubusercontent.com/")]
    assert picture.endswith("/main/docs/pictures/watch.svg")
    (repository,) = [url.partition(", ")[2] for url in metadata.get_all("Project-URL", []) if "Homepage" in url]
    ours = [link.partition("/blob/main/")[2].partition("#")[0] for link in links if link.startswith(repository)]
    assert {"LICENSE", "docs/how-to.md"} <= set(ours)
    assert [] == [path for path in ours if not (PROJECT_DIR / path).is_file()]


def test_the_metadata_says_what_a_user_must_know(metadata: Message) -> None:
    """Name, license and Python are stated, and crhelper is the one version that the function was made for."""
    assert "cdk-appstream-image-builder" == metadata["Name"]
    assert "Apache-2.0" == metadata["License-Expression"]
    assert ">=3.10" == metadata["Requires-Python"]
    every = metadata.get_all("Requires-Dist") or []
    requirements = [line for line in every if "extra ==" not in line]
    assert ["aws-cdk-lib", "boto3", "constructs", "crhelper"] == sorted(
        line.partition("<")[0].partition(">")[0].partition("=")[0] for line in requirements
    )
    assert "crhelper==2.0.12" in requirements
    extra = [line for line in every if "extra == 'cli'" in line]
    assert ["jmespath", "pyyaml", "rich"] == sorted(line.partition("<")[0].lower() for line in extra)


def test_the_sdist_builds_the_same_wheel(dist: Path, wheel: Path, tmp_path: Path, build: Callable[..., None]) -> None:
    """Who builds from the source distribution gets what we publish, file by file."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as files:
        # Python 3.11.2 has no filters; newer ones warn without one.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(tmp_path)  # noqa: S202 - made by this test
    (source,) = tmp_path.iterdir()
    build(source, tmp_path / "dist")
    (rebuilt,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.name == rebuilt.name
    assert contents(wheel) == contents(rebuilt)


def test_the_sdist_holds_the_product_only(dist: Path) -> None:
    """Tests, the local engine and whatever lies about in a checkout stay at home."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as files:
        top = {name.split("/")[1] for name in files.getnames()}
    own = {"constructs", "lambda", "tools", "pyproject.toml", "LICENSE", "NOTICE", "README.md", "CHANGELOG.md"}
    assert own | {"PKG-INFO", ".gitignore"} == top


def test_an_app_with_the_wheel_is_the_app_in_the_checkout(
    install: Callable[[], Path], synth: Synth, from_checkout: dict[str, object]
) -> None:
    """The same template, the asset's hash included, and no code from the checkout."""
    python = install()
    template, places = synth(python)
    assert from_checkout == template
    assert {True} == {place.is_relative_to(python.parents[1]) for place in places}
