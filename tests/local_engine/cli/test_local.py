"""`make local`: what it tells a second terminal, and how it ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appstream_local.cli.demo import PROJECT_DIR
from appstream_local.cli.local import aws_command
from appstream_local.cli.shell import write_env_files
from appstream_local.process.engine import Engine
from support.processes import run_to_end

_COMMAND = (sys.executable, "-m", "appstream_local.cli.local")
_ENDPOINT = "echo $AWS_ENDPOINT_URL"
_HOSTILE = {
    "AWS_PROFILE": "nosuch",
    "AWS_ENDPOINT_URL_APPSTREAM": "http://10.255.255.1:9",
    "AWS_CA_BUNDLE": "/nonexistent",
    "REQUESTS_CA_BUNDLE": "/nonexistent",
    "SSL_CERT_FILE": "/nonexistent",
    "HTTPS_PROXY": "http://10.255.255.1:9",
}


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return run_to_end([*_COMMAND, *arguments], timeout=60)


def _aws(folder: Path, version: str) -> str:
    """Return a folder with a program that prints the version of an AWS CLI."""
    folder.mkdir()
    (folder / "aws").write_text(f"#!/bin/sh\necho aws-cli/{version} Python/3.11\n")
    (folder / "aws").chmod(0o755)
    return str(folder)


@pytest.mark.engine
@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish"])
def test_a_sourced_file_makes_a_shell_use_the_engine(shell: str, engine: Engine, tmp_path: Path) -> None:
    """Whatever was set before: a client reaches the engine, and the shell keeps its home directory."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    path = write_env_files(engine, project_dir=PROJECT_DIR)
    client = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    script = f'. {path.with_suffix(".fish") if shell == "fish" else path}; echo $HOME; python -c "{client}"'

    home = str(tmp_path)
    printed = subprocess.check_output(
        [program, "-c", script], env={**_HOSTILE, "PATH": "/usr/bin:/bin", "HOME": home}, text=True
    )

    [done, *rest] = printed.splitlines()
    assert f"This shell uses the local engine at {engine.endpoint_url}, and no AWS account." in done
    assert [home, "000000000000"] == rest


@pytest.mark.engine
def test_it_says_what_to_source_and_ends_on_ctrl_c() -> None:
    """One line to source, whose file is gone with the engine."""
    with subprocess.Popen([*_COMMAND, "--start-seconds", "1"], stdout=subprocess.PIPE, text=True) as local:
        assert local.stdout is not None
        shown: list[str] = []
        while "Press Ctrl-C" not in (shown or [""])[-1]:
            shown.append(local.stdout.readline())
            assert shown[-1], "it ended early"
        [path] = [line.split()[1] for line in shown if line.startswith("  source ")]
        sourced = subprocess.check_output(["sh", "-c", f". {path}; {_ENDPOINT}"], text=True)
        local.send_signal(signal.SIGINT)
        last = local.stdout.read()

    assert sourced.splitlines()[-1] in shown[0]
    assert (0, "\nThe local engine has stopped.\n") == (local.returncode, last)
    assert not Path(path).exists()


@pytest.mark.parametrize("version", ["2.13.0", "1.45.11"])
def test_an_aws_that_honors_the_endpoint_is_used(tmp_path: Path, version: str) -> None:
    """It is named with its version."""
    folder = _aws(tmp_path / "bin", version)

    about = f"`aws` is version {version} ({folder}/aws), which honors AWS_ENDPOINT_URL."
    assert ("aws", about) == aws_command(folder)


def test_an_aws_that_ignores_the_endpoint_has_a_remedy(tmp_path: Path) -> None:
    """The option that every version has, and a newer one on the PATH or from AWS."""
    debian, newer = _aws(tmp_path / "debian", "2.9.19"), _aws(tmp_path / "newer", "2.31.0")

    command, alone = aws_command(debian)
    _, both = aws_command(os.pathsep.join([debian, newer]))

    assert 'aws --endpoint-url "$AWS_ENDPOINT_URL"' == command
    assert "which ignores AWS_ENDPOINT_URL" in alone
    assert "or install 2.13 or newer (https://docs.aws.amazon.com/" in alone
    assert f"or use {newer}/aws (2.31.0)" in both


def test_a_missing_aws_is_named(tmp_path: Path) -> None:
    """Without an AWS CLI there is no command to show."""
    command, about = aws_command(str(tmp_path))

    assert ("", True) == (command, about.startswith("There is no working `aws` on the PATH: install the AWS CLI 2.13"))


def test_any_character_can_be_printed() -> None:
    """A stream that can't encode the CDK CLI's red cross shows an escape instead of ending the command."""
    code = "from appstream_local.cli.demo import print_any_character as any_; any_(); print('\\u274c failed')"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}

    assert "\\u274c failed\n" == subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)


@pytest.mark.parametrize("port", ["none", "65536", "-1"])
def test_an_invalid_port_is_named(port: str) -> None:
    """In one line."""
    ended = _run(f"--port={port}")

    assert (1, 1) == (ended.returncode, ended.stderr.count("\n"))
    assert port in ended.stderr


@pytest.mark.engine
def test_a_taken_port_is_named() -> None:
    """In one line, without a second attempt."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = _run("--port", port)

    assert (1, 1) == (ended.returncode, ended.stderr.count("\n"))
    assert f"port {port} on 127.0.0.1 cannot be used" in ended.stderr


@pytest.mark.engine
def test_a_missing_cdk_cli_is_named(tmp_path: Path) -> None:
    """With the command that installs it."""
    ended = _run("--project-dir", str(tmp_path))

    assert 1 == ended.returncode
    assert "the CDK CLI is not installed: run `npm ci` in" in ended.stderr
