"""The figures of each approach, in sections of one question each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from appstream_benchmarks.baselines.names import CRHELPER, FUNCTION_LIMIT, SCRIPT, STOP_AFTER, THIS, TITLES
from appstream_benchmarks.reporting.data import Data
from appstream_benchmarks.reporting.markdown import compared, number, table
from appstream_benchmarks.usage import AS_OF, REGION, SOURCES

EARLY = "does not wait"
FAILS = "fails"

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

    def markdown(self) -> str:
        """Return the section with its table."""
        return f"### {self.title}\n\n{self.text}\n\n{figures_table(self.figures, self.titles)}"


def figures_table(figures: Sequence[Figure], titles: dict[str, str]) -> str:
    """Return a table of figures, a row for each approach of which something was measured."""
    rows = [[title, *(figure.cell(approach) for figure in figures)] for approach, title in titles.items()]
    return table(["", *(figure.title for figure in figures)], [row for row in rows if set(row[1:]) != {"-"}])


def rows(data: Data, kind: str, approach: str, **criteria: Any) -> list[Data]:
    """Return an approach's rows of one kind that meet all criteria."""
    wanted = {"approach": approach, **criteria}
    return [each for each in data[kind] if wanted.items() <= each.items()]


def first(data: Data, kind: str, approach: str, **criteria: Any) -> Data | None:
    """Return the first of an approach's rows that meet all criteria."""
    return next(iter(rows(data, kind, approach, **criteria)), None)


def median(found: Iterable[Data], key: str) -> float | None:
    """Return the median of a key over the rows that have it."""
    values = [each[key] for each in found if each[key] is not None]
    return statistics.median(values) if values else None


def durations(deploys: Data) -> list[float]:
    """Return the durations of single starts that were measured."""
    return sorted({each["start_seconds"] for each in deploys["starts"]})


