"""What the benchmark of cold start and size reads and computes; nothing is timed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appstream_benchmarks.footprint.cpu_limit import cpu_limit, share_of_memory


def test_lambda_gives_a_cpu_in_proportion_to_memory() -> None:
    """One whole at 1769 MiB, as it documents."""
    assert [1.0, pytest.approx(0.0724, abs=1e-4)] == [share_of_memory(1769), share_of_memory(128)]


def test_a_limited_process_joins_a_group_that_is_gone_afterwards() -> None:
    """The group counts the process, and nothing of it is left behind."""
    with cpu_limit(0.5) as join:
        if join is None:
            pytest.skip("this user may set no CPU quota here")
        done = subprocess.run(
            [sys.executable, "-c", "print(open('/proc/self/cgroup').read())"],
            preexec_fn=join,
            check=True,
            capture_output=True,
            text=True,
        )
    group = f"appstream-benchmarks-{os.getpid()}"

    assert group in done.stdout
    assert [] == [each for each in ("/sys/fs/cgroup", "/sys/fs/cgroup/cpu") if (Path(each) / group).exists()]
