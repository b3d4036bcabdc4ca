"""Draws line charts as one small SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from appstream_benchmarks.reporting.markdown import number

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 300, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 34, 42
_STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de; } text { fill: #1f2328; font: 12px ui-sans-serif, system-ui, sans-serif; }
  .title { font-weight: 600; } .grid { stroke: #d8dee4; } .line { fill: none; stroke-width: 2; }
  .s0 { stroke: #0b6e4f; } .s1 { stroke: #b5651d; stroke-dasharray: 5 3; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #161b22; stroke: #3d444d; } text { fill: #e6edf3; } .grid { stroke: #30363d; }
    .s0 { stroke: #3fb58a; } .s1 { stroke: #e0974a; }
  }
"""


@dataclass(frozen=True)
class Chart:
    """One chart, whose axes begin at zero.

    Attributes:
        title: What it shows.
        x_title: The title of its x axis.
        lines: The points of each line, by the line's name; a single line needs none.
    """

    title: str
    x_title: str
    lines: Mapping[str, Points]


def draw(title: str, rows: Sequence[Sequence[Chart]]) -> str:
    """Return the SVG of rows of charts."""
    width, height = _WIDTH * max(len(row) for row in rows), _HEIGHT * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"/>',
    ]
    for row, charts in enumerate(rows):
        for column, chart in enumerate(charts):
            parts.append(f'<g transform="translate({column * _WIDTH} {row * _HEIGHT})">')
            parts += [*_drawn(chart), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _drawn(chart: Chart) -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    x_step, y_step = (_step(max(point[axis] for line in chart.lines.values() for point in line)) for axis in (0, 1))
    x_end, y_end = (
        step * math.ceil(max(point[axis] for line in chart.lines.values() for point in line) / step)
        for axis, step in ((0, x_step), (1, y_step))
    )

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return _LEFT + (right - _LEFT) * point[0] / x_end, bottom - (bottom - _TOP) * point[1] / y_end

    parts = [_text((_LEFT + right) / 2, _HEIGHT - 8, chart.x_title), _text(_LEFT, 18, chart.title, "start", "title")]
    for tick in range(round(y_end / y_step) + 1):
        _, y = at((0, tick * y_step))
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.0f}H{right}"/>')
        parts.append(_text(_LEFT - 6, y + 4, number(round(tick * y_step, 6)), "end"))
    for tick in range(round(x_end / x_step) + 1):
        parts.append(_text(at((tick * x_step, 0))[0], bottom + 16, number(tick * x_step)))
    for place, (name, points) in enumerate(chart.lines.items()):
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in map(at, points))
        parts.append(f'<path class="line s{place}" d="M{path}"/>')
        if len(chart.lines) > 1:
            y = _TOP + 8 + 15 * place
            parts.append(f'<path class="line s{place}" d="M{_LEFT + 8} {y}h22"/>')
            parts.append(_text(_LEFT + 36, y + 4, name, "start"))
    return parts


def _step(largest: float) -> float:
    """Return a step of which three to six reach to the largest value."""
    power = 10.0 ** math.floor(math.log10(largest))
    return next(each * power for each in (0.2, 0.25, 0.5, 1.0, 2.0) if largest / (each * power) <= 6)


def _text(x: float, y: float, words: str, anchor: str = "middle", kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'
