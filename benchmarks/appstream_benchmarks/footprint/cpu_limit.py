"""Runs a program with a share of one CPU, by the kernel's own quota where this user may set one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PERIOD_MICROSECONDS = 20_000
"""Over which the share is counted out."""

_ROOT = Path("/sys/fs/cgroup")

Join = Callable[[], None]
"""Puts the calling process under the limit; called in a child before its program begins."""


def share_of_memory(mib: int) -> float:
    """Return the share of one CPU that Lambda gives a function with that memory; it documents one CPU at 1769 MiB."""
    return mib / 1769


@contextmanager
def cpu_limit(share: float) -> Iterator[Join | None]:
    """Make a control group with that share of one CPU; None where this user or kernel cannot."""
    quota = max(1000, round(share * PERIOD_MICROSECONDS))
    for parent, settings in (
        (_ROOT / "cpu", {"cpu.cfs_period_us": str(PERIOD_MICROSECONDS), "cpu.cfs_quota_us": str(quota)}),
        (_ROOT, {"cpu.max": f"{quota} {PERIOD_MICROSECONDS}"}),
    ):
        group = parent / f"appstream-benchmarks-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            usable = all((group / name).exists() for name in settings)
            if usable:
                try:
                    for name, value in settings.items():
                        (group / name).write_text(value)
                except OSError:
                    usable = False
            if usable:
                procs = group / "cgroup.procs"
                yield lambda procs=procs: _join(procs)  # type: ignore[misc]
                return
        finally:
            group.rmdir()
    yield None


def _join(procs: Path) -> None:
    procs.write_text(str(os.getpid()))
