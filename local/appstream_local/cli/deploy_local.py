"""Deploys the app on a local engine with the CDK CLI, and cleans up: `python -m appstream_local.cli.deploy_local`."""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from appstream_local.process.admin_client import AdminClient, AdminError
from appstream_local.process.cdk import Cdk, CdkError, CdkResult
from appstream_local.process.engine import Engine
from appstream_local.process.errors import EngineError

from . import demo
from .live_view import LiveView

_FIRST_TIMEOUT = "30"
_SECOND_TIMEOUT = "45"
_OUTPUTS = ("Arn", "State", "EniPrivateIpAddress")
# Even a first synth on a slow machine takes only half a minute.
_CDK_TIMEOUT = 600.0
_CONTEXT_LINES = 15


class DemoError(Exception):
    """A step has an unexpected result; the text is one line."""


def main(arguments: list[str] | None = None) -> int:
    """Run the steps, and return the exit code: 0, 1 on failure, 130 on Ctrl-C, 143 on SIGTERM."""
    parser = argparse.ArgumentParser(description="Deploy the app on a local engine, and clean up.")
    parser.add_argument("--name", default=demo.IMAGE_BUILDER, help="the image builder's name")
    parser.add_argument("--start-seconds", type=float, default=demo.START_SECONDS)
    parser.add_argument("--project-dir", type=Path, default=demo.PROJECT_DIR)
    parser.add_argument("--verbose", action="store_true", help="show what the CDK CLI writes")
    options = parser.parse_args(arguments)
    demo.print_any_character()
    demo.unwind_on_sigterm()
    engine = Engine()
    try:
        engine.start()
        _Demo(engine, options).run()
    except KeyboardInterrupt:
        return _ended("interrupted", code=130)
    except demo.Terminated:
        return _ended("terminated", code=143)
    except (CdkError, AdminError, DemoError, EngineError) as error:
        return _ended(f"error: {_cause(engine, error)}", code=1)
    finally:
        demo.ignore_signals()
        engine.stop()
    print("Everything that was started has been stopped.", flush=True)
    return 0


class _Demo:
    """The steps, each of which checks what it shows."""

    def __init__(self, engine: Engine, options: argparse.Namespace) -> None:
        self._engine = engine
        self._admin: AdminClient = engine.admin
        self._name: str = options.name
        self._start_seconds: float = options.start_seconds
        self._cdk = Cdk(
            engine=engine,
            project_dir=options.project_dir,
            timeout=_CDK_TIMEOUT,
            on_line=self._see,
        )
        self._verbose: bool = options.verbose
        self._view: LiveView | None = None

    def run(self) -> None:
        """Bootstrap, deploy, deploy again, destroy."""
        demo.seed(self._admin, name=self._name, start_seconds=self._start_seconds)
        _say(f"Local engine at {self._engine.endpoint_url}: loopback only, no AWS account.")
        _say(f"Image builder {self._name}: {self._state()}, in a VPC; a start takes {self._start_seconds:.0f} s.")
        _say("\n1. cdk bootstrap")
        bootstrap = self._cdk.bootstrap().check()
        _say(f"   took {bootstrap.seconds:.1f} s")
        _say(f"\n2. cdk deploy -c imageBuilderName={self._name} -c timeoutMinutes={_FIRST_TIMEOUT}")
        stack, outputs = self._deploy(_FIRST_TIMEOUT)
        self._verify(outputs)
        _say(f"\n3. cdk deploy -c imageBuilderName={self._name} -c timeoutMinutes={_SECOND_TIMEOUT}")
        _, again = self._deploy(_SECOND_TIMEOUT, view_from="UPDATE_IN_PROGRESS")
        self._verify(again)
        _say(f"   {self._name} was RUNNING already: the update itself took {self._update_seconds()} s")
        _say("\n4. cdk destroy")
        destroy = self._cdk.destroy(stack, context=self._context(_SECOND_TIMEOUT)).check()
        observed = self._admin.image_builder(self._name)
        if observed.state != "RUNNING" or observed.stops:
            raise DemoError(f"destroying the stack changed {self._name}: it is {observed.state}")
        _say(f"   took {destroy.seconds:.1f} s; {self._name} is left as it is: {observed.state}\n")

    def _deploy(self, timeout_minutes: str, *, view_from: str = "") -> tuple[str, Mapping[str, str]]:
        with LiveView(self._engine, self._name, starts_at=view_from) as self._view:
            result = self._cdk.deploy(context=self._context(timeout_minutes))
        self._view = None
        self._check(result)
        if len(result.outputs) != 1:
            raise DemoError(f"expected the outputs of one stack, not of {sorted(result.outputs)}")
        ((stack, outputs),) = result.outputs.items()
        _say(f"   cdk deploy returned after {result.seconds:.1f} s, synthesis included")
        for name in _OUTPUTS:
            _say(f"     {name:<20} = {outputs.get(name, '')}")
        return stack, outputs

    def _update_seconds(self) -> str:
        # `cdk deploy` polls a stack every five seconds, so its own time says little about a short update.
        command = [sys.executable, "-m", "appstream_image_builder_cli", "status", self._name]
        command += ["--query", "Deploy.ElapsedSeconds", "--output", "text"]
        done = subprocess.run(
            command, env=self._engine.environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise DemoError(f"the update's duration is unknown: {done.stderr.strip()}")
        return done.stdout.strip()

    def _see(self, line: str) -> None:
        if self._verbose:
            _say(f"   | {line}")
        if self._view is not None:
            self._view.see(line)

    def _check(self, result: CdkResult) -> None:
        if result.exit_code:
            self._engine.check()
            tail = [] if self._verbose else result.output.splitlines()[-_CONTEXT_LINES:]
            print("\n".join(f"   | {line}" for line in tail), file=sys.stderr)
        result.check()

    def _verify(self, outputs: Mapping[str, str]) -> None:
        observed = self._admin.image_builder(self._name)
        description = observed.description
        network = description.get("NetworkAccessConfiguration", {})
        expected = {
            "Arn": description["Arn"],
            "State": "RUNNING",
            "EniPrivateIpAddress": network.get("EniPrivateIpAddress", ""),
        }
        for name in _OUTPUTS:
            if not outputs.get(name) or outputs[name] != expected[name]:
                raise DemoError(f"the output {name} is {outputs.get(name)!r}, not {expected[name]!r}")
        if observed.state != "RUNNING" or observed.starts != 1:
            raise DemoError(f"{self._name} is {observed.state} after {observed.starts} starts, not RUNNING after one")

    def _context(self, timeout_minutes: str) -> dict[str, str]:
        return {"imageBuilderName": self._name, "timeoutMinutes": timeout_minutes}

    def _state(self) -> str:
        return self._admin.image_builder(self._name).state


def _cause(engine: Engine, error: Exception) -> str:
    """Return why it failed; if the engine died, that is the cause."""
    cause = error
    if not isinstance(error, EngineError):
        try:
            engine.check()
        except EngineError as dead:
            cause = dead
    try:
        return f"{cause} (the engine's log: {engine.keep_log()})"
    except EngineError:
        return str(cause)


def _say(text: str) -> None:
    print(text, flush=True)


def _ended(text: str, *, code: int) -> int:
    print(f"\ndeploy-local: {text}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
