"""`python -m appstream_local.cli.local`: an engine to use from other terminals, until Ctrl-C.

Knows what a shell must be told; what the engine does is not its matter.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

from appstream_local.process.admin_client import AdminError
from appstream_local.process.cdk import Cdk, CdkError, tool_directories
from appstream_local.process.engine import Engine, EngineError
from appstream_local.process.environment import passes

from . import demo

_CHECK_EVERY = 0.5

# What the engine's environment says only for children: a shell keeps its own home, language and
# temporary directory, and finds its programs where it always does.
_NOT_EXPORTED = frozenset({"HOME", "TMPDIR", "PATH", "PYTHONUNBUFFERED", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"})

# Whatever the other terminal has set of a real account, endpoint, profile or certificate.
_FORGET = (
    "unset $(env | sed -n 's/^\\(AWS_[A-Za-z0-9_]*\\)=.*/\\1/p') REQUESTS_CA_BUNDLE SSL_CERT_FILE CDK_DEFAULT_ACCOUNT"
)


def main(arguments: list[str] | None = None) -> int:
    """Keep an engine up and return the exit code: 0 when told to stop, 1 on failure."""
    parser = argparse.ArgumentParser(description="Keep a local engine up until Ctrl-C.")
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
    except (CdkError, AdminError, EngineError) as error:
        return _failed(error)
    finally:
        demo.ignore_signals()
        engine.stop()
        if started:
            print("\nThe local engine has stopped.", flush=True)


def exports(engine: Engine, *, project_dir: Path) -> list[str]:
    """Return the lines that make a POSIX shell use this engine, and reach nothing else."""
    lines = [_FORGET]
    for name, value in sorted(engine.environment.items()):
        if name not in _NOT_EXPORTED and not passes(name):
            lines.append(f"export {name}={shlex.quote(value)}")
    # The interpreter last of the three, for `python app.py`; its bin has a `node` of its own.
    directories = [*tool_directories(project_dir), Path(sys.executable).parent]
    search = ":".join(shlex.quote(str(each)) for each in directories)
    lines.append(f'export PATH={search}:"$PATH"')
    return lines


def _failed(error: Exception) -> int:
    print(f"local engine: error: {error}", file=sys.stderr, flush=True)
    return 1


def _port(text: str | None) -> int | None:
    try:
        # As for a socket, 0 means any free one.
        return int(text or 0) or None
    except ValueError:
        raise EngineError(f"{text!r} is no port: give a number from 1 to 65535") from None


def _welcome(engine: Engine, options: argparse.Namespace) -> str:
    lines = [
        f"Local engine at {engine.endpoint_url}: loopback only, no AWS account. It is bootstrapped.",
        f"Image builder {options.name} is STOPPED; a start takes {options.start_seconds:.0f} s.",
        f"Its log: {engine.log_path}",
        "",
        "In a second terminal, to use it and nothing else (close that terminal when done):",
        "",
        *exports(engine, project_dir=options.project_dir),
        f"cd {shlex.quote(str(options.project_dir.absolute()))}",
        "",
        "Then, for example:",
        "",
        f"cdk deploy -c imageBuilderName={options.name}",
        f"aws appstream describe-image-builders --names {options.name}",
        "",
        "Ctrl-C here ends it.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
