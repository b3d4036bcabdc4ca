"""Measures the function's peak memory over its longest wait, against a local engine."""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from appstream_benchmarks.footprint import memory_process
from appstream_local.process.engine import Engine
from cdk_appstream_image_builder.provider import _MEMORY_MIB as GIVEN_MIB
from running_image_builder_function.contract import MAX_TIMEOUT_SECONDS

_BUILDER = "footprint"
_RESPONSE = {"Bucket": "responses", "Key": "response"}


def measure_memory(package: Path, *, seconds: int = MAX_TIMEOUT_SECONDS) -> dict[str, Any]:
    """Wait that many virtual seconds for a builder that never runs, and return what the waiting process used."""
    with tempfile.TemporaryDirectory() as name, Engine() as engine:
        folder = Path(name).resolve()
        with zipfile.ZipFile(package) as zipped:
            zipped.extractall(folder)
        engine.admin.put_image_builder(_BUILDER)
        # Longer than any real time this takes: the wait lasts until the timeout.
        engine.admin.set_durations(start=86_400.0)
        s3 = engine.client("s3")
        s3.create_bucket(Bucket=_RESPONSE["Bucket"])
        response_url = s3.generate_presigned_url("put_object", Params=_RESPONSE, ExpiresIn=7200)
        done = subprocess.run(
            [sys.executable, memory_process.__file__, _BUILDER, str(seconds), response_url],
            env={**engine.environment, "PYTHONPATH": str(folder), "AWS_REGION": engine.region},
            check=True,
            capture_output=True,
            text=True,
        )
        reason = json.loads(s3.get_object(**_RESPONSE)["Body"].read())["Reason"]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("code").startswith(str(folder)), "the function was not imported from its package"
    return {**found, "reason": reason, "given_mib": GIVEN_MIB, "left": round(1 - found["peak_mib"] / GIVEN_MIB, 4)}
