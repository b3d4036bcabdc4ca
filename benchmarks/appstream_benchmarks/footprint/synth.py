"""How long a real synth takes: an empty stack beside those of `footprint_synth_apps`, in turn."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from appstream_benchmarks.footprint.synth_apps import APPS, EMPTY
from cdk_appstream_image_builder.function_asset import deployment_package

RUNS = 15


def measure_synth(*, smoke: bool) -> dict[str, Any]:
    """Run the apps in turn.

    Returns:
        By app, medians of wall-clock and of CPU seconds (Python's and jsii's Node together), and what it adds to the
        empty stack: medians of differences and of ratios within the rounds. On a machine that does other work besides,
        the CPU's are the ones that repeat.
    """
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in APPS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        deployment_package.write_function_zip(folder / "function.zip")
        for app, text in APPS.items():
            (folder / f"{app}.py").write_text(text)
            _synth(folder, app)
        for number in range(1 if smoke else RUNS):
            for app in sorted(APPS, reverse=bool(number % 2)):
                taken[app].append(_synth(folder, app))
    return {"runs": len(taken[EMPTY]), "apps": {app: _summary(taken[app], taken[EMPTY]) for app in APPS}}


def _summary(taken: list[dict[str, float]], empty: list[dict[str, float]]) -> Mapping[str, float]:
    summary: dict[str, float] = {}
    for kind in ("wall", "cpu"):
        pairs = [(one[kind], other[kind]) for one, other in zip(taken, empty, strict=True)]
        summary[kind] = median(one for one, _ in pairs)
        summary[f"added_{kind}"] = median(one - other for one, other in pairs)
        summary[f"ratio_{kind}"] = median(one / other for one, other in pairs)
    return summary


def _synth(folder: Path, app: str) -> dict[str, float]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CDK_", "JSII_"))}
    began_at, used_before = time.perf_counter(), _cpu_of_children()
    subprocess.run(
        [sys.executable, str(folder / f"{app}.py")],
        env={**environment, "CDK_OUTDIR": str(folder / "cdk.out")},
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return {"wall": time.perf_counter() - began_at, "cpu": _cpu_of_children() - used_before}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
