"""The figures of each approach, in sections of one question each."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from appstream_benchmarks.baselines.names import CRHELPER, FUNCTION_LIMIT, SCRIPT, STOP_AFTER, THIS, TITLES
from appstream_benchmarks.reporting.data import Data
from appstream_benchmarks.reporting.markdown import compared, number, table
from appstream_benchmarks.usage import AS_OF, REGION, SOURCES

EARLY = "does not wait"

Value = float | str | None


@dataclass(frozen=True)
class Figure:
    """What is measured of each approach; less is better.

    Attributes:
        title: The column's title.
        of: Returns an approach's value: a number, words instead of one, or None where nothing was measured.
        unit: The numbers' unit.
    """

    title: str
    of: Callable[[str], Value]
    unit: str = ""

    def cell(self, approach: str) -> str:
        """Return an approach's value as text, with its ratio to this project's."""
        value, own = self.of(approach), self.of(THIS)
        return value if isinstance(value, str) else compared(value, None if isinstance(own, str) else own, self.unit)

    def is_better(self, approach: str) -> bool:
        """Return whether an approach's value is lower than this project's."""
        value, own = self.of(approach), self.of(THIS)
        return isinstance(value, int | float) and isinstance(own, int | float) and value < own


@dataclass(frozen=True)
class Section:
    """Figures that belong together.

    Attributes:
        title: The section's title.
        text: What was measured, and how.
        figures: The table's columns.
        titles: The table's rows.
    """

    title: str
    text: str
    figures: Sequence[Figure]
    titles: dict[str, str]

    def is_measured(self) -> bool:
        """Return whether anything was measured."""
        return any(figure.of(approach) is not None for figure in self.figures for approach in self.titles)

    def markdown(self) -> str:
        """Return the section with its table."""
        return f"### {self.title}\n\n{self.text}\n\n{figures_table(self.figures, self.titles)}"


def figures_table(figures: Sequence[Figure], titles: dict[str, str]) -> str:
    """Return a table of figures, a row for each approach of which something was measured."""
    rows = [[title, *(figure.cell(approach) for figure in figures)] for approach, title in titles.items()]
    return table(["", *(figure.title for figure in figures)], [row for row in rows if set(row[1:]) != {"-"}])


def rows(deploys: Data, kind: str, approach: str, **criteria: Any) -> list[Data]:
    """Return an approach's rows of one kind that meet all criteria."""
    wanted = {"approach": approach, **criteria}
    return [each for each in deploys[kind] if wanted.items() <= each.items()]


def median(found: Iterable[Data], key: str) -> float | None:
    """Return the median of a key over the rows that have it."""
    values = [each[key] for each in found if each[key] is not None]
    return statistics.median(values) if values else None


def durations(deploys: Data) -> list[float]:
    """Return the durations of single starts that were measured."""
    return sorted({each["start_seconds"] for each in deploys["starts"]})


def orphaned_text(orphaned: dict[str, int]) -> str:
    """Return what a delete left behind, in words."""
    words = [f"{count} {what.removesuffix('s') if count == 1 else what}" for what, count in orphaned.items() if count]
    return ", ".join(words) or "nothing"


