"""What a person sees of an image builder's state while waiting."""

from __future__ import annotations

import io
import re

from appstream_local.state_display import StateDisplay


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def shown(stream: io.StringIO) -> list[str]:
    """Return the lines written, without the seconds."""
    return re.findall(r"\d+\.\d s  (\w+)\n", stream.getvalue())


def test_the_last_change_is_shown() -> None:
    """A state that is reached in the last moment has its line all the same."""
    stream, states = io.StringIO(), iter(["STOPPED", "RUNNING", "RUNNING"])

    with StateDisplay(lambda: next(states, "RUNNING"), label="waiting", stream=stream):
        pass

    assert shown(stream)[-1] == "RUNNING"


def test_a_state_that_lasts_is_shown_once() -> None:
    """Without a terminal there is one line for each change, and nothing else."""
    stream = io.StringIO()

    with StateDisplay(lambda: "RUNNING", label="waiting", stream=stream):
        pass

    assert ["RUNNING"] == shown(stream)
    assert 1 == stream.getvalue().count("\n")
    assert "waiting" not in stream.getvalue()


def test_a_terminal_is_left_clean() -> None:
    """On a terminal the running line is erased in the end."""
    stream = Terminal()

    with StateDisplay(lambda: "RUNNING", label="waiting", stream=stream):
        pass

    assert ["RUNNING"] == shown(stream)
    assert stream.getvalue().endswith("\r\x1b[K")


def test_trouble_is_left_to_what_is_waited_for() -> None:
    """A state that cannot be read shows nothing and raises nothing."""
    stream = io.StringIO()

    def state() -> str:
        raise ConnectionError

    with StateDisplay(state, label="waiting", stream=stream):
        pass

    assert "" == stream.getvalue()
