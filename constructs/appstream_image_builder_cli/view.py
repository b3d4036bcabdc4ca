"""Prints changes as lines and, on a terminal, a live line below them."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from appstream_image_builder_cli.changes import Change, minutes
from appstream_image_builder_cli.observation import Observation
from running_image_builder_function.reconcile.states import STATES, Action

_STYLES = {Action.REACHED: "bold green", Action.FAIL: "bold red", Action.ACT: "yellow", Action.WAIT: "cyan"}
_BAR_WIDTH = 30


class View:
    """The view of a watch.

    Args:
        console: The console.
        zone: The time zone of the times; None for this machine's.
    """

    def __init__(self, console: Console, *, zone: tzinfo | None = None) -> None:
        self._console = console
        self._zone = zone
        self._live: Live | None = None

    def show(self, happened: list[Change], seen: Observation) -> None:
        """Print the changes, and update the live line."""
        for change in happened:
            self._print(self._line(change, seen))
        if self._console.is_terminal and not self._console.is_dumb_terminal and self._console.file.isatty():
            if self._live is None:
                self._live = Live(console=self._console, auto_refresh=False, transient=True)
                self._live.start()
            self._live.update(self._live_line(seen), refresh=True)

    def close(self) -> None:
        """Remove the live line."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, line: Text) -> None:
        # Wrapped here, a line would be two lines in a pipe.
        self._console.print(line, soft_wrap=True)

    def _line(self, change: Change, seen: Observation) -> Text:
        line = Text(f"{self._time(change.at)}  ")
        began = seen.deploy.began_at if seen.deploy else None
        spent = ""
        if began is not None and change.at >= began and change.kind != "note":
            spent = f"+{minutes(change.at - began)}"
        return line.append(f"{spent:>6}  ", style="dim").append(change.text, style=_style(change))

    def _live_line(self, seen: Observation) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        text = Text(f"{self._time(seen.at)}  {seen.name} ").append(seen.state or "?", style=_state_style(seen.state))
        deploy = seen.deploy
        if deploy is None or not deploy.in_progress or seen.elapsed is None:
            grid.add_row(text, Text(_idle(seen), style="dim"))
            return grid
        if seen.deadline is None or deploy.began_at is None:
            grid.add_row(text, Text(minutes(seen.elapsed)))
            return grid
        total = max(1.0, seen.deadline - deploy.began_at)
        # By default the bar is red, and green where the time is up.
        style = _STYLES[Action.WAIT]
        completed = min(seen.elapsed, total)
        bar = ProgressBar(total, completed, width=_BAR_WIDTH, complete_style=style, finished_style=style)
        grid.add_row(text, bar, Text(f"{minutes(seen.elapsed)} of {minutes(total)}"))
        return grid

    def _time(self, at: float) -> str:
        return datetime.fromtimestamp(at, tz=self._zone).strftime("%H:%M:%S")


def summary(seen: Observation, time: Callable[[float], str], *, stack_name: str | None = None) -> list[tuple[str, str]]:
    """Return the state of the builder and its deploy as labels and texts.

    Args:
        seen: The observation.
        time: Formats a time.
        stack_name: The stack, if the user named it.
    """
    rows = [("Image builder", seen.name), ("State", seen.state or "not found"), ("Address", _address(seen))]
    complaint = "" if seen.builder is None else seen.builder.error_text()
    if complaint and seen.state != "RUNNING":
        rows.append(("Error", complaint))
    deploy = seen.deploy
    if deploy is None:
        given = f"none found: there is no stack {stack_name}, or this image builder is not in it"
        rows.append(("Deploy", given if stack_name else "none found; specify the stack with --stack-name"))
    else:
        rows.append(("Deploy", f"stack {deploy.stack_name}: {deploy.status or deploy.stack_status}"))
        if deploy.reason and deploy.failed:
            rows.append(("Reason", deploy.reason))
        if deploy.began_at is not None and seen.elapsed is not None:
            rows.append(("Began", time(deploy.began_at)))
            limit = "" if deploy.timeout is None else f" of {minutes(deploy.timeout)}"
            rows.append(("Elapsed", f"{minutes(seen.elapsed)}{limit}"))
        if seen.deadline is not None and deploy.in_progress:
            rows.append(("Deadline", time(seen.deadline)))
        if self_invocations := sum(line.continues_elsewhere for line in seen.log):
            rows.append(("Self-invocations", str(self_invocations)))
    return [*rows, *(("Note", note) for note in seen.notes)]


def print_summary(
    console: Console, seen: Observation, *, zone: tzinfo | None = None, stack_name: str | None = None
) -> None:
    """Print the state of the builder and its deploy."""

    def time(at: float) -> str:
        return datetime.fromtimestamp(at, tz=zone).strftime("%Y-%m-%d %H:%M:%S")

    rows = summary(seen, time, stack_name=stack_name)
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        style = _state_style(text) if label == "State" else ""
        console.print(Text(f"{label:<{width}}  ", style="dim").append(text, style=style), soft_wrap=True)


def _address(seen: Observation) -> str:
    if seen.address or seen.builder is None:
        return seen.address or "unknown"
    return "not yet" if seen.builder.awaits_address else "none: the image builder is not in a VPC"


def _idle(seen: Observation) -> str:
    over = seen.deploy is not None and seen.deploy.ended_at is not None
    return "waiting for another deploy" if over else "waiting for a deploy"


def _style(change: Change) -> str:
    if change.kind == "state":
        return _state_style(change.text.partition(":")[0])
    if "_FAILED" in change.text:
        return "bold red"
    return {"address": "bold", "note": "yellow"}.get(change.kind, "")


def _state_style(state: str) -> str:
    return _STYLES[STATES[state].when_starting] if state in STATES else ""
