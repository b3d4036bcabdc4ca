"""Writes the page, its picture and the table in the project's README."""

from pathlib import Path

from appstream_benchmarks.baselines.names import THIS, TITLES
from appstream_benchmarks.reporting import growth
from appstream_benchmarks.reporting.data import Data, load
from appstream_benchmarks.reporting.figures import EARLY, figures_table, sections, summary
from appstream_benchmarks.reporting.markdown import compared, table
from appstream_benchmarks.reporting.targets import targets

BEGIN, END = "<!-- benchmark table -->", "<!-- end -->"

_ASKED = """# Benchmarks

Written by `make bench`; a test compares this page with the data in `data/`.

## What was asked

1. How soon after the image builder is RUNNING is the deploy complete?
2. How long does an update take when the builder is RUNNING already?
3. What happens with 50 builders, and when AppStream limits the request rate?
4. What does a start cost, and how many calls does it make?
5. What does each approach add to a stack, and what does it leave behind?

Every approach is written as its own documentation recommends (`benchmarks/appstream_benchmarks/baselines/`) and runs on
the local engine, with IAM enforced. The CDK CLI synthesizes, bootstraps and publishes; then CloudFormation calls
create, update and delete the stacks, so that the CLI's own start and its polling every 5 s don't blur the figures.

The engine is not AWS: an image builder takes as long to start as it is told, functions run on this machine instead of
in Lambda's sandboxes, and networks are faster. All approaches are compared under the same conditions."""

_RESULT = "The ratio to this project is in brackets; less is better."


def write(folder: Path) -> Data:
    """Write the page and its picture beside the data, and return the data."""
    data = load(folder / "data")
    (folder / "README.md").write_text(render(data), encoding="utf-8")
    if "virtual_time" in data:
        (folder / growth.PICTURE).write_text(growth.picture(data["virtual_time"]), encoding="utf-8")
    return data


def render(data: Data) -> str:
    """Return the page."""
    rows = [[each.text, each.measured, "yes" if each.met else "**no**"] for each in targets(data)]
    parts = [_ASKED]
    if "deploys" in data:
        parts += [
            f"## Result\n\n{_RESULT}\n\n{summary_table(data)}",
            f"## Where an alternative is better\n\n{_better(data)}",
        ]
    parts += [f"## Targets\n\n{table(['target', 'measured', 'met'], rows)}", "## Details"]
    if "deploys" in data:
        parts += [each.markdown() for each in sections(data)]
    if "footprint" in data:
        parts.append(_package(data["footprint"]))
    if "virtual_time" in data:
        parts.append(growth.markdown(data["virtual_time"]))
    return "\n\n".join([*parts, _measured_with(data)]) + "\n"


def summary_table(data: Data) -> str:
    """Return the table of what a user notices first."""
    return figures_table(summary(data), {**TITLES, THIS: f"**{TITLES[THIS]}**"})


def with_table(readme: str, data: Data) -> str:
    """Return the project's README with the table between its two marks renewed.

    Raises:
        ValueError: A mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no table to renew: put {BEGIN} and {END} where it belongs")
    return f"{before}{BEGIN}\n{summary_table(data)}\n{END}{after}"


def _better(data: Data) -> str:
    """Return the figures in which alternatives that wait are better."""
    [lag, *_] = summary(data)
    lines = []
    for approach, title in TITLES.items():
        if lag.of(approach) == EARLY:
            lines.append(f"- **{title}** doesn't wait, so its figures are left out here.")
            continue
        found = []
        for section in sections(data):
            better = [each for each in section.figures if each.is_better(approach)]
            words = ", ".join(f"{each.title} {each.cell(approach)}" for each in better)
            if better:
                found.append(
                    f"  - {section.title}: {words if any(each.of(approach) for each in better) else 'nothing'}"
                )
        if found:
            lines += [f"- **{title}**:", *found]
    missed = [f"{each.text} ({each.measured})" for each in targets(data) if not each.met]
    return "\n".join([*lines, *([f"- This project misses: {'; '.join(missed)}."] if missed else [])])


def _package(footprint: Data) -> str:
    memory, asset, synth = footprint["memory"], footprint["asset"], footprint["synth"]
    empty = synth["apps"]["nothing"]
    rows = [
        [app, compared(found["cpu"], empty["cpu"], "s"), compared(found["wall"], empty["wall"], "s")]
        for app, found in sorted(synth["apps"].items(), key=lambda each: float(each[1]["cpu"]))
    ]
    wait = f"{memory['virtual_seconds'] / 60:.0f} virtual minutes and {memory['invocations']} invocations"
    return f"""### Package, memory and synth

The function's package has {asset["files"]} files and {asset["bytes"]:,} bytes. Over a wait of {wait}
(in one process, with {memory["calls"]:,} AppStream calls over HTTPS) its peak memory is {memory["peak_mib"]:.0f} MiB of
{memory["given_mib"]}, so {memory["left"]:.0%} is left.

Synths of an app in Python, medians of {synth["runs"]} rounds, with the ratio to an empty stack. CPU time is that of
Python and jsii's Node. `lambda.Function`, CDK's own with the same package, is what any construct with a function adds.

{table(["the stack contains", "CPU time", "wall-clock time"], rows)}"""


def _measured_with(data: Data) -> str:
    parts: dict[str, list[str]] = {}
    for part, found in data.items():
        machine = found["machine"]
        versions = ", ".join(f"{name} {value}" for name, value in machine.items() if name not in ("date", "machine"))
        parts.setdefault(f"{machine['date']} with {machine['machine']}: {versions}", []).append(part)
    lines = [f"- {' and '.join(measured)}: on {text}." for text, measured in parts.items()]
    return "\n".join(["### When and with what", "", *lines])
