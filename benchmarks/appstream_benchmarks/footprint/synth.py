"""Times real synths of small apps, in turn."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

RUNS = 9

EMPTY: Final = "nothing"
FUNCTION: Final = "one lambda.Function"
BUILDER: Final = "one RunningImageBuilder"

_APP = """
from aws_cdk import App, Stack
{import_line}

app = App()
stack = Stack(app, "Stack")
{statement}
app.synth()
"""
_CODE = 'code=lambda_.Code.from_asset("function.zip"), handler="index.handler", runtime=lambda_.Runtime.PYTHON_3_14'

APPS: Final = {
    EMPTY: _APP.format(import_line="", statement=""),
    FUNCTION: _APP.format(
        import_line="from aws_cdk import aws_lambda as lambda_",
        statement=f'lambda_.Function(stack, "Function", {_CODE})',
    ),
    BUILDER: _APP.format(
        import_line="from cdk_appstream_image_builder import RunningImageBuilder",
        statement='RunningImageBuilder(stack, "Builder", image_builder_name="my-builder")',
    ),
}
"""The apps by what their stack contains. `lambda.Function` is what any construct with a function adds at least."""


def measure_synth(package: Path, *, runs: int = RUNS, names: tuple[str, ...] = tuple(APPS)) -> dict[str, Any]:
    """Run the apps in turn.

    Returns:
        By app, medians of wall-clock and CPU seconds (Python's and jsii's Node together), and the medians of the ratios
        to the empty stack of the same round. On a machine that does other work, only the CPU's repeat.
    """
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(package, folder / "function.zip")
        for app in names:
            (folder / f"{app}.py").write_text(APPS[app])
            _synth(folder, app)
        for number in range(runs):
            for app in sorted(names, reverse=bool(number % 2)):
                taken[app].append(_synth(folder, app))
    return {"runs": runs, "apps": {app: _summary(taken[app], taken[EMPTY]) for app in names}}


def _summary(taken: list[dict[str, float]], empty: list[dict[str, float]]) -> dict[str, float]:
    summary: dict[str, float] = {}
    for kind in ("wall", "cpu"):
        summary[kind] = round(median(each[kind] for each in taken), 4)
        ratios = [one[kind] / other[kind] for one, other in zip(taken, empty, strict=True)]
        summary[f"ratio_{kind}"] = round(median(ratios), 4)
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
