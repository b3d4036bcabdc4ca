"""Measures the function's cold start, package and memory, and what the construct adds to a synth and a template."""

import tempfile
from pathlib import Path
from typing import Any

from appstream_benchmarks.baselines.assembly import synthesize
from appstream_benchmarks.footprint.cold_start import measure_cold_start
from appstream_benchmarks.footprint.memory import measure_memory
from appstream_benchmarks.footprint.synth import measure_synth
from appstream_benchmarks.footprint.templates import template_figures
from cdk_appstream_image_builder.function_asset import deployment_package


def measure() -> dict[str, Any]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        package = folder / "function.zip"
        deployment_package.write_function_zip(package)
        return {
            "cold_start": measure_cold_start(package),
            "asset": {"files": len(deployment_package.contents()), "bytes": package.stat().st_size},
            "synth": measure_synth(package),
            "memory": measure_memory(package),
            "templates": template_figures(synthesize(folder / "cdk.out")),
        }
