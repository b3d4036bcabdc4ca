"""What runs and listens on this machine, as the operating system tells it; starts and ends nothing."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


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


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Return whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
