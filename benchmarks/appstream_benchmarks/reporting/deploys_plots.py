"""The pictures of `deploys`."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from appstream_benchmarks.baselines.names import THIS, TITLES
from appstream_benchmarks.reporting import summary
from appstream_benchmarks.reporting.markdown import number
from appstream_benchmarks.reporting.plots import COLORS, new_figure
from appstream_benchmarks.reporting.summary import Data


def plots(data: Data) -> dict[str, Figure]:
    """Return the pictures by name."""
    return {"lag": _lag(data)} | ({"many": _many(data)} if data["many"] else {})


def _lag(data: Data) -> Figure:
    durations = summary.durations(data)
    figure, axes = new_figure(columns=len(durations), height=2.6)
    for axis, seconds in zip(axes, durations, strict=True):
        lags = {kind: summary.median(summary.starts(data, kind, seconds), "lag_median") for kind in TITLES}
        _bars(axis, lags)
        axis.set_title(f"start of {number(seconds)} s")
    figure.suptitle("Seconds from RUNNING to complete (median)")
    return figure


def _many(data: Data) -> Figure:
    cases = sorted({(each["builders"], each["per_second"] or 0) for each in data["many"] if each["builders"] > 1})
    figure, axes = new_figure(columns=len(cases), height=2.6)
    for axis, (builders, per_second) in zip(axes, cases, strict=True):
        found = {kind: summary.many(data, kind, builders, per_second or None) for kind in TITLES}
        _bars(axis, {kind: each["lag_worst"] if each and each["worked"] else None for kind, each in found.items()})
        axis.set_title(f"{builders} builders" + (f", {number(per_second)} requests/s" if per_second else ""))
    figure.suptitle("Seconds from RUNNING to complete, worst of all builders")
    return figure


def _bars(axis: Any, values: dict[str, float | None]) -> None:
    """Draw one bar for each contender; a word where it failed or does not wait."""
    kinds = [*reversed(values)]
    shown = [max(values[kind] or 0.0, 0.0) for kind in kinds]
    bars = axis.barh([TITLES[kind] for kind in kinds], shown, color=[COLORS[kind] for kind in kinds])
    labels = []
    for kind in kinds:
        value = values[kind]
        labels.append("failed" if value is None else "does not wait" if value < 0 else number(value))
    axis.bar_label(bars, labels=labels, padding=3)
    axis.set_xlim(0, max(*shown, 1.0) * 1.35)
    for label in axis.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == TITLES[THIS] else "normal")
