"""`make local`: what it tells a second terminal, and how it ends."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appstream_local.cli.demo import PROJECT_DIR
from appstream_local.cli.local import exports
from appstream_local.process.engine import Engine

pytestmark = pytest.mark.engine

HOSTILE = {
    "AWS_PROFILE": "nosuch",
    "AWS_ENDPOINT_URL_APPSTREAM": "http://10.255.255.1:9",
    "AWS_CA_BUNDLE": "/nonexistent",
    "REQUESTS_CA_BUNDLE": "/nonexistent",
    "SSL_CERT_FILE": "/nonexistent",
    "HTTPS_PROXY": "http://10.255.255.1:9",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "appstream_local.cli.local", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_the_exports_make_a_shell_use_the_engine(shell: str, engine: Engine) -> None:
    """After the printed lines a client in any shell reaches the engine, whatever was set before."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    client = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    script = "\n".join([*exports(engine, project_dir=PROJECT_DIR), f'python -c "{client}"'])

    answer = subprocess.check_output([program, "-c", script], env={**HOSTILE, "PATH": "/usr/bin:/bin"}, text=True)

    assert "000000000000\n" == answer


@pytest.mark.parametrize("port", ["none", "65536", "-1"])
def test_what_is_no_port_is_named(port: str) -> None:
    """What is no port number is refused in one line that repeats it."""
    ended = run(f"--port={port}")

    assert 1 == ended.returncode
    assert 1 == ended.stderr.count("\n")
    assert port in ended.stderr


def test_a_taken_port_is_named() -> None:
    """With a port that is in use it ends at once, with one line and an exit code."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("--port", port)

    assert 1 == ended.returncode
    assert 1 == ended.stderr.count("\n")
    assert f"port {port} on 127.0.0.1 cannot be used" in ended.stderr


def test_a_missing_cdk_is_named(tmp_path: Path) -> None:
    """Without the CDK CLI it says which command installs it, and leaves no engine behind."""
    ended = run("--project-dir", str(tmp_path))

    assert 1 == ended.returncode
    assert "the CDK CLI is not installed: run `npm ci` in" in ended.stderr
