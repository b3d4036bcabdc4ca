"""How long a fresh process takes to import the function from its real package, and plain crhelper's."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from appstream_benchmarks.baselines import plain_crhelper
from appstream_benchmarks.footprint.cpu_limit import cpu_limit, share_of_memory
from cdk_appstream_image_builder.function_asset import deployment_package
from running_image_builder_function.contract import HANDLER

MEMORIES_MIB = (128, 256)
"""Lambda's smallest size, and this construct's default."""

RUNS = 30
RUNS_UNDER_LIMIT = 10

_IMPORT = """
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
module = __import__(sys.argv[1], fromlist=["handler"])
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
assert callable(module.handler) and module.__file__.startswith(sys.argv[2]), module.__file__
print(json.dumps({"wall": wall, "cpu": cpu}))
"""

_MODULES = {"this project": HANDLER.rpartition(".")[0], "plain crhelper": "index"}


def measure_init(*, smoke: bool) -> dict[str, Any]:
    """Import both in turn, many times.

    Returns:
        For each limit ("none", or a memory size whose share of a CPU is given): medians in seconds, by function.
    """
    with _functions() as functions:
        # Not counted: the files come into the machine's cache, and boto3's byte code is written.
        for name in functions:
            _import(functions[name], _MODULES[name], None)
        found = {"none": _interleaved(functions, 1 if smoke else RUNS, None)}
        for mib in MEMORIES_MIB[:1] if smoke else MEMORIES_MIB:
            with cpu_limit(share_of_memory(mib)) as join:
                if join is not None:
                    found[f"{mib} MiB"] = _interleaved(functions, 1 if smoke else RUNS_UNDER_LIMIT, join)
    return found


@contextmanager
def _functions() -> Iterator[dict[str, Path]]:
    """Unpack the functions as Lambda does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        package = folder / "function.zip"
        deployment_package.write_function_zip(package)
        with zipfile.ZipFile(package) as zipped:
            zipped.extractall(folder / "this-project")
        plain_crhelper.pack(folder / "plain-crhelper")
        yield {"this project": folder / "this-project", "plain crhelper": folder / "plain-crhelper"}


def _interleaved(functions: dict[str, Path], runs: int, join: Callable[[], None] | None) -> dict[str, Any]:
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in functions}
    for number in range(runs):
        # Who is first changes, so that neither gains by its place.
        for name in sorted(functions, reverse=bool(number % 2)):
            measured[name].append(_import(functions[name], _MODULES[name], join))
    summary: dict[str, Any] = {
        name: {kind: median(each[kind] for each in taken) for kind in ("wall", "cpu")} | {"runs": runs}
        for name, taken in measured.items()
    }
    for kind in ("wall", "cpu"):
        pairs = zip(measured["this project"], measured["plain crhelper"], strict=True)
        summary[f"ratio_{kind}"] = median(ours[kind] / theirs[kind] for ours, theirs in pairs)
    return summary


def _import(folder: Path, module: str, join: Callable[[], None] | None) -> dict[str, float]:
    """Import in a process of its own, as Lambda does: the package first, without byte code and not writable."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, module, str(folder)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        preexec_fn=join,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))
