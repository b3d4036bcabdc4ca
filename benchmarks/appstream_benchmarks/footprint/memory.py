"""The function's peak memory over its longest wait, against the local engine, and what is left of what it is given."""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from appstream_benchmarks.footprint import memory_process as footprint_memory_process
from appstream_local.process.engine import Engine
from cdk_appstream_image_builder.function_asset import deployment_package
from cdk_appstream_image_builder.provider import _MEMORY_MIB as GIVEN_MIB
from running_image_builder_function.contract import MAX_TIMEOUT_SECONDS, MIN_TIMEOUT_SECONDS

_NAME = "footprint"


def measure_memory(*, smoke: bool) -> dict[str, Any]:
    """Wait 59 virtual minutes (a smoke run: one) for a builder that never runs; the process says how much it took."""
    seconds = MIN_TIMEOUT_SECONDS if smoke else MAX_TIMEOUT_SECONDS
    with tempfile.TemporaryDirectory() as name, Engine() as engine:
        folder = Path(name).resolve()
        deployment_package.write_function_zip(folder / "function.zip")
        with zipfile.ZipFile(folder / "function.zip") as package:
            package.extractall(folder / "function")
        admin = engine.admin
        admin.put_image_builder(_NAME)
        # Longer than any real time this takes: the wait lasts until the timeout.
        admin.set_durations(start=86_400.0)
        done = subprocess.run(
            [sys.executable, footprint_memory_process.__file__, _NAME, str(seconds)],
            env={**engine.environment, "PYTHONPATH": str(folder / "function"), "AWS_REGION": "eu-central-1"},
            check=True,
            capture_output=True,
            text=True,
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("code").startswith(str(folder)), "the function was not imported from its package"
    return {**found, "given_mib": GIVEN_MIB, "left": 1 - found["peak_mib"] / GIVEN_MIB}
