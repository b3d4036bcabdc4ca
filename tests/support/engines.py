"""Runs engines for the real CDK CLI."""

from collections.abc import Iterator
from contextlib import contextmanager

from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine
from support.paths import PROJECT_DIR

QUICK_POLLS = PROJECT_DIR / "tests" / "support" / "quick_polls.cjs"


@contextmanager
def bootstrapped_engine(**durations: float) -> Iterator[Engine]:
    """Run a bootstrapped engine, whose stacks the CDK CLI looks at more often than every five seconds."""
    with Engine() as engine:
        engine.environment["NODE_OPTIONS"] = f'--require="{QUICK_POLLS}"'
        Cdk(engine=engine, project_dir=PROJECT_DIR).bootstrap().check()
        engine.admin.set_durations(**durations)
        yield engine
