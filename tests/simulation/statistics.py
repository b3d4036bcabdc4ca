"""Counts what happened in many runs and what the invariants found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulation.generators.scenarios import Seed, generate
from simulation.history import History
from simulation.invariants import ALL, check
from simulation.run import run
from simulation.scenario import LOGICAL_ID, ClockOffsets

_GROUPS = ("requests", "responses", "scenarios", "invocations", "kills", "changes", "calls", "faults", "initial states")
_SHOWN = 20
"""The most violations shown."""


@dataclass
class Statistics:
    """The statistics of a number of runs.

    Attributes:
        counts: How often each thing happened, by its group and name.
        checks: How often each invariant was checked.
        violations: Each as (seed, invariant, what).
    """

    runs: int = 0
    virtual_seconds: float = 0.0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: "Statistics") -> None:
        """Add another run's, or other runs'."""
        self.runs += other.runs
        self.virtual_seconds += other.virtual_seconds
        self.counts.update(other.counts)
        self.checks.update(other.checks)
        self.violations.extend(other.violations)

    def ranked(self, group: str) -> list[tuple[str, int]]:
        """Return what happened in a group, the most frequent first."""
        return sorted(
            ((name, n) for (each, name), n in self.counts.items() if each == group), key=lambda e: (-e[1], e[0])
        )


def summary(statistics: Statistics, *, seconds: float) -> Iterator[str]:
    """Yield the lines about many runs."""
    yield f"{statistics.runs} runs, {statistics.virtual_seconds / 3600:.0f} virtual hours in {seconds:.0f} s"
    for group in _GROUPS:
        yield ""
        yield f"{group}:"
        for name, times in statistics.ranked(group):
            yield f"  {times:>9}  {name}"
    yield ""
    yield f"{'checked':>11} {'violated':>9}  invariant"
    for invariant in ALL:
        name = invariant.__name__
        violated = sum(each == name for _, each, _ in statistics.violations)
        yield f"{statistics.checks[name]:>11} {violated:>9}  {name.replace('_', ' ')}"
    yield ""
    if not statistics.violations:
        yield "No invariant was violated."
    for seed, name, what in statistics.violations[:_SHOWN]:
        yield f"VIOLATED in run {seed}: {name.replace('_', ' ')}: {what}"
        yield f"  replay: make simulate SEED={seed}"


def statistics_of(seed: Seed) -> Statistics:
    """Return one run's statistics."""
    history = run(generate(seed))
    findings = check(history)
    return Statistics(
        runs=1,
        virtual_seconds=history.ended_at - history.began_at,
        counts=_counts(history),
        checks=Counter(findings.checks),
        violations=[(str(seed), name, what) for name, what in findings.violations],
    )


def _counts(history: History) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for request in history.requests:
        counts["requests", request.kind] += 1
        counts["responses", f"{request.kind} {request.response.get('Status') or request.ended}"] += 1
        counts["scenarios", "rollbacks"] += request.is_rollback
        counts["scenarios", "generated physical ids"] += request.id_generated
        counts["scenarios", "requests dated by their URL's expiry"] += "Expires=" in request.url.replace(
            "X-Amz-Expires=", ""
        )
    counts.update(_scenario_counts(history))
    for invocation in history.invocations:
        counts["invocations", "all"] += 1
        counts["invocations", "retries by Lambda"] += invocation.attempt > 1
        counts["invocations", f"{invocation.ended}"] += 1
        if invocation.killed_by:
            counts["kills", invocation.killed_by] += 1
    for event in history.events:
        counts["invocations", "self-invocations"] += event.parent is not None
        counts["invocations", "duplicate deliveries"] += event.copies
        counts["invocations", "events discarded after three failures"] += event.discarded
    for change in history.builder_changes:
        who = "somebody else" if change.invocation is None else "the function"
        counts["changes", f"{change.action} by {who}"] += 1
    for call in history.calls:
        counts["calls", f"{call.service} {call.operation}"] += 1
    for name, times in history.faults.items():
        counts["faults", name] += times
    for builder in history.scenario.builders:
        counts["initial states", builder.state] += 1
    return counts


def _scenario_counts(history: History) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    scenario = history.scenario
    operations = [operation for each in (scenario.operations, *scenario.other_stacks) for operation in each]
    counts["scenarios", "several stacks"] += bool(scenario.other_stacks)
    counts["scenarios", "several resources"] += any(operation.other_resources for operation in operations)
    counts["scenarios", "renamed logical ids"] += any(operation.logical_id != LOGICAL_ID for operation in operations)
    counts["scenarios", "disabled rollback"] += any(operation.disable_rollback for operation in operations)
    counts["scenarios", "clock offsets"] += scenario.clock_offsets != ClockOffsets()
    counts["scenarios", "a late scheduler"] += scenario.scheduler_delay > 60
    counts["scenarios", "stale descriptions"] += scenario.durations.describe_lag > 60
    counts["scenarios", "delivery stalls"] += any(
        each.delivery_stalls for operation in operations for each in operation.fault_plans
    )
    for statuses in history.resources.values():
        gone = [number for number, each in enumerate(statuses) if each.status == "DELETE_COMPLETE"]
        counts["scenarios", "logical ids added again"] += bool(gone) and gone[0] < len(statuses) - 1
    return counts
