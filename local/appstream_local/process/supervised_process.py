"""Owns a child process that cannot outlive us; knows nothing of what the child does."""

from __future__ import annotations

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

# Beyond the command's own grace: starting Python and noticing takes the supervisor some time when
# every core of the machine is busy.
_SUPERVISOR_MARGIN = 10.0


class SupervisedProcess:
    """One command and all it starts, ended together: by `stop`, or by our own end, however hard."""

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
            environment: all that the command gets; nothing is inherited.
            output: where standard output and error go, as for `subprocess`.
            cwd: the directory it runs in.
            grace: seconds between the request to end and the end.
            remove: a directory to delete where we could not do it ourselves.
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
                # The supervisor itself: its other end closes when we are gone, and with it the command.
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=cwd,
                pass_fds=[report],
                # Ctrl-C in a terminal reaches its whole process group. What ends when is ours to say.
                start_new_session=True,
            )
        except BaseException:
            os.close(self._report)
            raise
        finally:
            os.close(report)

    @property
    def output(self) -> IO[bytes]:
        """The command's output, where `output` was a pipe."""
        if self._process.stdout is None:
            raise ValueError("the command's output does not go to a pipe")
        return self._process.stdout

    def exit_code(self) -> int | None:
        """The command's exit code, or None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for the command's end and return its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """End the command and all it started; a second call does nothing."""
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
                # Somebody killed the supervisor, so that nobody has ended what it held.
                with contextlib.suppress(OSError):
                    os.killpg(int(group), signal.SIGKILL)
