"""Deploys every contender on local engines and measures what that takes: times, calls, price, template, leftovers."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appstream_benchmarks.baselines.names import STACK_KINDS, THIS
from appstream_benchmarks.deploys import plan as schedule
from appstream_benchmarks.deploys.testbed import synthesize
from appstream_benchmarks.footprint.templates import template_figures

NAME = "deploys"


def measure(*, smoke: bool) -> dict[str, Any]:
    """Return all figures, as plain data; a smoke run measures one small case only."""
    with tempfile.TemporaryDirectory() as folder:
        kinds = (THIS,) if smoke else STACK_KINDS
        assembly = synthesize(Path(folder) / "cdk.out", kinds)
        return {"templates": template_figures(assembly, kinds), **asdict(schedule.run(assembly, smoke=smoke))}
