"""Shows how the function's calls, price and lag grow, from the runs in virtual time."""

from appstream_benchmarks.reporting.data import Data
from appstream_benchmarks.reporting.markdown import number, table
from appstream_benchmarks.reporting.picture import Chart, draw

PICTURE = "growth.svg"

_CALLS, _USD, _LAG = "AppStream calls", "US$ for 1,000 deploys", "lag in seconds, worst"


def markdown(virtual: Data) -> str:
    """Return the section."""
    assumed, limit = virtual["assumed"], _limit(virtual)
    durations = {f"{number(row['minutes'])} minutes": row for row in virtual["durations"]}
    builders = {}
    for row in sorted(virtual["builders"], key=lambda row: int(row["builders"])):
        limited = f", {number(row['per_second'])} requests/s" if row["per_second"] else ""
        builders[f"{row['builders']}{limited}"] = row
    return f"""### How this project grows with duration and number

The function's own code in virtual time, since real starts of an hour take too long to measure. Each AppStream call is
assumed to take {assumed["seconds_per_call"]} s; prices are those above. All builders of one deploy are created at once,
their starts take {assumed["minutes_of_many"]} minutes, and AppStream has no request limit or one of {number(limit)} a
second.

![Calls, price and lag by duration and by number of builders]({PICTURE})

{_table("one builder", durations)}

{_table("builders", builders)}"""


def _table(title: str, rows: dict[str, Data]) -> str:
    headers = [title, "lag, median", "worst", "failed", _CALLS, "Lambda invocations", "GB-seconds", _USD]
    return table(
        headers,
        [
            [
                name,
                *(f"{number(row[key])} s" for key in ("lag_median", "lag_worst")),
                *(number(row[key]) for key in ("failed_builders", "calls", "invocations", "gb_seconds")),
                number(row["usd"] * 1000),
            ]
            for name, row in rows.items()
        ],
    )


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
