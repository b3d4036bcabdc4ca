"""Runs one command and ends its whole process group when its owner is gone; imports nothing of us.

The owner keeps the other end of this script's standard input open. Whatever ends the owner, a
SIGKILL included, closes that end, on every system alike. Run as a file, with `-I -S`, so that it
starts in some milliseconds:

    python -I -S supervisor.py --grace SECONDS --report DESCRIPTOR [--remove DIRECTORY] -- COMMAND...
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

_NOT_STARTED = 127


class Supervisor:
    """One command in a session of its own, and the ways it ends."""

    def __init__(self, command: list[str], *, grace: float) -> None:
        """Start `command`; `grace` is how long it may take to end by itself, in seconds."""
        self._grace = grace
        self._ending = threading.Lock()
        self.abandoned = threading.Event()
        # Standard input is the supervisor's own: the command must not hold or read it.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    @property
    def group(self) -> int:
        """The process group of the command and all it starts."""
        return self._process.pid

    def watch_owner(self) -> None:
        """Wait until the owner closes its end, then end the command."""
        while os.read(sys.stdin.fileno(), 4096):
            pass
        self.end()

    def end(self) -> None:
        """Ask the group to end and, when the grace is over, end it."""
        with self._ending:
            self.abandoned.set()
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + self._grace
            while time.monotonic() < deadline and self._process.returncode is None:
                time.sleep(0.02)
            self._signal(signal.SIGKILL)

    def wait(self) -> int:
        """Return the command's exit code once it and everything it started have ended."""
        code = self._process.wait()
        # The command itself is gone; what it left behind gets no second chance.
        self._signal(signal.SIGKILL)
        return code if code >= 0 else 128 - code

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.group, number)
        except OSError:
            # ProcessLookupError: all gone. macOS says PermissionError for a group of zombies.
            return


def main() -> int:
    """Run the command line's command and return its exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--grace", type=float, required=True)
    parser.add_argument("--report", type=int, required=True)
    parser.add_argument("--remove")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    try:
        supervisor = Supervisor(arguments.command, grace=arguments.grace)
    except OSError as error:
        print(f"{arguments.command[0]}: {error.strerror}", file=sys.stderr)
        return _NOT_STARTED

    # The owner ends the group itself, should somebody kill this supervisor.
    os.write(arguments.report, str(supervisor.group).encode())
    os.close(arguments.report)

    def end(_number: int, _frame: object) -> None:
        threading.Thread(target=supervisor.end, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=supervisor.watch_owner, daemon=True).start()
    code = supervisor.wait()
    # Only where nobody is left to look at it: the owner reads the log of a command that died.
    if arguments.remove and supervisor.abandoned.is_set():
        shutil.rmtree(arguments.remove, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
