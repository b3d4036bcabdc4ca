"""What a contender does when it is used: create and update a stack, or run a script; the same calls for each."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from appstream_benchmarks.baselines.names import SHELL, builder_names, stack_name
from appstream_benchmarks.deploys.stacks import Ended, Stack
from appstream_benchmarks.deploys.testbed import Lab

_SCRIPT = Path(__file__).parents[1] / "baselines" / "shell_script.sh"
# The AWS CLI has an environment of its own, since it pins another botocore than boto3 does.
_AWS_CLI = Path(sys.prefix) / "awscli" / "bin"


class Way(Protocol):
    """One use of a contender, for a fixed set of builders."""

    names: list[str]

    def create(self) -> Ended:
        """Do it for the first time."""

    def update(self, trigger: str) -> Ended:
        """Do it again."""

    def delete(self) -> float | None:
        """Undo it, and return how long that took in seconds; None where there is nothing to undo."""


class StackWay:
    """A contender that is a stack."""

    def __init__(self, lab: Lab, variant: str, size: int) -> None:
        name = stack_name(lab.kind, variant)
        self.names = builder_names(name, size)
        stack = Stack(lab.client("cloudformation"), lab.client("s3"), lab.assembly, name)
        self.create, self.update, self.delete = stack.create, stack.update, stack.delete


class ShellWay:
    """The shell script: it is complete when it has ended."""

    def __init__(self, lab: Lab, variant: str, size: int) -> None:
        self.names = builder_names(stack_name(lab.kind, variant), size)
        self._environment = dict(lab.engine.environment)
        self._environment["PATH"] = os.pathsep.join([str(_AWS_CLI), self._environment["PATH"]])

    def create(self) -> Ended:
        """Run it."""
        began = time.time()
        done = subprocess.run(
            ["sh", str(_SCRIPT), *self.names], env=self._environment, capture_output=True, text=True, check=False
        )
        ended = time.time()
        worked = done.returncode == 0
        return Ended(
            status="CREATE_COMPLETE" if worked else "CREATE_FAILED",
            began=dict.fromkeys(self.names, began),
            completed=dict.fromkeys(self.names, ended) if worked else {},
            reasons=[] if worked else [done.stderr.strip()],
            outputs={"State": done.stdout.strip()} if worked else {},
        )

    def update(self, _trigger: str) -> Ended:
        """Run it again."""
        return self.create()

    def delete(self) -> None:
        """There is nothing to undo."""


def way(lab: Lab, variant: str, size: int = 1) -> Way:
    """Return how a lab's contender is used."""
    return (ShellWay if lab.kind == SHELL else StackWay)(lab, variant, size)
