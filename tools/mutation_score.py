"""Breaks the function's code in hundreds of small ways and counts how many of them the unit tests notice.

Needs mutmut. docs/development/equivalent-mutants.md must explain each break that goes unnoticed. The exit status is 1
where it doesn't, or where the score is below the goal.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
WORKSPACE = PROJECT / "build" / "mutants"
EXPLANATIONS = PROJECT / "docs" / "development" / "equivalent-mutants.md"
GOAL_PERCENT = 95.0

COPIES = {
    "lambda/running_image_builder_function": "src/running_image_builder_function",
    "tests/docs": "tests/docs",
    "tests/function": "tests/function",
    "tests/simulation": "tests/simulation",
    "tests/support": "tests/support",
    "tests/conftest.py": "tests/conftest.py",
    "docs": "docs",
    "pyproject.toml": "pyproject.toml",
}
NOTICED = ("killed", "timeout", "segfault", "caught by type check")


def prepare() -> None:
    """Copy what is mutated, and what tests it, to a place where mutmut understands the layout."""
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    for source, target in COPIES.items():
        (WORKSPACE / target).parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(PROJECT / source, WORKSPACE / target, ignore=ignored)
        else:
            shutil.copy(PROJECT / source, WORKSPACE / target)


def mutmut(*arguments: str) -> str:
    """Run mutmut in the workspace and return what it prints."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    run = subprocess.run(command, cwd=WORKSPACE, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"mutmut {' '.join(arguments)} failed:\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}")
    return run.stdout


def results() -> dict[str, str]:
    """Return what became of each mutant."""
    found = re.findall(r"^\s+(\S+__mutmut_\d+): (.+)$", mutmut("results", "--all", "true"), flags=re.MULTILINE)
    return {mutant: status for mutant, status in found if status != "not checked"}


def change(mutant: str) -> str:
    """Return the lines that a mutant takes out and puts in."""
    lines = mutmut("show", mutant).splitlines()
    changed = [line for line in lines if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed)


def function(mutant: str) -> str:
    """Return the module and function that a mutant changes, as they are called in the code."""
    module, _, mangled = mutant.rpartition(".")
    name = re.sub(r"__mutmut_\d+$", "", mangled).removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return f"{module.rpartition('.')[2]}.{name}"


def report(found: dict[str, str]) -> bool:
    """Print the score by module and each unnoticed mutant; return whether all is as it should be."""
    total, noticed = Counter[str](), Counter[str]()
    for mutant, status in found.items():
        module = mutant.rpartition(".")[0].partition(".")[2]
        total[module] += 1
        noticed[module] += status in NOTICED
    for module in sorted(total):
        print(f"{module:36} {noticed[module]:4} of {total[module]:4}")
    score = 100 * noticed.total() / max(1, total.total())
    print(f"{'all':36} {noticed.total():4} of {total.total():4}  {score:.1f} %")
    explanations = EXPLANATIONS.read_text(encoding="utf-8")
    unexplained = 0
    for mutant, status in found.items():
        if status not in NOTICED:
            lines = change(mutant)
            explained = lines in explanations
            unexplained += not explained
            print(f"\n{mutant}: {status}, {'explained' if explained else f'NOT EXPLAINED in {EXPLANATIONS.name}'}")
            print(f"{function(mutant)}\n{lines}")
    return score >= GOAL_PERCENT and not unexplained


def main() -> int:
    """Run, or report on the last run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report-only", action="store_true", help="do not run: print the last run's results")
    parser.add_argument(
        "--only", nargs="*", default=[], help="mutants to run, such as 'running_image_builder_function.reconcile.*'"
    )
    parser.add_argument("--processes", type=int, default=2, help="how many to run at a time")
    arguments = parser.parse_args()
    if not arguments.report_only:
        prepare()
        mutmut("run", "--max-children", str(arguments.processes), *arguments.only)
    return 0 if report(results()) else 1


if __name__ == "__main__":
    sys.exit(main())
