"""Tables, plots and targets of the runs in virtual time, from their data alone."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Any

from appstream_benchmarks.reporting.targets import Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OURS = "this project"

_MANY = 50
_MARKERS = {OURS: "o", "plain crhelper": "s", "Provider framework": "^", "CLI script": "x"}

_PICTURES = {
    "minutes": "virtual-time-duration",
    "builders": "virtual-time-builders",
    "limited": "virtual-time-limited",
}

Row = dict[str, Any]


def tables(data: Row) -> str:
    """Return the section in Markdown."""
    assumed = data["assumed"]
    prices = assumed["prices"]
    said = (
        "Builders are asked for at once; what does each way then need? Taken as given: a call lasts"
        f" {assumed['seconds_a_call']} s, an invocation of a model"
        f" {assumed['seconds_an_invocation_beside_calls_in_models']} s beside its calls; list prices of"
        f" {prices['region']}, {prices['date']}, no free tier. Lags are those of"
        " builders that succeeded. In brackets: the ratio to this project."
    )
    lines = [
        said,
        "",
        *(f"- {way}: {how}" for way, how in data["ways"].items()),
        "",
    ]
    many = f"starts of {assumed['minutes_of_many']} minutes"
    for key, column, title in (
        ("minutes", "minutes", "One builder"),
        ("builders", "builders", f"Several builders, {many}"),
        ("limited", "builders", f"Several builders, {many}, {assumed['limit_per_second']:g} requests a second"),
    ):
        lines += [
            f"### {title}",
            "",
            f"| {column} | way | lag, median | worst | failed | calls | invocations | GB-s | transitions | USD |",
            "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        ours = {row[column]: row for row in data[key] if row["way"] == OURS}
        for row in sorted(data[key], key=lambda row: row[column]):
            lines.append(_line(row, ours[row[column]], row[column]))
        lines += ["", f"![{title}]({_PICTURES[key]}.svg)", ""]
    return "\n".join(lines).rstrip("\n")


def _line(row: Row, ours: Row, first: float) -> str:
    cells = [
        f"{first:g}",
        row["way"],
        _against(row["lag_median"], ours["lag_median"], " s"),
        _against(row["lag_worst"], ours["lag_worst"], " s"),
        f"{row['failures']:.3g}",
        *(_against(row[key], ours[key]) for key in ("calls", "invocations", "billed_gb_seconds", "transitions", "usd")),
    ]
    return "| " + " | ".join(cells) + " |"


def _against(value: float | None, ours: float | None, unit: str = "") -> str:
    """Return a figure with its ratio to this project's."""
    if value is None:
        return "none"
    text = f"{value:.2g}" if 0 < value < 1 else f"{value:,.1f}"
    return f"{text}{unit}" + (f" (x{value / ours:.3g})" if ours else "")


def plots(data: Row) -> dict[str, Figure]:
    """Return a figure for each series."""
    return {
        _PICTURES["minutes"]: _figure(data["minutes"], "minutes", "minutes that the start takes", "one builder"),
        _PICTURES["builders"]: _figure(data["builders"], "builders", "builders", "no request limit"),
        _PICTURES["limited"]: _figure(
            data["limited"], "builders", "builders", f"{data['assumed']['limit_per_second']:g} requests a second"
        ),
    }


def _figure(rows: list[Row], column: str, label: str, title: str) -> Figure:
    from matplotlib.figure import Figure  # the pages are written without it

    figure = Figure(figsize=(13, 6.4), layout="constrained")
    figure.suptitle(f"{title}: run (solid), computed from a model (dashed)")
    panels = {
        "lag_median": "lag after RUNNING, median, s",
        "lag_worst": "lag after RUNNING, worst, s",
        "failures": "failed requests",
        "calls_a_minute": "calls a minute and builder",
        "calls": "AppStream calls",
        "invocations": "Lambda invocations",
        "billed_gb_seconds": "billed GB-seconds",
        "usd": "US dollars",
    }
    for axes, (key, text) in zip(figure.subplots(2, 4).flat, panels.items(), strict=True):
        for way, marker in _MARKERS.items():
            points = [(row[column], row[key]) for row in rows if row["way"] == way and row[key] is not None]
            style = "-" if way == OURS else "--"
            axes.plot(*zip(*points, strict=True), style, marker=marker, markersize=4, label=way)
        axes.set_xlabel(label)
        axes.set_ylabel(text)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(_MARKERS))
    return figure


def targets(data: Row) -> list[Target]:
    """Return each target with what was measured and whether it is met."""
    found = []
    for other, share in (("Provider framework", 1 / 2), ("plain crhelper", 1 / 20)):
        # Of all durations: how one of them falls into an interval says nothing.
        ratio = _lag(data["minutes"], OURS) / _lag(data["minutes"], other)
        found.append(Target(f"lag at most {share:g} of that of {other} (virtual time)", f"{ratio:.3f}", ratio <= share))
    calls = max(row["calls_a_minute"] for key in ("minutes", "builders", "limited") for row in _ours(data[key]))
    found.append(Target("at most 30 AppStream calls a minute and builder", f"{calls:.1f}", calls <= 30))
    limit = data["assumed"]["limit_per_second"]
    for row in _ours(data["limited"]):
        if row["builders"] == _MANY:
            failures, lag, allowed = row["failures"], row["lag_worst"], 2 * _MANY / limit
            target = f"{_MANY} builders at {limit:g} requests a second"
            found.append(Target(f"{target}: no failure", f"{failures:g}", failures == 0))
            found.append(
                Target(
                    f"{target}: worst lag at most {allowed:g} s, twice a round of looks", f"{lag:.1f} s", lag <= allowed
                )
            )
    return found


def _ours(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["way"] == OURS]


def _lag(rows: list[Row], way: str) -> float:
    return float(mean(row["lag_median"] for row in rows if row["way"] == way))
