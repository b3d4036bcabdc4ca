"""Runs programs, and tells what runs and listens on this machine."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def run_to_end(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever comes of it, and return what it has written."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def living() -> dict[int, int]:
    """Return every living process with its parent."""
    if sys.platform == "linux":
        # Slim images have no ps. A program's name, in parentheses, may hold anything.
        stats = [read(path) for path in Path("/proc").glob("[0-9]*/stat")]
        lines = [[stat.split()[0], *stat.rpartition(")")[2].split()[1::-1]] for stat in stats if stat]
    else:
        listing = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,stat=,comm="], text=True)
        lines = [line.split()[:3] for line in listing.splitlines() if not line.endswith("ps")]
    return {int(pid): int(parent) for pid, parent, state in lines if not state.startswith("Z")}


def read(path: Path) -> str:
    """Return a file's text, nothing where it has gone meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""


def children(pid: int) -> set[int]:
    """Return every living process below `pid`."""
    parents, found = living(), {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    """Return those of the processes that are still there."""
    return pids & set(living())


def listening() -> set[int]:
    """Return the ports that some process of this machine listens on over IPv4 (Linux)."""
    entries = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(local.rpartition(":")[2], 16) for _, local, _, state, *_ in entries if state == "0A"}
