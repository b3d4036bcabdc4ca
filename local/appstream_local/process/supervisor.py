"""Runs one command, and ends its whole process group when its owner is gone.

The owner holds the other end of this script's standard input. When the owner ends, even by SIGKILL,
that end closes, on every system. Run it as a file with `-I -S`, so that it starts in milliseconds:

    python -I -S supervisor.py --grace SECONDS --report DESCRIPTOR [--remove DIRECTORY] -- COMMAND...
"""

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
    """One command in its own session."""

    def __init__(self, command: list[str], *, grace: float) -> None:
        """Start `command`, which has `grace` seconds to end after SIGTERM."""
        self._grace = grace
        self._ending = threading.Lock()
        self.abandoned = threading.Event()
        # Standard input belongs to the supervisor: the command must not keep it open or read it.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    @property
    def group(self) -> int:
        """The process group of the command and every process it starts."""
        return self._process.pid

    def watch_owner(self) -> None:
        """Wait until the owner is gone, then end the command."""
        while os.read(sys.stdin.fileno(), 4096):
            pass
        self.end()

    def end(self) -> None:
        """Send SIGTERM to the group and, after the grace period, SIGKILL."""
        with self._ending:
            self.abandoned.set()
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + self._grace
            while time.monotonic() < deadline and self._process.returncode is None:
                time.sleep(0.02)
            self._signal(signal.SIGKILL)

    def wait(self) -> int:
        """Wait for the command, end what it started, and return its exit code."""
        code = self._process.wait()
        # What the command left running gets no grace period.
        self._signal(signal.SIGKILL)
        return code if code >= 0 else 128 - code

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.group, number)
        except OSError:
            # ProcessLookupError: the group is gone. On macOS a group of zombies is PermissionError.
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

    # If the supervisor is killed, the owner ends the group itself.
    os.write(arguments.report, str(supervisor.group).encode())
    os.close(arguments.report)

    def end(_number: int, _frame: object) -> None:
        threading.Thread(target=supervisor.end, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=supervisor.watch_owner, daemon=True).start()
    code = supervisor.wait()
    # Only if the owner is gone: it reads the log of a command that died.
    if arguments.remove and supervisor.abandoned.is_set():
        shutil.rmtree(arguments.remove, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
