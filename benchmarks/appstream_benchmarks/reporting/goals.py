"""The targets that `deploys` can measure."""

from __future__ import annotations

from appstream_benchmarks.baselines.names import THIS
from appstream_benchmarks.reporting import summary
from appstream_benchmarks.reporting.markdown import number
from appstream_benchmarks.reporting.summary import Data
from appstream_benchmarks.reporting.targets import Target

_FRAMEWORK, _CRHELPER = "provider-framework", "plain-crhelper"


def targets(data: Data) -> list[Target]:
    """Return the targets with what was measured; those of which nothing was measured are left out."""
    half, twentieth = "half of the Provider framework's", "a 20th of plain crhelper's"
    lags = [_lag(data, _FRAMEWORK, 2, half), _lag(data, _CRHELPER, 20, twentieth)]
    return [*lags, _no_op(data), _pace(data), *_throttled(data), *_template(data)]


def _lag(data: Data, other: str, factor: float, words: str) -> Target:
    def ratio(rows: list[Data]) -> float:
        mine, others = ([each for each in rows if each["contender"] == kind] for kind in (THIS, other))
        lags = summary.median(mine, "lag_median"), summary.median(others, "lag_median")
        return lags[1] / lags[0] if lags[0] and lags[1] else 0.0

    # Of all starts, because the few of a long duration hang on chance; each duration's own ratio is in brackets.
    durations = summary.durations(data)
    each_one = [ratio([row for row in data["starts"] if row["start_seconds"] == each]) for each in durations]
    overall = ratio(data["starts"])
    measured = f"{overall:.1f} times shorter ({', '.join(f'{each:.1f}' for each in each_one)})"
    return Target(f"lag after RUNNING at most {words}", measured, overall >= factor)


def _no_op(data: Data) -> Target:
    own = summary.median(summary.no_ops(data, THIS, cold=True), "seconds")
    other = summary.median(summary.no_ops(data, _CRHELPER, cold=True), "seconds")
    ratio = other / own if own and other else 0.0
    return Target("a no-op at least 30 times faster than plain crhelper", f"{number(round(ratio))} times", ratio >= 30)


def _pace(data: Data) -> Target:
    most = max((each["calls_per_minute"] for each in data["starts"] if each["contender"] == THIS), default=0)
    # One look every 2 s, and the start itself.
    return Target("not more AppStream calls a minute than one every 2 s (30)", f"{most}", most <= 30)


def _throttled(data: Data) -> list[Target]:
    found = []
    for run in data["many"]:
        if run["contender"] != THIS or run["per_second"] is None or run["builders"] != 50:
            continue
        allowed = run["builders"] / run["per_second"]
        found.append(
            Target("50 builders at 5 requests a second: no failure", f"{run['failed_builders']}", run["worked"])
        )
        found.append(
            Target(
                f"... and a lag within twice what the rate allows ({number(2 * allowed)} s)",
                f"{number(run['lag_worst'])} s",
                run["lag_worst"] <= 2 * allowed,
            )
        )
    return found


def _template(data: Data) -> list[Target]:
    own = data["templates"][THIS]
    return [
        Target("at most 6 resources for the first builder", number(own["resources"]), own["resources"] <= 6),
        Target(
            "at most 1 resource for each further",
            f"{number(own['resources_second'])} for the second, {number(own['resources_per_further'])} for each of 49",
            own["resources_per_further"] <= 1,
        ),
    ]
