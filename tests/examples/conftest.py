"""The examples, each synthesized once as the CDK CLI does it, and an engine to deploy them on."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine
from support.engines import bootstrapped_engine
from support.paths import PROJECT_DIR
from synth import app

EXAMPLES = sorted(path.parent.name for path in (PROJECT_DIR / "examples").glob("*/app.py"))


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the assembly of each example; a word of CDK's, such as a warning, fails."""
    out = {name: tmp_path_factory.mktemp(name) / "cdk.out" for name in EXAMPLES}

    def synthesize(name: str) -> tuple[str, str, int]:
        ran = app.run({}, out[name], folder=PROJECT_DIR / "examples" / name)
        return ran.stdout, ran.stderr, ran.returncode

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert dict.fromkeys(EXAMPLES, ("", "", 0)) == dict(zip(EXAMPLES, pool.map(synthesize, EXAMPLES), strict=True))
    return out


@pytest.fixture(scope="session")
def templates(assemblies: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Return every template of every example, by example and file, those of a pipeline's stage included."""
    return {
        f"{name}/{path.name}": json.loads(path.read_text(encoding="utf-8"))
        for name, folder in assemblies.items()
        for path in sorted(folder.rglob("*.template.json"))
    }


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Return a bootstrapped engine on which everything takes a second."""
    with bootstrapped_engine(create=1, start=1, stop=1, delete=1) as started:
        yield started


@pytest.fixture(scope="session")
def admin(engine: Engine) -> AdminClient:
    """Return what sets up image builders."""
    return engine.admin


@pytest.fixture
def cdk(engine: Engine, assemblies: dict[str, Path]) -> Callable[..., Cdk]:
    """Return a maker of the CDK CLI for an example's assembly, or for the one of a stage in it."""

    def make(name: str, stage: str = "") -> Cdk:
        return Cdk(engine=engine, project_dir=PROJECT_DIR, app=assemblies[name] / stage)

    return make
