"""How pictures look and how they are written: the same bytes for the same data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib
from matplotlib.figure import Figure

COLORS: Final = {
    "this-project": "#0b6e4f",
    "plain-crhelper": "#b5651d",
    "provider-framework": "#3b5b92",
    "aws-custom-resource": "#8a8a8a",
    "shell-script": "#c0a000",
}
"""A contender has the same color in every picture."""

_WIDTH = 10.0
_STYLE: Final[Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    # Ids are random without it.
    "svg.hashsalt": "appstream-benchmarks",
    "svg.fonttype": "none",
}


def new_figure(*, columns: int = 1, height: float = 3.5) -> tuple[Figure, list[Any]]:
    """Return an empty figure with its axes beside each other, which share the labels at their left."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained", facecolor="white")
        axes = figure.subplots(1, columns, squeeze=False, sharey=True)
    return figure, list(axes[0])


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, without the date."""
    with matplotlib.rc_context(_STYLE):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    # matplotlib leaves spaces at the ends of lines.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")
