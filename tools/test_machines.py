"""Runs the README's commands in fresh clones of the last commit, on each machine that this one can stand for.

A machine is a Python, a folder and a user. The exit status is 1 where a command fails, or where a machine that was
asked for isn't there; without any asked for, those that aren't there are named and left out.
"""

import argparse
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
LOGS = PROJECT / "build" / "machines"
SYSTEM_PYTHON = "/usr/bin/python3"
SUPPORTED = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (PROJECT / "pyproject.toml").read_text("utf-8"))
USABLE = "import sys, ensurepip, venv; sys.version_info >= (3, 10) and print('%d.%d' % sys.version_info[:2])"
APP = """
from aws_cdk import App, Stack
from cdk_appstream_image_builder import RunningImageBuilder
app = App()
RunningImageBuilder(Stack(app, "Stack"), "Builder", image_builder_name="nb-1")
app.synth()
"""
SHOWN = 40
"""Lines of a failed command's log that are printed."""


class Failed(Exception):
    """A command failed, or did not do what it should."""


@dataclass(frozen=True)
class Machine:
    """What differs from machine to machine."""

    name: str
    python: str | None
    folder: str = "checkout"
    user: str | None = None
    only_distributions: bool = False


def version_of(python: str) -> str:
    """Return the minor version of a Python that the set-up can use, empty for any other."""
    try:
        return subprocess.run([python, "-c", USABLE], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def find(version: str) -> str | None:
    """Return a Python of a minor version: on PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))]
    return next((each for each in candidates if each and version_of(each) == version), None)


def machines() -> list[Machine]:
    """Return every machine that is wanted; its Python is None where this one doesn't have it."""
    system = SYSTEM_PYTHON if version_of(SYSTEM_PYTHON) else None
    current = next((each for each in ("python3", sys.executable) if version_of(each)), None)
    return [
        Machine("system", system),
        *(Machine(version, find(version)) for version in SUPPORTED),
        Machine("folder", current, folder="with a space and ü"),
        # Only root can become somebody else; somebody else can't read root's pyenv.
        Machine("user", system if os.geteuid() == 0 else None, user="nobody"),
        Machine("distributions", current, only_distributions=True),
    ]


class Run:
    """The commands of one machine, in a clone of its own."""

    def __init__(self, machine: Machine, root: Path) -> None:
        self._log = LOGS / f"{machine.name}.log"
        self._log.write_text("")
        self._user: str | None = None
        self.root = root
        self.checkout = root / machine.folder
        (root / "home").mkdir()
        self.command("git", "clone", "--quiet", PROJECT, self.checkout, cwd=root)
        if machine.user:
            self.command("chown", "-R", machine.user, root)
            self._user = machine.user

    def command(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Run a command as the machine's user, say how long it took, and return what it printed."""
        started = time.monotonic()
        shown = " ".join(str(each) for each in command).replace(f"{self.root}/", "")
        with self._log.open("a+", encoding="utf-8", errors="replace") as log:
            log.write(f"$ {shown}\n")
            log.flush()
            begin = log.tell()
            code = subprocess.run(
                command,
                cwd=cwd or self.checkout,
                env=self._environment(),
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
            log.seek(begin)
            printed = log.read()
        print(f"  {shown}: {time.monotonic() - started:.0f} s", flush=True)
        if code:
            print("\n".join(printed.splitlines()[-SHOWN:]))
            raise Failed(shown)
        return printed

    def _environment(self) -> dict[str, str]:
        """Return the caller's environment without this checkout, make's and Python's settings."""
        hidden = ("MAKE", "MFLAGS", "PYTHON", "VIRTUAL_ENV", "TESTS", "MACHINES")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        path = [each for each in kept.get("PATH", os.defpath).split(os.pathsep) if not each.startswith(str(PROJECT))]
        home = {"HOME": str(self.root / "home"), "USER": self._user, "LOGNAME": self._user} if self._user else {}
        return {**kept, **home, "PATH": os.pathsep.join(path)}


def try_checkout(run: Run, python: str, tests: str) -> str:
    """Run the README's commands, each as it stands there, and return the template that was synthesized."""
    make = ("make", f"PYTHON={python}")
    run.command(*make, "deploy-local")
    run.command(*make, "test", f"TESTS={tests}")
    again = run.command(*make, "deploy-local")
    if ": done in " in again:
        raise Failed("a second run installs something again")
    # There is no account to deploy to; the tests deploy to the local engine.
    blocks = re.findall(r"^```sh\n(.*?)^```$", (run.checkout / "README.md").read_text("utf-8"), re.M | re.S)
    (deploy,) = [block for block in blocks if "npx cdk deploy -c imageBuilderName" in block]
    run.command("bash", "-ec", deploy.replace("npx cdk deploy", "npx cdk synth --quiet"))
    (template,) = (run.checkout / "cdk.out").glob("*.template.json")
    return template.read_text("utf-8")


def try_distributions(run: Run, python: str) -> None:
    """Install wheel, sdist and checkout elsewhere, dependencies included, and use each."""
    run.command("make", f"PYTHON={python}", "wheel")
    (run.root / "app.py").write_text(APP)
    templates = set()
    for distribution in (*sorted((run.checkout / "dist").iterdir()), run.checkout):
        folder = run.root / f"installed{distribution.suffix}"
        run.command(python, "-m", "venv", folder)
        run.command(folder / "bin/python", "-m", "pip", "install", "--quiet", f"{distribution}[cli]", cwd=run.root)
        run.command("env", f"CDK_OUTDIR={folder}/out", folder / "bin/python", "app.py", cwd=run.root)
        run.command(folder / "bin/python", "-m", "cdk_appstream_image_builder", "watch", "--help", cwd=run.root)
        run.command(folder / "bin/appstream-image-builder", "--help", cwd=run.root)
        templates.add((folder / "out" / "Stack.template.json").read_text("utf-8"))
    if len(templates) != 1:
        raise Failed("wheel, sdist and checkout make different templates")


def results(wanted: list[Machine], tests: str) -> Iterator[tuple[str, str]]:
    """Yield each machine's name and how it went."""
    templates: dict[str, str] = {}
    for machine in wanted:
        if machine.python is None:
            yield machine.name, "not on this machine"
            continue
        print(f"{machine.name}: {machine.python}", flush=True)
        with tempfile.TemporaryDirectory(prefix="machine-") as root:
            try:
                run = Run(machine, Path(root))
                if machine.only_distributions:
                    try_distributions(run, machine.python)
                else:
                    templates[machine.name] = try_checkout(run, machine.python, tests)
            except Failed as failure:
                yield machine.name, f"FAILED: {failure}"
                continue
        yield machine.name, "passed"
    if len(set(templates.values())) > 1:
        yield "templates", f"FAILED: they differ between {', '.join(templates)}"


def main() -> int:
    """Run the machines and say how they went, one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", default="tests/packaging tests/function", help="the part of the tests that is run")
    parser.add_argument("names", nargs="*", help="machines, such as 3.12 or user; default: all")
    arguments = parser.parse_args()
    offered = {machine.name: machine for machine in machines()}
    if unknown := set(arguments.names) - offered.keys():
        parser.error(f"no such machine: {', '.join(sorted(unknown))}; there are {', '.join(offered)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    outcome = dict(results([offered[name] for name in arguments.names or offered], arguments.tests))
    for name, result in outcome.items():
        print(f"{name}: {result}")
    print(f"Logs: {LOGS.relative_to(PROJECT)}")
    missing = "not on this machine"
    return int(any(each.startswith("FAILED") or (arguments.names and each == missing) for each in outcome.values()))


if __name__ == "__main__":
    sys.exit(main())
