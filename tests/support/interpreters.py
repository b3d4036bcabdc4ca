"""Finds the Pythons of this machine; installs nothing."""

import os
import shutil
import subprocess
from pathlib import Path

SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""What pyproject.toml's classifiers state; tests/packaging/test_release_files.py compares them."""

_SHOW = "import sys, venv; print('%d.%d' % sys.version_info[:2])"


def find(version: str) -> str | None:
    """Return a working Python of a minor version: on PATH, or one of pyenv's; None without one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = shutil.which(f"python{version}")
    candidates = [on_path] if on_path else []
    candidates += [str(each) for each in sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    for candidate in candidates:
        process = subprocess.run([candidate, "-c", _SHOW], capture_output=True, text=True, check=False)
        if process.stdout.strip() == version:
            return candidate
    return None
