"""The targets of this project, beside what was measured."""

from dataclasses import dataclass

from appstream_benchmarks.baselines.names import CRHELPER, FRAMEWORK, THIS
from appstream_benchmarks.reporting.data import Data
from appstream_benchmarks.reporting.figures import durations, median, rows
from appstream_benchmarks.reporting.markdown import number

BUILDERS = 50


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


def targets(data: Data) -> list[Target]:
    """Return the targets of all parts that were measured."""
    found = []
    if deploys := data.get("deploys"):
        found += [
            _lag(deploys, FRAMEWORK, 2, "half of the Provider framework's"),
            _lag(deploys, CRHELPER, 20, "a 20th of plain crhelper's"),
            _no_op(deploys),
            _calls(max((each["calls_per_minute"] for each in rows(deploys, "starts", THIS)), default=0), "deploys"),
            *_throttled(rows(deploys, "many", THIS), "deploys"),
        ]
    if virtual := data.get("virtual_time"):
        all_rows = [*virtual["durations"], *virtual["builders"]]
        found += [
            _calls(max(each["calls_per_minute"] for each in all_rows), "virtual time"),
            *_throttled(virtual["builders"], "virtual time"),
        ]
    if footprint := data.get("footprint"):
        found += _footprint(footprint)
    return found


def _lag(deploys: Data, other: str, factor: float, words: str) -> Target:
    def ratio(**criteria: float) -> float:
        own, others = (median(rows(deploys, "starts", each, **criteria), "lag_median") for each in (THIS, other))
        return others / own if own and others else 0.0

    # Over all starts, since the few of a long duration depend on chance; each duration's ratio is in brackets.
    each_one = ", ".join(f"{ratio(start_seconds=each):.1f}" for each in durations(deploys))
    overall = ratio()
    return Target(f"lag after RUNNING at most {words}", f"{overall:.1f} times shorter ({each_one})", overall >= factor)


def _no_op(deploys: Data) -> Target:
    own, other = (median(rows(deploys, "no_ops", each, cold=True), "seconds") for each in (THIS, CRHELPER))
    ratio = other / own if own and other else 0.0
    return Target("a no-op at least 30 times faster than plain crhelper", f"{number(round(ratio))} times", ratio >= 30)


def _calls(most: float, part: str) -> Target:
    # One poll every 2 s.
    return Target(f"at most 30 AppStream calls a minute and builder ({part})", number(most), most <= 30)


def _throttled(found: list[Data], part: str) -> list[Target]:
    row = next((each for each in found if each["per_second"] and each["builders"] == BUILDERS), None)
    if row is None:
        return []
    failed, lag, allowed = row["failed_builders"], row["lag_worst"], 2 * BUILDERS / row["per_second"]
    limit = f"{BUILDERS} builders at {number(row['per_second'])} requests a second ({part})"
    return [
        Target(f"{limit}: no failure", number(failed), failed == 0),
        Target(
            f"... and a lag within twice what the rate allows ({number(allowed)} s)", f"{lag:.1f} s", lag <= allowed
        ),
    ]


def _footprint(footprint: Data) -> list[Target]:
    template = footprint["templates"][THIS]
    second, further = template["resources_second"], template["resources_per_further"]
    # Under a limit as well as without one: the worst counts.
    cold_start = max(each["ratio"] for each in footprint["cold_start"].values())
    synth = footprint["synth"]["apps"]["one RunningImageBuilder"]["ratio_cpu"]
    left = footprint["memory"]["left"]
    further_text = f"{number(second)} for the second, {number(further)} for each of 49"
    return [
        Target("at most 6 resources for the first builder", number(template["resources"]), template["resources"] <= 6),
        Target("at most 1 resource for each further", further_text, further <= 1),
        Target("cold start at most 0.7 of plain crhelper's", f"{cold_start:.2f}", cold_start <= 0.7),
        Target("synth at most 10% over an empty stack (CPU time)", f"{synth - 1:+.0%}", synth <= 1.1),
        Target("at least 40% of the default memory left", f"{left:.0%}", left >= 0.4),
    ]
