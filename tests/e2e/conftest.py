"""One engine per test process, and one synth for all scenarios."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine
from support.deployer import Deployer
from support.paths import PROJECT_DIR

SCENARIOS = Path(__file__).parent / "scenarios" / "app.py"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Return a bootstrapped engine whose starts take six seconds and whose stops take three."""
    with Engine() as started:
        Cdk(engine=started, project_dir=PROJECT_DIR).bootstrap().check()
        started.admin.set_durations(start=6, stop=3, agent_update=1)
        # The builders of all files, in whatever order a process gets them, are more than the default quota.
        started.admin.set_behavior(quota=200)
        yield started


@pytest.fixture(scope="session")
def assembly(engine: Engine) -> Path:
    """Return the synthesized scenarios."""
    cdk = Cdk(engine=engine, project_dir=PROJECT_DIR, app=f"python3 {SCENARIOS}")
    cdk.synth().check()
    return cdk.output_dir


@pytest.fixture
def admin(engine: Engine) -> AdminClient:
    """Return what sets up image builders and faults."""
    return engine.admin


@pytest.fixture(scope="session")
def deployer(engine: Engine, assembly: Path) -> Deployer:
    """Return what deploys steps."""
    return Deployer(engine, assembly)
