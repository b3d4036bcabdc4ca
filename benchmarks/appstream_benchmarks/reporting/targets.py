"""What this project wants to reach, beside what was measured; every part adds its own."""

from __future__ import annotations

from dataclasses import dataclass

from appstream_benchmarks.reporting.markdown import table


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        text: What is wanted.
        measured: What was measured, as text.
        met: Whether it is reached.
    """

    text: str
    measured: str
    met: bool


def targets_table(targets: list[Target]) -> str:
    """Return the targets as a Markdown table."""
    rows = [[each.text, each.measured, "yes" if each.met else "**no**"] for each in targets]
    return table(["target", "measured", "met"], rows)
