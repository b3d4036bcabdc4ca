"""The Markdown of `deploys`: one table for each question, with ratios to this project."""

from __future__ import annotations

from appstream_benchmarks import usage as prices
from appstream_benchmarks.baselines.names import FUNCTION_LIMIT, THIS, TITLES
from appstream_benchmarks.deploys import plan as schedule
from appstream_benchmarks.footprint.templates import WITH_STOP_AFTER
from appstream_benchmarks.reporting import summary
from appstream_benchmarks.reporting.markdown import compared, number, table
from appstream_benchmarks.reporting.summary import Data

_EARLY = "does not wait"


def tables(data: Data) -> str:
    """Return the whole section."""
    sections = [
        ("From RUNNING to complete", _LAG, _lags(data)),
        ("A builder that is RUNNING already", _NO_OP, _no_ops(data)),
        ("Many builders in one stack", _MANY, _many(data)),
        ("What one start uses", _USE, _use(data)),
        ("A start longer than one invocation", _LIMITED, _limited(data)),
        ("What is added to the template", _TEMPLATE, _templates(data)),
        ("What is seen, and what is left", _LEFT, _left(data)),
    ]
    return "\n\n".join(f"### {title}\n\n{text}\n\n{content}" for title, text, content in sections)


def _lag(value: float | None, own: float | None) -> str:
    return _EARLY if value is not None and value < 0 else compared(value, own, "s")


def _lags(data: Data) -> str:
    durations = summary.durations(data)
    headers = [
        "",
        *(f"{number(each)} s start: {which}" for each in durations for which in ("starts", "median", "worst")),
    ]
    rows = []
    for kind, title in TITLES.items():
        row = [title]
        for each in durations:
            runs, own = summary.starts(data, kind, each), summary.starts(data, THIS, each)
            row.append(str(len(runs)))
            row.append(_lag(summary.median(runs, "lag_median"), summary.median(own, "lag_median")))
            row.append(_lag(summary.worst(runs, "lag_worst"), summary.worst(own, "lag_worst")))
        rows.append(row)
    return table(headers, rows) + "\n\n![Seconds from RUNNING to complete](lag.svg)"


def _no_ops(data: Data) -> str:
    rows = []
    for kind, title in TITLES.items():
        cells = []
        for cold in (True, False):
            runs, own = summary.no_ops(data, kind, cold=cold), summary.no_ops(data, THIS, cold=cold)
            if any(not each["worked"] for each in summary.all_no_ops(data, kind)):
                cells.append("fails")
            else:
                cells.append(compared(summary.median(runs, "seconds"), summary.median(own, "seconds"), "s"))
        warm, own = summary.no_ops(data, kind, cold=False), summary.no_ops(data, THIS, cold=False)
        cells.append(compared(summary.median(warm, "calls"), summary.median(own, "calls")))
        rows.append([title, *cells])
    return table(["", "function loaded anew", "function loaded", "AppStream calls"], rows)


def _many(data: Data) -> str:
    parts = []
    for size in sorted({each["builders"] for each in data["many"]}):
        rates = sorted({each["per_second"] or 0 for each in data["many"] if each["builders"] == size})
        headers = [f"{size} builder{'s' if size > 1 else ''}"]
        for rate in rates:
            limit = f"{number(rate)} requests/s" if rate else "no limit"
            headers += [f"{limit}: lag, median", "worst", "until all complete", "refused calls", "failed builders"]
        rows = [
            [title, *(cell for rate in rates for cell in _cells(data, kind, size, rate or None))]
            for kind, title in TITLES.items()
        ]
        parts.append(table(headers, rows))
    return "\n\n".join([*parts, "![Many builders](many.svg)"])


def _cells(data: Data, kind: str, size: int, per_second: float | None) -> list[str]:
    found, own = summary.many(data, kind, size, per_second), summary.many(data, THIS, size, per_second)
    if found is None or own is None:
        return ["-"] * 5
    lags = [_lag(found[key], own[key]) for key in ("lag_median", "lag_worst")]
    complete = compared(found["seconds"], own["seconds"], "s") if found["worked"] else "fails"
    return [*lags, complete, number(found["throttled"]), number(found["failed_builders"])]


