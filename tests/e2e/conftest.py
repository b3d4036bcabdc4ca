"""One engine per test process, and one synth for all scenarios."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from support.deployer import Deployer
from support.engines import bootstrapped_engine
from support.once import made_once
from synth import app

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Return a bootstrapped engine whose starts take six seconds and whose stops take three."""
    with bootstrapped_engine(start=6, stop=3, agent_update=1) as started:
        # The builders of all files, in whatever order a process gets them, are more than the default quota.
        started.admin.set_behavior(quota=200)
        yield started


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what returns the assembly of an app of this folder, synthesized once for all test processes."""

    def assembly(program: str) -> Path:
        def make(out: Path) -> None:
            ran = app.run({}, out, program=HERE / program)
            assert 0 == ran.returncode, ran.stderr

        return made_once(tmp_path_factory, program.replace("/", "-").removesuffix(".py"), make)

    return assembly


@pytest.fixture
def admin(engine: Engine) -> AdminClient:
    """Return what sets up image builders and faults."""
    return engine.admin


@pytest.fixture(scope="session")
def deployer(engine: Engine, synthesized: Callable[[str], Path]) -> Deployer:
    """Return what deploys steps."""
    return Deployer(engine, synthesized("scenarios/app.py"))
