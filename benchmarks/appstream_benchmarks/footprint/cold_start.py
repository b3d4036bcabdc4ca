"""Times how long a fresh process takes to import the function from its package, and plain crhelper's."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from appstream_benchmarks.baselines import plain_crhelper
from appstream_benchmarks.baselines.names import CRHELPER, THIS
from appstream_benchmarks.footprint.cpu_limit import cpu_limit, share_of_memory
from running_image_builder_function.contract import HANDLER

MEMORIES_MIB = (128, 256)
"""Lambda's smallest size, and this construct's default."""

RUNS = 20
RUNS_UNDER_LIMIT = 6

_IMPORT = """
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
module = __import__(sys.argv[1], fromlist=["handler"])
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
assert callable(module.handler) and module.__file__.startswith(sys.argv[2]), module.__file__
print(json.dumps({"wall": wall, "cpu": cpu}))
"""

_MODULES = {THIS: HANDLER.rpartition(".")[0], CRHELPER: "index"}


def measure_cold_start(
    package: Path, *, runs: int = RUNS, memories_mib: tuple[int, ...] = MEMORIES_MIB
) -> dict[str, Any]:
    """Import both in turn, many times.

    Returns:
        For each CPU limit ("none", or a memory size whose share of a CPU is given): medians in seconds, by approach.
    """
    with tempfile.TemporaryDirectory() as name:
        functions = {approach: Path(name).resolve() / approach for approach in _MODULES}
        with zipfile.ZipFile(package) as zipped:
            zipped.extractall(functions[THIS])
        plain_crhelper.pack(functions[CRHELPER])
        # Not counted: the files come into the machine's cache, and boto3's byte code is written.
        for approach, folder in functions.items():
            _import(folder, _MODULES[approach], None)
        found = {"none": _in_turn(functions, runs, None)}
        for mib in memories_mib:
            with cpu_limit(share_of_memory(mib)) as join:
                if join is not None:
                    found[f"{mib} MiB"] = _in_turn(functions, RUNS_UNDER_LIMIT, join)
    return found


def _in_turn(functions: dict[str, Path], runs: int, join: Callable[[], None] | None) -> dict[str, Any]:
    measured: dict[str, list[dict[str, float]]] = {approach: [] for approach in functions}
    for number in range(runs):
        # Who is first changes, so that neither gains by its place.
        for approach in sorted(functions, reverse=bool(number % 2)):
            measured[approach].append(_import(functions[approach], _MODULES[approach], join))
    pairs = list(zip(measured[THIS], measured[CRHELPER], strict=True))
    medians = {
        approach: {kind: round(median(each[kind] for each in taken), 4) for kind in ("wall", "cpu")}
        for approach, taken in measured.items()
    }
    return {"runs": runs, "ratio": round(median(own["wall"] / other["wall"] for own, other in pairs), 4), **medians}


def _import(folder: Path, module: str, join: Callable[[], None] | None) -> dict[str, float]:
    """Import in a process of its own as Lambda does: from a folder that is first on the path and isn't writable."""
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