def summary(data: Data) -> list[Figure]:
    """Return the figures that a user notices first."""
    deploys = data["deploys"]
    found = durations(deploys)
    [lag, *_] = _lags(deploys, found[len(found) // 2], "complete after RUNNING")
    [no_op, *_] = _updates(deploys).figures
    many = _many(deploys)
    complete = [Figure(f"{many.title}, {each.title}", each.of, "s") for each in many.figures[-1:]]

    def resources(approach: str) -> Value:
        own, further = (_template(data, approach, key) for key in ("resources", "resources_per_further"))
        return None if own is None or further is None else f"{number(own)}, {number(further)}"

    return [
        lag,
        Figure("State in the output", lambda approach: _states(deploys, approach)),
        Figure("a no-op update", no_op.of, "s"),
        *complete,
        Figure("resources, each further", resources),
        Figure("left behind", lambda approach: _orphaned(deploys, approach)),
    ]


def sections(data: Data) -> list[Section]:
    """Return everything that was measured of the approaches."""
    deploys = data["deploys"]
    found = [_single_starts(deploys), _updates(deploys), _many(deploys), _use(deploys), _limited(deploys)]
    templates = [_templates(data), _cold_start(data)] if "footprint" in data else []
    return [*(each for each in found if each.figures), *templates]


def _lag(value: float | None) -> Value:
    return EARLY if value is not None and value < 0 else value


def _states(deploys: Data, approach: str) -> str:
    return ", ".join(sorted({each["state"] for each in rows(deploys, "starts", approach) if each["state"]})) or "-"


def _orphaned(deploys: Data, approach: str) -> str:
    found = first(deploys, "deletes", approach)
    return "-" if found is None else orphaned_text(found["orphaned"])


def orphaned_text(orphaned: dict[str, int]) -> str:
    """Return what a delete left behind, in words."""
    words = [f"{count} {what.removesuffix('s') if count == 1 else what}" for what, count in orphaned.items() if count]
    return ", ".join(words) or "nothing"


def _lags(deploys: Data, seconds: float, title: str) -> list[Figure]:
    def lag(approach: str, choose: Callable[[list[float]], float]) -> Value:
        found = [each["lag_median"] for each in rows(deploys, "starts", approach, start_seconds=seconds)]
        values = [each for each in found if each is not None]
        return _lag(choose(values)) if values else None

    return [
        Figure(f"{title}, median", lambda approach: lag(approach, statistics.median), "s"),
        Figure(f"{title}, worst", lambda approach: lag(approach, lambda values: max(values, key=abs)), "s"),
    ]


def _single_starts(deploys: Data) -> Section:
    found = durations(deploys)
    counts = {each: [len(rows(deploys, "starts", who, start_seconds=each)) for who in TITLES] for each in found}
    measured = ", ".join(f"{max(count)} starts of {number(each)} s" for each, count in counts.items())
    fewest = min(min(count) for count in counts.values())
    return Section(
        "From RUNNING to complete",
        "The seconds from the moment the engine's builder is RUNNING to CREATE_COMPLETE or UPDATE_COMPLETE of its"
        f" resource; for the script, to its end. Per approach: {measured}; of {TITLES[CRHELPER]}, which takes minutes,"
        f" {fewest} of each. Each start takes a little longer than the one before, so that the result"
        " doesn't depend on one phase between polls and RUNNING.",
        [figure for each in found for figure in _lags(deploys, each, f"{number(each)} s start")],
        TITLES,
    )


def _updates(deploys: Data) -> Section:
    def no_op(approach: str, key: str, *, cold: bool) -> Value:
        if any(not each["succeeded"] for each in rows(deploys, "no_ops", approach)):
            return FAILS
        return median(rows(deploys, "no_ops", approach, cold=cold), key)

    return Section(
        "No-op updates and deletes",
        "An update of the resource of a builder that is RUNNING already, by a changed property, from"
        " UPDATE_IN_PROGRESS to UPDATE_COMPLETE; the median. AWS doesn't document what StartImageBuilder replies"
        " on a builder that is RUNNING; the engine refuses it with ResourceNotAvailableException.",
        [
            Figure("no-op update, cold start", lambda approach: no_op(approach, "seconds", cold=True), "s"),
            Figure("warm", lambda approach: no_op(approach, "seconds", cold=False), "s"),
            Figure("AppStream calls", lambda approach: no_op(approach, "calls", cold=False)),
            Figure("delete", lambda approach: median(rows(deploys, "deletes", approach), "seconds"), "s"),
        ],
        TITLES,
    )


def _many(deploys: Data) -> Section:
    def figure(title: str, key: str, per_second: float | None) -> Figure:
        def of(approach: str) -> Value:
            row = first(deploys, "many", approach, per_second=per_second)
            if row is None:
                return None
            if not row["succeeded"]:
                return f"{row['failed_builders']} failed" if key == "seconds" else "-"
            value: float = row[key]
            return value if key == "seconds" else _lag(value)

        return Figure(title, of, "s")

    found = []
    most = max((each["builders"] for each in deploys["many"]), default=0)
    for per_second in sorted({each["per_second"] or 0 for each in deploys["many"]}):
        limit = f"{number(per_second)} requests/s" if per_second else "no limit"
        for title, key in (("lag, median", "lag_median"), ("lag, worst", "lag_worst"), ("all complete", "seconds")):
            found.append(figure(f"{limit}: {title}", key, per_second or None))
    seconds = max((each["start_seconds"] for each in deploys["many"]), default=0)
    return Section(
        f"{most} builders in one stack",
        f"Created at once, as CloudFormation does; a start takes {number(seconds)} s. The script is given all names and"
        " polls all of them with one call.",
        found,
        TITLES,
    )


def _use(deploys: Data) -> Section:
    longest = max(durations(deploys))

    def figure(title: str, key: str, factor: float = 1.0) -> Figure:
        def of(approach: str) -> Value:
            value = median(rows(deploys, "starts", approach, start_seconds=longest), key)
            return None if value is None else value * factor

        return Figure(title, of)

    return Section(
        f"What one start of {number(longest)} s uses",
        "The median. GB-seconds are the billed duration in the functions' REPORT lines times their memory, cold start"
        f" included; the durations are this machine's. Prices: {REGION}, {AS_OF},"
        f" {' and '.join(f'<{each}>' for each in SOURCES)}; no free tier, no logs.",
        [
            figure("AppStream calls", "calls"),
            figure("most in a minute", "calls_per_minute"),
            figure("Lambda invocations", "invocations"),
            figure("GB-seconds", "gb_seconds"),
            figure("state transitions", "transitions"),
            figure("US$ for a million starts", "usd", 1_000_000),
        ],
        TITLES,
    )


def _limited(deploys: Data) -> Section:
    def figure(title: str, key: str, unit: str = "") -> Figure:
        def of(approach: str) -> Value:
            row = first(deploys, "limited", approach)
            if row is None:
                return None
            return FAILS if not row["succeeded"] else _lag(row[key])

        return Figure(title, of, unit)

    seconds = max((each["start_seconds"] for each in deploys["limited"]), default=0)
    return Section(
        "A start longer than one invocation",
        f"Every function may run {FUNCTION_LIMIT} s only, and the start takes {number(seconds)} s.",
        [figure("lag", "lag_worst", "s"), figure("Lambda invocations", "invocations")] if seconds else [],
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
