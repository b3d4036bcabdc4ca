"""Writes the files to source that make a shell use an engine and nothing else."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from appstream_local.process.cdk import tool_directories
from appstream_local.process.engine import Engine
from appstream_local.process.environment import passes

# Variables that only the engine's own child processes need: a shell keeps its home and temporary directory.
_FOR_CHILDREN = frozenset({"HOME", "TMPDIR", "PATH", "PYTHONUNBUFFERED", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"})

# The shell may have these set for a real account, besides any AWS_ variable.
_UNSET = "REQUESTS_CA_BUNDLE SSL_CERT_FILE CDK_DEFAULT_ACCOUNT"
_DONE = "This shell uses the local engine at {}, and no AWS account. Close it when you are done."


def write_env_files(engine: Engine, *, project_dir: Path) -> Path:
    """Write `env.sh` for bash, zsh and sh, and `env.fish` beside it; return the path of `env.sh`."""
    variables = {
        name: value
        for name, value in sorted(engine.environment.items())
        if name not in _FOR_CHILDREN and not passes(name)
    }
    done = _DONE.format(engine.endpoint_url)
    path = engine.state_dir / "env.sh"
    path.write_text(_posix(variables, directories(project_dir), done), encoding="utf-8")
    path.with_suffix(".fish").write_text(_fish(variables, directories(project_dir), done), encoding="utf-8")
    return path


def directories(project_dir: Path) -> list[str]:
    """Return what comes first on the shell's PATH: Node, `cdk`, and Python for `python app.py`."""
    # Python's directory is last, because it has a `node`, too.
    return [str(each) for each in (*tool_directories(project_dir), Path(sys.executable).parent)]


def _posix(variables: Mapping[str, str], path: list[str], done: str) -> str:
    lines = [
        # In zsh an unquoted command substitution is split into words, as in other shells.
        f"unset $(env | sed -n 's/^\\(AWS_[A-Za-z0-9_]*\\)=.*/\\1/p') {_UNSET}",
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
        f'export PATH={shlex.quote(os.pathsep.join(path))}:"$PATH"',
        f"echo {shlex.quote(done)}",
    ]
    return "\n".join(lines) + "\n"


def _fish(variables: Mapping[str, str], path: list[str], done: str) -> str:
    lines = [
        f"set --erase (set --names --export | string match --regex '^AWS_.*') {_UNSET}",
        *(f"set --global --export {name} {_fish_quoted(value)}" for name, value in variables.items()),
        f"set --global --export PATH {' '.join(map(_fish_quoted, path))} $PATH",
        f"echo {_fish_quoted(done)}",
    ]
    return "\n".join(lines) + "\n"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
