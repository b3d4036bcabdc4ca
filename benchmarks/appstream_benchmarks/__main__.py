"""`python -m appstream_benchmarks`: measures the parts, keeps their data, and writes tables and pictures from it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from appstream_benchmarks import deploys, footprint, machine, virtual_time
from appstream_benchmarks.reporting import deploys_plots
from appstream_benchmarks.reporting import footprint as footprint_report
from appstream_benchmarks.reporting import page as report
from appstream_benchmarks.reporting import virtual_time as virtual_time_report
from appstream_benchmarks.reporting.plots import save

PARTS = {
    deploys.NAME: (deploys.measure, deploys_plots.plots),
    "virtual_time": (virtual_time.measure, virtual_time_report.plots),
    "footprint": (footprint.measure, footprint_report.plots),
}
"""How each part is measured and drawn."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="appstream_benchmarks", description="Measure this project beside other ways.")
    parser.add_argument("--only", choices=PARTS, help="measure one part; the others keep their data")
    parser.add_argument("--render", action="store_true", help="measure nothing: write tables and pictures anew")
    parser.add_argument("--smoke", action="store_true", help="one small case of each part")
    parser.add_argument("--out", type=Path, default=machine.PROJECT_DIR / "docs" / "benchmarks")
    options = parser.parse_args(arguments)
    data_dir = options.out / "data"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not options.render:
        for name in [options.only] if options.only else PARTS:
            measure, _ = PARTS[name]
            _write(data_dir / f"{name}.json", measure(smoke=options.smoke))
        _write(data_dir / "machine.json", machine.describe())
    data = report.load(data_dir)
    (options.out / "README.md").write_text(report.render(data))
    for name, (_, draw) in PARTS.items():
        if name in data:
            for picture, figure in draw(data[name]).items():
                save(figure, options.out / f"{picture}.svg")
    if options.out == parser.get_default("out") and not options.smoke:
        readme = machine.PROJECT_DIR / "README.md"
        readme.write_text(report.with_table(readme.read_text(), data))
    for target in report.all_targets(data):
        print("met   " if target.met else "MISSED", target.text, "-", target.measured)
    return 0


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
