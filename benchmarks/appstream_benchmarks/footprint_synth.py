"""How long a real synth takes: an app with an empty stack against the same with one builder, in turn."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

RUNS = 15

_EMPTY = """
from aws_cdk import App, Stack

app = App()
stack = Stack(app, "Stack")
app.synth()
"""

_WITH_BUILDER = """
from aws_cdk import App, Stack
from cdk_appstream_image_builder import RunningImageBuilder

app = App()
stack = Stack(app, "Stack")
RunningImageBuilder(stack, "Builder", image_builder_name="my-builder")
app.synth()
"""

_APPS = {"empty": _EMPTY, "with builder": _WITH_BUILDER}


def measure_synth(*, smoke: bool) -> dict[str, Any]:
    """Run both apps in turn.

    Returns:
        Medians of wall-clock and of CPU seconds (Python's and jsii's Node together), and ratios of pairs. On a machine
        that does other work besides, the CPU's are the ones that repeat.
    """
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in _APPS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for app, text in _APPS.items():
            (folder / f"{app}.py").write_text(text)
            _synth(folder, app)
        for number in range(1 if smoke else RUNS):
            for app in sorted(_APPS, reverse=bool(number % 2)):
                taken[app].append(_synth(folder, app))
    pairs = list(zip(taken["empty"], taken["with builder"], strict=True))
    summary: dict[str, Any] = {"runs": len(pairs)}
    for kind in ("wall", "cpu"):
        for column, side in enumerate(("empty", "with_builder")):
            summary[f"{side}_{kind}"] = median(pair[column][kind] for pair in pairs)
        summary[f"added_{kind}"] = median(ours[kind] - empty[kind] for empty, ours in pairs)
        summary[f"ratio_{kind}"] = median(ours[kind] / empty[kind] for empty, ours in pairs)
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
