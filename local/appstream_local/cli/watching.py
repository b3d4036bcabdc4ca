"""Runs the product's own `watch` beside a deployment, on the same terminal; knows no stack and no state."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from appstream_local.process.engine import Engine
from appstream_local.process.supervised_process import SupervisedProcess

_PACKAGE = "appstream_image_builder_cli"
_INTERVAL = "0.5"
# What is waited for is over: the watch sees that at its next look, or is not needed any more.
_LAST_LOOK = 5.0
_GRACE = 1.0
_POLL = 0.1


class Watching:
    """A context manager that shows an image builder's deploy as a second terminal would.

    What the watch itself fails with is on the screen and changes nothing: what is waited for reports it better.
    """

    def __init__(self, engine: Engine, name: str, *, output: int | None = None) -> None:
        """Prepare; nothing is shown before the context is entered.

        Args:
            engine: a started engine.
            name: the image builder's name.
            output: the file descriptor to write to; standard output by default.
        """
        self._engine = engine
        self._name = name
        self._output = output
        self._process: SupervisedProcess | None = None

    def __enter__(self) -> Watching:
        sys.stdout.flush()
        self._process = SupervisedProcess(
            [sys.executable, "-m", _PACKAGE, "watch", self._name, "--interval", _INTERVAL],
            environment=self._engine.environment,
            output=sys.stdout.fileno() if self._output is None else self._output,
            cwd=self._engine.state_dir,
            grace=_GRACE,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            end = time.monotonic() + _LAST_LOOK
            while kind is None and process.exit_code() is None and time.monotonic() < end:
                time.sleep(_POLL)
        finally:
            process.stop()
