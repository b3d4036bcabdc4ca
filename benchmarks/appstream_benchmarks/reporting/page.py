"""Renders docs/benchmarks/README.md, and the table in the project's README, out of the data; measures nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from appstream_benchmarks import deploys
from appstream_benchmarks.reporting import comparison, goals
from appstream_benchmarks.reporting import deploys as tables
from appstream_benchmarks.reporting import footprint as footprint_report
from appstream_benchmarks.reporting import virtual_time as virtual_time_report
from appstream_benchmarks.reporting.targets import Target, targets_table

COMMAND: Final = "make bench"
BEGIN, END = "<!-- benchmark table -->", "<!-- end -->"

PARTS: Final = {
    deploys.NAME: ("On the local engine", tables.tables, goals.targets),
    "virtual_time": ("In virtual time", virtual_time_report.tables, virtual_time_report.targets),
    "footprint": ("Cold start, size, synth and memory", footprint_report.tables, footprint_report.targets),
}
"""What is reported, in this order: title, Markdown and targets of the data of each part that was measured."""

_INTRODUCTION = f"""# Benchmarks

Written by `{COMMAND}`, never by hand: a test compares this page with what the data in `data/` gives.

The same work is done in every way that somebody could choose, each written as its own documentation has it
(`benchmarks/appstream_benchmarks/baselines/`), on the local engine, with IAM enforced: synthesized, bootstrapped and
published by the CDK CLI, then created, updated and deleted by CloudFormation calls on those templates, so that the
CLI's own start and its looks every 5 s do not blur the figures. In brackets: the ratio to this project.

The engine is not AWS: an image builder starts there in as many seconds as it is told, functions run on this machine
rather than in Lambda's sandboxes, and networks are faster. What is compared is the same for all of them."""


def load(data_dir: Path) -> dict[str, Any]:
    """Return the data of each part that was measured, and of the machine."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(data_dir.glob("*.json"))}


def render(data: dict[str, Any]) -> str:
    """Return the page."""
    sections = [_INTRODUCTION, _machine(data["machine"]), f"## Targets\n\n{targets_table(all_targets(data))}"]
    for part, (title, to_markdown, _) in PARTS.items():
        if part in data:
            sections.append(f"## {title}\n\n{to_markdown(data[part])}")
    return "\n\n".join(sections) + "\n"


def all_targets(data: dict[str, Any]) -> list[Target]:
    """Return the targets of all parts that were measured."""
    return [each for part, (_, _, to_targets) in PARTS.items() if part in data for each in to_targets(data[part])]


def with_table(readme: str, data: dict[str, Any]) -> str:
    """Return the project's README with the table between its two marks renewed.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no table to renew: put {BEGIN} and {END} where it belongs")
    return f"{before}{BEGIN}\n{comparison.table_of(data[deploys.NAME])}\n{END}{after}"


def _machine(machine: dict[str, str]) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in machine.items() if name not in ("date", "machine"))
    return f"Measured on {machine['date']} with {machine['machine']}: {versions}."
