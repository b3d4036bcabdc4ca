"""Deploys every approach on local engines and measures it."""

import tempfile
from pathlib import Path
from typing import Any

from appstream_benchmarks.baselines.assembly import synthesize
from appstream_benchmarks.deploys import plan


def measure() -> dict[str, Any]:
    """Return all figures, as plain data."""
    with tempfile.TemporaryDirectory() as folder:
        return plan.run(synthesize(Path(folder) / "cdk.out"))
