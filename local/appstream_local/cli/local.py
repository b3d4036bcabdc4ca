"""Keeps a local engine running for other terminals until Ctrl-C: `python -m appstream_local.cli.local`."""

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

from appstream_local.process.admin_client import AdminError
from appstream_local.process.aws_cli import installed
from appstream_local.process.cdk import Cdk, CdkError
from appstream_local.process.engine import Engine
from appstream_local.process.errors import EngineError

from . import demo
from .shell import directories, write_env_files

_CHECK_EVERY = 0.5
_INSTALL_AWS = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"


def main(arguments: list[str] | None = None) -> int:
    """Run an engine until Ctrl-C or SIGTERM, and return the exit code: 0, or 1 on failure."""
    parser = argparse.ArgumentParser(description="Keep a local engine running until Ctrl-C.")
    parser.add_argument("--port", default=os.environ.get("PORT"), help="the loopback port; $PORT, or a free one (0)")
    parser.add_argument("--name", default=demo.IMAGE_BUILDER, help="the image builder's name")
    parser.add_argument("--start-seconds", type=float, default=demo.START_SECONDS)
    parser.add_argument("--project-dir", type=Path, default=demo.PROJECT_DIR)
    options = parser.parse_args(arguments)
    demo.print_any_character()
    demo.unwind_on_sigterm()
    started = False
    try:
        engine = Engine(port=_port(options.port))
    except EngineError as error:
        return _failed(error)
    try:
        engine.start()
        started = True
        demo.seed(engine.admin, name=options.name, start_seconds=options.start_seconds)
        Cdk(engine=engine, project_dir=options.project_dir).bootstrap().check()
        print(_welcome(engine, options), flush=True)
        while True:
            engine.check()
            time.sleep(_CHECK_EVERY)
    except (KeyboardInterrupt, demo.Terminated):
        return 0
    except (AdminError, CdkError, EngineError) as error:
        return _failed(error)
    finally:
        demo.ignore_signals()
        engine.stop()
        if started:
            print("\nThe local engine has stopped.", flush=True)


def aws_command(search_path: str) -> tuple[str, str]:
    """Return how to start the `aws` on a PATH so that it uses the engine, and what to know about it.

    The command is empty if there is no working AWS CLI.
    """
    found = installed(search_path)
    if not found:
        return "", f"There is no working `aws` on the PATH: install the AWS CLI 2.13 or newer ({_INSTALL_AWS})."
    first = found[0]
    name = f"`aws` is version {first.version} ({first.path})"
    if first.honors_endpoint_url:
        return "aws", f"{name}, which honors AWS_ENDPOINT_URL."
    command = 'aws --endpoint-url "$AWS_ENDPOINT_URL"'
    better = next((cli for cli in found if cli.honors_endpoint_url), None)
    remedy = f"use {better.path} ({better.version})" if better else f"install 2.13 or newer ({_INSTALL_AWS})"
    return command, f"{name}, which ignores AWS_ENDPOINT_URL: write `{command}` instead of `aws`, or {remedy}."


def _failed(error: Exception) -> int:
    print(f"local engine: error: {error}", file=sys.stderr, flush=True)
    return 1


def _port(text: str | None) -> int | None:
    try:
        # 0 is any free port, as for a socket.
        return int(text or 0) or None
    except ValueError:
        raise EngineError(f"{text!r} is not a port: use a number from 1 to 65535") from None


def _welcome(engine: Engine, options: argparse.Namespace) -> str:
    env_file = write_env_files(engine, project_dir=options.project_dir)
    search_path = os.pathsep.join([*directories(options.project_dir), os.environ.get("PATH", os.defpath)])
    aws, about_aws = aws_command(search_path)
    lines = [
        f"Local engine at {engine.endpoint_url}: loopback only, no AWS account. It is bootstrapped.",
        f"Image builder {options.name} is STOPPED; a start takes {options.start_seconds:.0f} s.",
        f"Its log: {engine.log_path}",
        about_aws,
        "",
        "In a second terminal (bash or zsh; in fish source env.fish), use the engine and nothing else:",
        "",
        f"  source {shlex.quote(str(env_file))}",
        "",
        f"Then, for example, in {options.project_dir.absolute()}:",
        "",
        f"  cdk deploy -c imageBuilderName={options.name}",
        f"  {aws} appstream describe-image-builders --names {options.name}"
        if aws
        else f"  appstream-image-builder status {options.name}",
        "",
        "Press Ctrl-C here to stop the engine.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
