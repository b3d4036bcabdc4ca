"""Measures the parts, saves their data, and writes the page, its picture and the README's table."""

import argparse
import sys
import time
from pathlib import Path

from appstream_benchmarks import deploys, footprint, machine, virtual_time
from appstream_benchmarks.reporting import data, page
from appstream_benchmarks.reporting.targets import targets

PARTS = {"deploys": deploys.measure, "footprint": footprint.measure, "virtual_time": virtual_time.measure}


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="appstream_benchmarks", description="Measure this project and its baselines.")
    parser.add_argument("--only", choices=PARTS, help="measure one part; the others keep their data")
    parser.add_argument("--render", action="store_true", help="measure nothing: write page, picture and table again")
    parser.add_argument("--out", type=Path, default=machine.PROJECT_DIR / "docs" / "benchmarks")
    options = parser.parse_args(arguments)
    for part in () if options.render else [options.only] if options.only else PARTS:
        print(f"Measuring {part}", flush=True)
        began = time.monotonic()
        data.save(options.out / "data", part, {"machine": machine.describe(), **PARTS[part]()})
        print(f"Measured {part} in {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    measured = page.write(options.out)
    if options.out == parser.get_default("out"):
        readme = machine.PROJECT_DIR / "README.md"
        readme.write_text(page.with_table(readme.read_text(encoding="utf-8"), measured), encoding="utf-8")
    for target in targets(measured):
        print("met   " if target.met else "MISSED", target.text, "-", target.measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
