"""How `watch` prints: documents for scripts, a line that runs on a terminal."""

import io
import json

import pytest

from support.fake_aws import FakeAws, Run, begin, finish
from support.virtual_time import VirtualClock


def test_documents_are_one_line_each(aws: FakeAws, clock: VirtualClock, run: Run) -> None:
    """So that a script can read them as they come."""
    begin(aws)
    aws.state("PENDING")
    clock.later(30, lambda: finish(aws))

    _, lines = run("watch", "--output", "json")
    documents = [json.loads(line) for line in lines]

    assert ["deploy", "state", "deploy", "state", "address"] == [each["Change"] for each in documents]
    assert {
        "At": "2027-01-15T08:00:00Z",
        "Change": "state",
        "Text": "PENDING",
        "State": "PENDING",
        "EniPrivateIpAddress": "",
        "ElapsedSeconds": 0.0,
        "RemainingSeconds": 600.0,
    } == documents[1]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@pytest.mark.parametrize(("no_color", "colors"), [("", True), ("1", False)])
def test_a_terminal_has_a_line_that_runs_and_is_left_clean(
    aws: FakeAws, clock: VirtualClock, run: Run, monkeypatch: pytest.MonkeyPatch, no_color: str, colors: bool
) -> None:
    """Elapsed against the deadline; colors (the bar is not red) unless NO_COLOR is set; the cursor is shown again."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", no_color)
    begin(aws)
    aws.state("PENDING")
    clock.later(90, lambda: finish(aws))
    stream = Terminal()

    assert 0 == run("watch", stream=stream)[0]

    assert "1:04 of 10:00" in stream.getvalue()
    assert colors == ("\x1b[1;32mRUNNING" in stream.getvalue())
    assert colors == ("\x1b[36m\N{BOX DRAWINGS HEAVY HORIZONTAL}" in stream.getvalue())
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l")
