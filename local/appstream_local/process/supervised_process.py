"""Runs a command that can't outlive this process."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from . import supervisor

# In addition to the command's grace: on a busy machine the supervisor takes some time to start and
# to notice.
_SUPERVISOR_MARGIN = 10.0


class SupervisedProcess:
    """One command and every process it starts, ended by `stop` or when this process ends, even by SIGKILL."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        output: int | IO[bytes],
        cwd: Path,
        grace: float,
        remove: Path | None = None,
    ) -> None:
        """Start `command`.

        Args:
            command: the program and its arguments.
            environment: its whole environment; nothing is inherited.
            output: where standard output and error go, as for `subprocess`.
            cwd: the directory it runs in.
            grace: how many seconds it has to end after SIGTERM.
            remove: a directory that the supervisor deletes if this process can't.
        """
        self._grace = grace
        self._stopping = threading.Lock()
        self._report, report = os.pipe()
        script = [sys.executable, "-I", "-S", supervisor.__file__, "--grace", str(grace), "--report", str(report)]
        if remove is not None:
            script += ["--remove", str(remove)]
        try:
            self._process = subprocess.Popen(
                [*script, "--", *command],
                # It closes when this process ends, and then the supervisor ends the command.
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=cwd,
                pass_fds=[report],
                # Ctrl-C in a terminal reaches its whole process group, but this process decides what ends when.
                start_new_session=True,
            )
        except BaseException:
            os.close(self._report)
            raise
        finally:
            os.close(report)

    @property
    def output(self) -> IO[bytes]:
        """The command's output, if `output` is a pipe."""
        if self._process.stdout is None:
            raise ValueError("the command's output isn't a pipe")
        return self._process.stdout

    def exit_code(self) -> int | None:
        """The command's exit code, or None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for the command's end and return its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """End the command and every process it started; a second call does nothing."""
        with self._stopping:
            if self._process.stdin is None or self._process.stdin.closed:
                return
            self._process.stdin.close()
            try:
                self._process.wait(timeout=self._grace + _SUPERVISOR_MARGIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            with os.fdopen(self._report) as report:
                group = report.read()
            if group and self._process.returncode < 0:
                # The supervisor was killed, and its command may still run.
                with contextlib.suppress(OSError):
                    os.killpg(int(group), signal.SIGKILL)
