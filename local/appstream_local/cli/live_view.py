"""Shows a deploy on this terminal as the command `watch` shows it in a second one."""

from __future__ import annotations

import sys
import time

from appstream_local.process.engine import Engine
from appstream_local.process.supervised_process import SupervisedProcess

_PACKAGE = "appstream_image_builder_cli"
_INTERVAL = "0.5"
# After the deploy `watch` ends by itself: it starts in a second or two, and then sees that the deploy is over.
_LAST_LOOK = 15.0
_GRACE = 1.0
_POLL = 0.1


class LiveView:
    """A context manager that runs `watch` for one deploy.

    A failure of `watch` is on the screen and changes nothing, because the deploy reports its own failure.
    """

    def __init__(self, engine: Engine, name: str, *, starts_at: str = "", output: int | None = None) -> None:
        """Prepare; nothing is shown before the context is entered.

        Args:
            engine: a started engine.
            name: the image builder's name.
            starts_at: the text in the CDK CLI's output to start at. Before an update begins, `watch` would show the
                end of the previous deploy. By default it starts immediately.
            output: the file descriptor to write to; by default standard output.
        """
        self._engine = engine
        self._name = name
        self._starts_at = starts_at
        self._output = output
        self._process: SupervisedProcess | None = None

    def __enter__(self) -> LiveView:
        self.see("")
        return self

    def see(self, line: str) -> None:
        """Start with a line of the CDK CLI's output, if it is the one to start at."""
        if self._process is not None or self._starts_at not in line:
            return
        sys.stdout.flush()
        self._process = SupervisedProcess(
            [sys.executable, "-m", _PACKAGE, "watch", self._name, "--interval", _INTERVAL],
            environment=self._engine.environment,
            output=sys.stdout.fileno() if self._output is None else self._output,
            cwd=self._engine.state_dir,
            grace=_GRACE,
        )

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._process is None:
            return
        try:
            end = time.monotonic() + _LAST_LOOK
            while kind is None and self._process.exit_code() is None and time.monotonic() < end:
                time.sleep(_POLL)
        finally:
            self._process.stop()