def summary(data: Data) -> list[Figure]:
    """Return the figures that a user notices first."""
    deploys = data["deploys"]
    seconds = durations(deploys)[len(durations(deploys)) // 2]
    most, rate = (max((each[key] or 0 for each in deploys["many"]), default=0) for key in ("builders", "per_second"))
    many = f"{most} builders at {number(rate)} requests/s"

    def states(approach: str) -> Value:
        return ", ".join(sorted({each["state"] for each in rows(deploys, "starts", approach) if each["state"]})) or None

    def resources(approach: str) -> Value:
        first, further = (_template(data, approach, key) for key in ("resources", "resources_per_further"))
        return None if first is None or further is None else f"{number(first)}, {number(further)}"

    def orphaned(approach: str) -> Value:
        found = rows(deploys, "deletes", approach)
        return orphaned_text(found[0]["orphaned"]) if found else None

    return [
        _measured(deploys, "complete after RUNNING (median)", "starts", "lag_median", "s", start_seconds=seconds),
        Figure("State in the output", states),
        _measured(deploys, "a no-op update", "no_ops", "seconds", "s", cold=True),
        _measured(deploys, many, "many", "seconds", "s", per_second=rate),
        Figure("resources, each further", resources),
        Figure("left behind", orphaned),
    ]


def sections(data: Data) -> list[Section]:
    """Return everything that was measured of the approaches."""
    deploys = data["deploys"]
    found = [_single_starts(deploys), _updates(deploys), _many(deploys), _use(deploys), _limited(deploys)]
    found += [_templates(data), _cold_start(data)] if "footprint" in data else []
    return [each for each in found if each.is_measured()]


def _measured(
    deploys: Data,
    title: str,
    kind: str,
    key: str,
    unit: str = "",
    *,
    choose: Callable[[list[float]], float] = statistics.median,
    factor: float = 1.0,
    **criteria: Any,
) -> Figure:
    """Return a figure of the rows of one kind that meet all criteria, in words where one of them failed."""

    def of(approach: str) -> Value:
        found = rows(deploys, kind, approach, **criteria)
        for failed in (each for each in found if not each.get("succeeded", True)):
            return f"{failed['failed_builders']} failed" if "failed_builders" in failed else "fails"
        values = [each[key] for each in found if each[key] is not None]
        value = choose(values) * factor if values else None
        return EARLY if value is not None and value < 0 else value

    return Figure(title, of, unit)


def _furthest(values: list[float]) -> float:
    return max(values, key=abs)


def _single_starts(deploys: Data) -> Section:
    figures, counts = [], []
    for each in durations(deploys):
        for name, choose in (("median", statistics.median), ("worst", _furthest)):
            title = f"{number(each)} s start, {name}"
            figures.append(_measured(deploys, title, "starts", "lag_median", "s", choose=choose, start_seconds=each))
        most = max(len(rows(deploys, "starts", approach, start_seconds=each)) for approach in TITLES)
        counts.append(f"{most} starts of {number(each)} s")
    fewest = len(rows(deploys, "starts", CRHELPER, start_seconds=min(durations(deploys))))
    return Section(
        "From RUNNING to complete",
        "The seconds from the moment the engine's builder is RUNNING to CREATE_COMPLETE or UPDATE_COMPLETE of its"
        f" resource; for the script, to its end. Per approach: {', '.join(counts)}; of {TITLES[CRHELPER]}, which takes"
        f" minutes, {fewest} of each. Each start takes a little longer than the one before, so that the result doesn't"
        " depend on one phase between polls and RUNNING.",
        figures,
        TITLES,
    )


def _updates(deploys: Data) -> Section:
    return Section(
        "No-op updates and deletes",
        "An update of the resource of a builder that is RUNNING already, by a changed property, from"
        " UPDATE_IN_PROGRESS to UPDATE_COMPLETE; the median. AWS doesn't document what StartImageBuilder replies"
        " on a builder that is RUNNING; the engine refuses it with ResourceNotAvailableException.",
        [
            _measured(deploys, "no-op update, cold start", "no_ops", "seconds", "s", cold=True),
            _measured(deploys, "warm", "no_ops", "seconds", "s", cold=False),
            _measured(deploys, "AppStream calls", "no_ops", "calls", cold=False),
            _measured(deploys, "delete", "deletes", "seconds", "s"),
        ],
        TITLES,
    )


def _many(deploys: Data) -> Section:
    figures = []
    for per_second in sorted({each["per_second"] or 0 for each in deploys["many"]}):
        limit = f"{number(per_second)} requests/s" if per_second else "no limit"
        for title, key in (("lag, median", "lag_median"), ("lag, worst", "lag_worst"), ("all complete", "seconds")):
            name = f"{limit}: {title}"
            figures.append(_measured(deploys, name, "many", key, "s", per_second=per_second or None))
    most, seconds = (max((each[key] for each in deploys["many"]), default=0) for key in ("builders", "start_seconds"))
    return Section(
        f"{most} builders in one stack",
        f"Created at once, as CloudFormation does; a start takes {number(seconds)} s. The script is given all names and"
        " polls all of them with one call.",
        figures,
        TITLES,
    )


def _use(deploys: Data) -> Section:
    longest = max(durations(deploys))
    columns = {
        "calls": "AppStream calls",
        "calls_per_minute": "most in a minute",
        "invocations": "Lambda invocations",
        "gb_seconds": "GB-seconds",
        "transitions": "state transitions",
    }
    price = "US$ for a million starts"
    return Section(
        f"What one start of {number(longest)} s uses",
        "The median. GB-seconds are the billed duration in the functions' REPORT lines times their memory, cold start"
        f" included; the durations are this machine's. Prices: {REGION}, {AS_OF},"
        f" {' and '.join(f'<{each}>' for each in SOURCES)}; no free tier, no logs.",
        [
            *(_measured(deploys, title, "starts", key, start_seconds=longest) for key, title in columns.items()),
            _measured(deploys, price, "starts", "usd", factor=1_000_000, start_seconds=longest),
        ],
        TITLES,
    )


def _limited(deploys: Data) -> Section:
    seconds = max((each["start_seconds"] for each in deploys["limited"]), default=0)
    return Section(
        "A start longer than one invocation",
        f"Every function may run {FUNCTION_LIMIT} s only, and the start takes {number(seconds)} s.",
        [
            _measured(deploys, "lag", "limited", "lag_worst", "s"),
            _measured(deploys, "Lambda invocations", "limited", "invocations"),
        ],
        TITLES,
    )


def _template(data: Data, approach: str, key: str) -> float | None:
    if approach == SCRIPT:
        return 0.0
    found = data.get("footprint", {}).get("templates", {}).get(approach)
    return None if found is None else float(found[key])


def _templates(data: Data) -> Section:
    columns = {
        "resources": "resources",
        "resources_second": "for a second builder",
        "resources_per_further": "each of 49 further",
        "bytes": "bytes",
        "bytes_per_further": "bytes, each of 49 further",
        "wildcard_permissions": "permissions on `*`",
        "wildcard_resources": "resources with a `*`",
        "managed_policies": "AWS managed policies",
    }
    return Section(
        "What is added to the template",
        "Without AWS::CDK::Metadata and white space. Resources with a `*` are those in policies: `*` itself and ARNs"
        " that end in one. 49 further builders need more than 49 resources where a policy is full: IAM allows 10,240"
        " characters in a role's inline policies and 6,144 in a managed one, and this project's policies name every"
        " builder.",
        [Figure(title, lambda who, key=key: _template(data, who, key)) for key, title in columns.items()],  # type: ignore[misc]
        {THIS: TITLES[THIS], f"{THIS}, {STOP_AFTER}": f"{TITLES[THIS]}, with `stop_after`", **TITLES},
    )


def _cold_start(data: Data) -> Section:
    measured = data["footprint"]["cold_start"]

    def figure(limit: str) -> Figure:
        def of(approach: str) -> Value:
            found = measured[limit].get(approach)
            return None if found is None else float(found["wall"])

        return Figure("no CPU limit" if limit == "none" else f"CPU of {limit}", of, "s")

    missing = (
        "" if len(measured) > 1 else " This user can't set a CPU quota here, so the figures under one are missing."
    )
    return Section(
        "Cold start",
        "The import of the handler's module in fresh processes, in turn; medians. The limits are the kernel's CPU quota"
        f" with the share that Lambda gives a function of that size.{missing}",
        [figure(limit) for limit in sorted(measured, key=lambda each: (each != "none", each))],
        TITLES,
    )
