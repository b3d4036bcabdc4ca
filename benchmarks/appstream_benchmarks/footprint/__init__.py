"""Cold start and size: the function's import, package and memory, and what the construct adds to a synth."""

import tempfile
from pathlib import Path
from typing import Any

from appstream_benchmarks.footprint.cold_start import measure_init
from appstream_benchmarks.footprint.memory import measure_memory
from appstream_benchmarks.footprint.synth import measure_synth
from cdk_appstream_image_builder.function_asset import deployment_package


def measure(*, smoke: bool) -> dict[str, Any]:
    """Measure everything; a smoke run takes each once."""
    return {
        "init": measure_init(smoke=smoke),
        "asset": _asset(),
        "synth": measure_synth(smoke=smoke),
        "memory": measure_memory(smoke=smoke),
    }


def _asset() -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "function.zip"
        deployment_package.write_function_zip(package)
        return {"files": len(deployment_package.contents()), "bytes": package.stat().st_size}
