"""The commands ``watch`` and ``status``."""

import sys
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, TextIO

from rich.console import Console

from appstream_image_builder_cli import exit_codes, verdict
from appstream_image_builder_cli.arguments import Arguments
from appstream_image_builder_cli.changes import Change, changes
from appstream_image_builder_cli.documents import render
from appstream_image_builder_cli.observation import Observation
from appstream_image_builder_cli.observer import Observer
from appstream_image_builder_cli.verdict import Verdict
from appstream_image_builder_cli.view import View, print_summary
from running_image_builder_function.timing import Clock

_CODES = {Verdict.RUNNING: exit_codes.RUNNING, Verdict.LOST: exit_codes.NOT_RUNNING}


class Commands:
    """Both commands.

    Args:
        arguments: The parsed command line.
        observer: Observes the builder.
        clock: The clock.
        stream: The output; None for standard output.
        zone: The time zone of the view; None for this machine's.
    """

    def __init__(
        self,
        arguments: Arguments,
        *,
        observer: Observer,
        clock: Clock,
        stream: TextIO | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        self._arguments = arguments
        self._observer = observer
        self._clock = clock
        self._stream = stream or sys.stdout
        self._zone = zone
        self._console = console(self._stream, arguments.color)
        # As in the AWS CLI, the result of a query is JSON by default.
        self._output = arguments.output or ("json" if arguments.query is not None else None)

    def run(self) -> int:
        """Run the command and return the exit code.

        Raises:
            NotFound: There is no such builder.
            ClientError: AWS refuses the first observation.
            BotoCoreError: AWS cannot be reached.
        """
        return self._watch() if self._arguments.command == "watch" else self._status()

    def _watch(self) -> int:
        view = View(self._console, zone=self._zone)
        since = began = self._clock.time()
        before: Observation | None = None
        try:
            seen = self._observer.first_observation()
            while True:
                self._show(view, changes(before, seen), seen)
                if seen.deploy is not None and seen.deploy.in_progress:
                    # Whatever CloudFormation's clock says: this is the deploy whose end counts.
                    since = float("-inf")
                outcome = verdict.for_watch(seen, since=since)
                if outcome is not Verdict.OPEN:
                    view.close()
                    return _CODES[outcome]
                if not self._wait(began):
                    text = f"not finished within {self._arguments.timeout:g} s"
                    self._show(view, [Change(at=seen.at, kind="end", text=text)], seen)
                    return exit_codes.TIMED_OUT
                before, seen = seen, self._observer.observe()
        finally:
            view.close()

    def _status(self) -> int:
        began = self._clock.time()
        seen = self._observer.first_observation()
        code = exit_codes.RUNNING
        while self._arguments.wait:
            outcome = verdict.for_wait(seen)
            if outcome is not Verdict.OPEN:
                code = _CODES[outcome]
                break
            if not self._wait(began):
                code = exit_codes.TIMED_OUT
                break
            seen = self._observer.observe()
        if self._output is None:
            print_summary(self._console, seen, zone=self._zone, stack_name=self._arguments.stack_name)
        else:
            self._document(seen.document(), compact=False)
        return code

    def _wait(self, began: float) -> bool:
        """Pause until the next observation; return False if the time is up."""
        pause = self._arguments.interval
        if self._arguments.timeout is not None:
            left = began + self._arguments.timeout - self._clock.time()
            if left <= 0:
                return False
            pause = min(pause, left)
        self._clock.sleep(pause)
        return True

    def _show(self, view: View, happened: list[Change], seen: Observation) -> None:
        if self._output is None:
            view.show(happened, seen)
        else:
            for change in happened:
                self._document(change.document(seen), compact=True)

    def _document(self, document: Mapping[str, Any], *, compact: bool) -> None:
        text = render(document, output=self._output or "json", query=self._arguments.query, compact=compact)
        self._stream.write(f"{text}\n")
        self._stream.flush()


def console(stream: TextIO, color: str) -> Console:
    """Return a console with or without colors, which never interprets AWS's words as markup."""
    forced: dict[str, Callable[[], Console]] = {
        "on": lambda: Console(file=stream, force_terminal=True, color_system="standard", markup=False, highlight=False),
        "off": lambda: Console(file=stream, no_color=True, markup=False, highlight=False),
    }
    return forced[color]() if color in forced else Console(file=stream, markup=False, highlight=False)
