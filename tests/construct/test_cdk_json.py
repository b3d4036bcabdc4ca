"""cdk.json against the pinned aws-cdk-lib: the feature flags that `cdk init` would give a new project."""

import json
import tarfile
from pathlib import Path
from typing import Any

import aws_cdk

from support.paths import PROJECT_DIR


def settings() -> dict[str, Any]:
    """Return cdk.json."""
    return dict(json.loads((PROJECT_DIR / "cdk.json").read_text(encoding="utf-8")))


def recommended() -> dict[str, Any]:
    """Return the flags that this aws-cdk-lib recommends, from the package that it carries."""
    (package,) = (Path(aws_cdk.__file__).parent / "_jsii").glob("aws-cdk-lib@*.tgz")
    with tarfile.open(package) as files:
        for member in files:
            if member.name == "package/recommended-feature-flags.json":
                return dict(json.load(files.extractfile(member) or ()))  # type: ignore[arg-type]
    raise FileNotFoundError("recommended-feature-flags.json")


def test_the_flags_are_the_recommended_ones() -> None:
    """The CLI has nothing to say about flags; GovCloud, which has AppStream, is a target as well."""
    expected = {**recommended(), "@aws-cdk/core:target-partitions": ["aws", "aws-cn", "aws-us-gov"]}
    assert expected == settings()["context"]


def test_the_app_is_started_by_the_environments_python() -> None:
    """The name is one that every virtual environment has, on Windows too, where there is no python3."""
    files = [PROJECT_DIR / "cdk.json", *PROJECT_DIR.glob("examples/*/cdk.json")]
    assert {"python app.py"} == {json.loads(path.read_text(encoding="utf-8"))["app"] for path in files}
