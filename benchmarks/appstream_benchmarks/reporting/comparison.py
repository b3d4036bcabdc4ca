"""The one small table for the project's README: what a user of each contender notices first."""

from __future__ import annotations

from typing import Any

from appstream_benchmarks.baselines.names import THIS, TITLES
from appstream_benchmarks.reporting import summary
from appstream_benchmarks.reporting.markdown import compared, number, table
from appstream_benchmarks.reporting.summary import Data


def table_of(data: Data) -> str:
    """Return the table."""
    seconds = summary.durations(data)[len(summary.durations(data)) // 2]
    most = max((each["builders"] for each in data["many"]), default=0)
    rate = max((each["per_second"] or 0 for each in data["many"]), default=0)
    headers = [
        "",
        "complete after RUNNING (median)",
        "State in the output",
        "a no-op update",
        f"{most} builders at {number(rate)} requests/s",
        "resources, each further",
        "left behind",
    ]
    return table(headers, [_row(data, kind, seconds, most, rate) for kind in TITLES])


def _row(data: Data, kind: str, seconds: float, most: int, rate: float) -> list[str]:
    def of(figure: Any) -> tuple[Any, Any]:
        return figure(kind), figure(THIS)

    lag, own_lag = of(lambda each: summary.median(summary.starts(data, each, seconds), "lag_median"))
    no_op, own_no_op = of(lambda each: summary.median(summary.no_ops(data, each, cold=True), "seconds"))
    many, own_many = of(lambda each: summary.many(data, each, most, rate))
    template, _ = of(lambda each: data["templates"][each])
    deleted = summary.one(data["deletes"], kind)
    states = {each["state"] for each in data["starts"] if each["contender"] == kind and each["state"]}
    worked = many is not None and many["worked"]
    return [
        f"**{TITLES[kind]}**" if kind == THIS else TITLES[kind],
        "does not wait" if lag is not None and lag < 0 else compared(lag, own_lag, "s"),
        ", ".join(sorted(states)) or "-",
        "fails" if no_op is None else compared(no_op, own_no_op, "s"),
        f"{compared(many['seconds'], own_many['seconds'], 's')}" if worked else "fails" if many else "-",
        f"{number(template['resources'])}, {number(template['resources_per_further'])}",
        "-" if deleted is None else summary.left(deleted),
    ]
