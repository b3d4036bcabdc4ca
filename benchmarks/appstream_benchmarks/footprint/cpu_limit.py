"""Runs a program with a share of one CPU, by the kernel's own quota where this user may set one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PERIOD_MICROSECONDS = 20_000
"""The period of the quota."""

_ROOT = Path("/sys/fs/cgroup")

Join = Callable[[], None]
"""Puts the calling process under the limit; a child calls it before its program begins."""


def share_of_memory(mib: int) -> float:
    """Return the share of one CPU that Lambda gives a function with that memory; it documents one CPU at 1769 MiB."""
    return mib / 1769


@contextmanager
def cpu_limit(share: float) -> Iterator[Join | None]:
    """Make a control group with that share of one CPU; None where this user or kernel can't."""
    quota = max(1000, round(share * PERIOD_MICROSECONDS))
    first_version = {"cpu.cfs_period_us": f"{PERIOD_MICROSECONDS}", "cpu.cfs_quota_us": f"{quota}"}
    second_version = {"cpu.max": f"{quota} {PERIOD_MICROSECONDS}"}
    group = _made(_ROOT / "cpu", first_version) or _made(_ROOT, second_version)
    if group is None:
        yield None
        return
    try:
        yield lambda: _join(group)
    finally:
        group.rmdir()


def _made(parent: Path, settings: dict[str, str]) -> Path | None:
    group = parent / f"appstream-benchmarks-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        return None
    try:
        for name, value in settings.items():
            # Where no controller is, the file must not be made.
            with (group / name).open("r+") as file:
                file.write(value)
    except OSError:
        group.rmdir()
        return None
    return group


def _join(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()))