def _use(data: Data) -> str:
    longest = max(summary.durations(data))
    rows = []
    for kind, title in TITLES.items():
        runs, own = summary.starts(data, kind, longest), summary.starts(data, THIS, longest)
        keys = ("calls", "calls_per_minute", "invocations", "gb_seconds", "transitions")
        cells = [compared(summary.median(runs, key), summary.median(own, key)) for key in keys]
        price, own_price = summary.median(runs, "usd"), summary.median(own, "usd")
        # A start's price in dollars is too small to read.
        scaled = [None if each is None else each * 1_000_000 for each in (price, own_price)]
        rows.append([title, *cells, compared(scaled[0], scaled[1])])
    headers = [
        f"{number(longest)} s start",
        *("AppStream calls", "most in a minute", "Lambda invocations", "GB-seconds", "state transitions"),
        "US$ for a million starts",
    ]
    return table(headers, rows)


def _limited(data: Data) -> str:
    rows = []
    for kind, title in TITLES.items():
        found, own = summary.one(data["limited"], kind), summary.one(data["limited"], THIS)
        if found is None or own is None:
            continue
        rows.append(
            [
                title,
                "yes" if found["worked"] else "no",
                _lag(found["lag_worst"], own["lag_worst"]),
                compared(found["invocations"], own["invocations"]),
            ]
        )
    return table(["", "worked", "lag", "Lambda invocations"], rows)


def _templates(data: Data) -> str:
    columns = {
        "resources": "resources",
        "resources_second": "for a second builder",
        "resources_per_further": "each of 49 further",
        "bytes": "bytes",
        "bytes_per_further": "each of 49 further",
        "wildcard_permissions": "permissions on `*`",
        "wildcard_resources": "resources with a `*`",
        "managed_policies": "AWS managed policies",
    }
    own = data["templates"][THIS]
    titles = {THIS: TITLES[THIS], WITH_STOP_AFTER: f"{TITLES[THIS]}, with `stop_after`", **TITLES}
    rows = [
        [title, *(compared(data["templates"][kind][key], own[key]) for key in columns)]
        for kind, title in titles.items()
        if kind in data["templates"]
    ]
    return table(["", *columns.values()], rows)


def _left(data: Data) -> str:
    rows = []
    for kind, title in TITLES.items():
        found, own = summary.one(data["deletes"], kind), summary.one(data["deletes"], THIS)
        if found is None or own is None:
            continue
        states = sorted({each["state"] for each in data["starts"] if each["contender"] == kind and each["state"]})
        rows.append(
            [title, ", ".join(states) or "-", compared(found["seconds"], own["seconds"], "s"), summary.left(found)]
        )
    return table(["", "State in the output", "time of the delete", "left behind"], rows)


_LAG = f"""Seconds from the moment the engine's builder is RUNNING to CREATE_COMPLETE or UPDATE_COMPLETE of its
resource; for the script, to its end. The starts of one duration are spread over {number(schedule.SPREAD)} s, each a
little longer than the one before, so that a poller's phase does not decide. The functions are loaded at the first."""
_NO_OP = """An update of the resource by a changed property, from its UPDATE_IN_PROGRESS to UPDATE_COMPLETE; the
median. AWS documents nowhere what StartImageBuilder answers on a builder that is RUNNING; the engine refuses it with
ResourceNotAvailableException."""
_MANY = f"""Created at once, as CloudFormation does; a start takes {number(schedule.MANY_START)} s. The script is
given all names, and looks at all of them with one call."""
_USE = f"""The median of one builder's starts. GB-seconds are the billed duration in the functions' REPORT lines times
their memory, loading included; the durations are this machine's. Prices: {prices.REGION}, {prices.AS_OF},
{" and ".join(f"<{each}>" for each in prices.SOURCES)}; no free tier, no logs."""
_LIMITED = f"""Every function of the contender may run {FUNCTION_LIMIT} s only, and the start takes 33 s."""
_TEMPLATE = """Without AWS::CDK::Metadata and without whitespace. Resources with a `*` are those in policies: `*` itself
and ARNs that end in one. Further builders have more than one resource each where a policy is full: IAM takes 10,240
characters in a role's inline policies and 6,144 in a managed one, and this project names each builder in them."""
_LEFT = """After the stack's delete: what the engine still has that is not of the bootstrap."""
