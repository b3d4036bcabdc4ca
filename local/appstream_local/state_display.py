"""Shows an image builder's state while something else is waited for; knows no engine or stack."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

_POLL = 0.25
_CLEAR = "\r\x1b[K"


class StateDisplay:
    """A context manager that prints a line whenever the state has changed.

    On a terminal the seconds run on below those lines.
    """

    def __init__(self, state: Callable[[], str], *, label: str, stream: TextIO | None = None) -> None:
        """Prepare; nothing is shown before the context is entered.

        Args:
            state: returns the present state; an exception of it ends the display, quietly, because
                what is waited for will report the same trouble better.
            label: what is waited for, for the terminal's last line.
            stream: where to write; standard output by default.
        """
        self._state = state
        self._label = label
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._show, name="state-display", daemon=True)
        self._start = time.monotonic()

    def __enter__(self) -> StateDisplay:
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join(timeout=5)

    def _show(self) -> None:
        seen = ""
        while True:
            # Asked once more after the end: a change in the last moment is shown too.
            last = self._end.is_set()
            try:
                state = self._state()
            except Exception:  # the caller's own trouble follows; see `state`
                state = seen
            elapsed = time.monotonic() - self._start
            if state != seen:
                seen = state
                self._write(f"{_CLEAR if self._live else ''}  {elapsed:6.1f} s  {state}\n")
            if last:
                break
            if self._live:
                self._write(f"{_CLEAR}  {elapsed:6.1f} s  {state} ... {self._label}")
            self._end.wait(_POLL)
        if self._live:
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
