"""Shows how the function's calls, price and lag grow, from the runs in virtual time."""

from __future__ import annotations

from appstream_benchmarks.reporting.data import Data
from appstream_benchmarks.reporting.markdown import number, table
from appstream_benchmarks.reporting.picture import Chart, draw

PICTURE = "growth.svg"

_CALLS, _USD, _LAG = "AppStream calls", "US$ for 1,000 deploys", "lag in seconds, worst"


def markdown(virtual: Data) -> str:
    """Return the section."""
    assumed, limit = virtual["assumed"], _limit(virtual)
    by_duration = [
        [
            number(row["minutes"]),
            f"{number(row['lag_median'])} s",
            f"{number(row['lag_worst'])} s",
            number(row["calls"]),
            number(row["invocations"]),
            number(row["gb_seconds"]),
            number(row["usd"] * 1000),
        ]
        for row in virtual["durations"]
    ]
    pairs = zip(_builders(virtual, None), _builders(virtual, limit), strict=True)
    by_builders = [
        [
            number(free["builders"]),
            *(f"{number(row[key])} s" for key in ("lag_median", "lag_worst") for row in (free, limited)),
            *(number(row["calls"]) for row in (free, limited)),
            *(number(row["usd"] * 1000) for row in (free, limited)),
            number(free["failed_builders"] + limited["failed_builders"]),
        ]
        for free, limited in pairs
    ]
    limited = f"{number(limit)}/s"
    return f"""### How this project grows with duration and number

The function's own code in virtual time: real starts of an hour would take too long to measure. Assumed are
{assumed["seconds_per_call"]} s for each AppStream call; prices are those above. The builders of one deploy are created
at once, and their starts take {assumed["minutes_of_many"]} minutes, without a request limit and with {number(limit)}
requests a second.

![Calls, price and lag by duration and by number of builders]({PICTURE})

{table(["minutes", "lag, median", "worst", _CALLS, "Lambda invocations", "GB-seconds", _USD], by_duration)}

{
        table(
            [
                "builders",
                *("lag, median", f"at {limited}", "worst", f"at {limited}", _CALLS, f"at {limited}", _USD),
                *(f"at {limited}", "failed"),
            ],
            by_builders,
        )
    }"""


def picture(virtual: Data) -> str:
    """Return the picture as SVG."""
    limit = _limit(virtual)
    lines = {"no limit": _builders(virtual, None), f"{number(limit)} requests/s": _builders(virtual, limit)}
    charts = []
    for title, key, factor in ((_CALLS, "calls", 1), (_USD, "usd", 1000), (_LAG, "lag_worst", 1)):
        durations = [(row["minutes"], row[key] * factor) for row in virtual["durations"]]
        many = {name: [(row["builders"], row[key] * factor) for row in rows] for name, rows in lines.items()}
        charts.append((Chart(title, "minutes of one start", {"": durations}), Chart(title, "builders", many)))
    return draw("How this project grows", [[first for first, _ in charts], [second for _, second in charts]])


def _builders(virtual: Data, per_second: float | None) -> list[Data]:
    return [row for row in virtual["builders"] if row["per_second"] == per_second]


def _limit(virtual: Data) -> float:
    return max(float(row["per_second"] or 0) for row in virtual["builders"])
