"""Runs one step of the set-up: shows that it is alive and how long it took, and says why it failed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

ALIVE_EVERY = 15
"""Seconds between two signs of life where the output is no terminal."""

CAUSES = {
    r"CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|SSLError": (
        "the registry's certificate is not trusted here, as behind a proxy that reads TLS: "
        "set PIP_CERT and NODE_EXTRA_CA_CERTS to the file with its CA certificate"
    ),
    r"407|ProxyError|Tunnel connection failed": "the proxy refuses: check HTTPS_PROXY and its user and password",
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT": (
        "no way to the package registry: behind a proxy set HTTPS_PROXY; "
        "for a mirror set PIP_INDEX_URL and npm_config_registry"
    ),
    r"No matching distribution|Requires-Python|ETARGET": (
        "this Python or your mirror lacks that version: try another Python, such as make PYTHON=python3.12"
    ),
    r"No space left|ENOSPC": "the disk is full",
    r"Permission denied|EACCES": "another user owns files of this checkout: run make clean as that user",
    r"ensurepip": "Python's venv module is incomplete: on Debian and Ubuntu install python3-venv",
}
"""What a tool says when it fails, and the likely cause; the first that matches counts."""


def likely_cause(output: str) -> str:
    """Return the line that names the likely cause, empty where none is known."""
    return next((f"likely cause: {cause}\n" for pattern, cause in CAUSES.items() if re.search(pattern, output)), "")


def wait(process: subprocess.Popen[bytes], title: str, started: float) -> int:
    """Wait for the process, with a sign of life now and then."""
    terminal = sys.stdout.isatty()
    sys.stdout.write(title if terminal else f"{title}\n")
    while True:
        sys.stdout.flush()
        try:
            return process.wait(1 if terminal else ALIVE_EVERY)
        except subprocess.TimeoutExpired:
            seconds = time.monotonic() - started
            sys.stdout.write(f"\r{title}: {seconds:.0f} s" if terminal else f"  still running after {seconds:.0f} s\n")


def run(title: str, command: list[str]) -> int:
    """Run the command and return its exit code; its output is shown where it fails."""
    started = time.monotonic()
    interrupted = False
    process: subprocess.Popen[bytes] | None = None

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)

    # Also where a shell started this in the background, and so deaf to SIGINT.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupt)
    with tempfile.TemporaryFile() as output:
        # In a session of its own, Ctrl-C doesn't reach it: pip and npm would each print a traceback or a log's path.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        if interrupted:
            interrupt()
        code = wait(process, title, started)
        if interrupted:
            sys.stderr.write("\nInterrupted. Run the same command again to continue.\n")
            return 128 + signal.SIGINT
        end = "\r" if sys.stdout.isatty() else ""
        took = f"{time.monotonic() - started:.0f} s"
        if code == 0:
            print(f"{end}{title}: done in {took}")
            return 0
        output.seek(0)
        text = output.read().decode(errors="replace")
    print(f"{end}{title}: failed after {took}", flush=True)
    sys.stderr.write(f"{text.rstrip()}\n{likely_cause(text)}")
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
