"""Tables, plots and targets of cold start and size, from their data alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appstream_benchmarks.footprint.synth_apps import BUILDER, FUNCTION, RESOURCES
from appstream_benchmarks.reporting.targets import Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_OF_INIT = 0.7
MOST_OF_SYNTH = 1.10
LEAST_MEMORY_LEFT = 0.40

_SAID = (
    "Import of the handler's module in fresh processes, in turn; medians, ratios of pairs (this project / plain"
    " crhelper). The limit is the kernel's CPU quota with the share that Lambda gives a function of that size."
)

_FLOOR = (
    f"Nothing of this project is in {FUNCTION} (CDK's own, with the same package) and in {RESOURCES} (the kinds that"
    " the builder has, from CDK's core alone). So the first shows what is added by whatever has such a function, which"
    " `provider.function` promises, and the second by whatever has such a template."
)

_SIDES = ("this project", "plain crhelper")


def tables(data: dict[str, Any]) -> str:
    """Return the section in Markdown."""
    lines = [
        _SAID,
        "",
        "| CPU | this project, s | plain crhelper, s | ratio | ratio of CPU time | runs |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for limit, found in data["init"].items():
        ours, theirs = (found[side] for side in _SIDES)
        share = "no limit" if limit == "none" else f"that of {limit}"
        lines.append(
            f"| {share} | {ours['wall']:.2f} | {theirs['wall']:.2f} | {found['ratio_wall']:.2f} |"
            f" {found['ratio_cpu']:.2f} | {ours['runs']} |"
        )
    if len(data["init"]) == 1:
        lines += ["", "This user may set no CPU quota here: the rows under a limit are missing."]
    synth, memory, asset = data["synth"], data["memory"], data["asset"]
    peak = (
        f"| peak memory over a wait of {memory['virtual_seconds'] / 60:.0f} virtual minutes |"
        f" {memory['peak_mib']:.0f} MiB of {memory['given_mib']}, {memory['left']:.0%} left"
        f" ({memory['invocations']} invocations in one process, {memory['calls']} AppStream calls over HTTPS) |"
    )
    lines += [
        "",
        "| figure | value |",
        "|---|---|",
        f"| package | {asset['files']} files, {asset['bytes']:,} bytes zipped |",
        peak,
        "",
        f"Synths of an app in Python, medians of {synth['runs']} rounds; CPU time is that of Python and jsii's Node:",
        "",
        "| the stack holds | CPU, s | added | ratio to the empty stack | wall clock, s | added | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_synth(app, found) for app, found in synth["apps"].items()),
        "",
        _FLOOR,
    ]
    return "\n".join([*lines, "", "![Import of the handler](init.svg)"])


def _synth(app: str, found: dict[str, float]) -> str:
    cells = [
        f"{found[kind]:.2f} | {found[f'added_{kind}']:.2f} | {found[f'ratio_{kind}']:.2f}" for kind in ("cpu", "wall")
    ]
    return f"| {app} | {' | '.join(cells)} |"


def plots(data: dict[str, Any]) -> dict[str, Figure]:
    """Return the import times as bars, without and with the limits."""
    from matplotlib.figure import Figure  # the pages are written without it

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    limits = list(data["init"])
    for number, side in enumerate(_SIDES):
        at = [place + 0.38 * number for place in range(len(limits))]
        bars = axes.barh(at, [data["init"][limit][side]["wall"] for limit in limits], height=0.36, label=side)
        axes.bar_label(bars, fmt="%.2f s", padding=3)
    axes.set_yticks([place + 0.19 for place in range(len(limits))])
    axes.set_yticklabels(["no CPU limit" if limit == "none" else f"CPU of {limit}" for limit in limits])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("seconds to import the handler, median")
    axes.legend()
    return {"init": figure}


def targets(data: dict[str, Any]) -> list[Target]:
    """Return each target with what was measured and whether it is met."""
    # Under a limit as well as without one: the worst counts.
    init = max(found["ratio_wall"] for found in data["init"].values())
    synth, left = data["synth"]["apps"][BUILDER]["ratio_cpu"], data["memory"]["left"]
    return [
        Target(f"init at most {MOST_OF_INIT} of plain crhelper's", f"{init:.2f}", init <= MOST_OF_INIT),
        Target("synth at most 10 % over an empty stack (CPU time)", f"{synth - 1:+.0%}", synth <= MOST_OF_SYNTH),
        Target("at least 40 % of the default memory left", f"{left:.0%}", left >= LEAST_MEMORY_LEFT),
    ]
