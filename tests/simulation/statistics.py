"""Counts what many runs did and what the invariants found in them; prints nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulation.generators.scenarios import Seed, generate
from simulation.history import History
from simulation.invariants import ALL, check
from simulation.run import run
from simulation.scenario import LOGICAL_ID, ClockOffsets

_GROUPS = (
    "requests",
    "answers",
    "lives",
    "invocations",
    "kills",
    "acts",
    "calls",
    "faults",
    "builders at the beginning",
)
_SHOWN = 20
"""Violations shown at most."""


@dataclass
class Statistics:
    """What a number of runs did.

    Attributes:
        did: How often each thing happened, by its group and name.
        checks: How often each invariant was checked.
        violations: What was wrong, as (token, invariant, what).
    """

    runs: int = 0
    virtual_seconds: float = 0.0
    did: Counter[tuple[str, str]] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: "Statistics") -> None:
        """Take in another tally."""
        self.runs += other.runs
        self.virtual_seconds += other.virtual_seconds
        self.did.update(other.did)
        self.checks.update(other.checks)
        self.violations.extend(other.violations)

    def names(self, group: str) -> list[tuple[str, int]]:
        """Return what happened of a group, the most frequent first."""
        return sorted(((name, n) for (each, name), n in self.did.items() if each == group), key=lambda e: (-e[1], e[0]))


def summary(statistics: Statistics, *, seconds: float) -> Iterator[str]:
    """Give the lines about many runs."""
    yield f"{statistics.runs} runs, {statistics.virtual_seconds / 3600:.0f} virtual hours in {seconds:.0f} s"
    for group in _GROUPS:
        yield ""
        yield f"{group}:"
        for name, times in statistics.names(group):
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
    """Return what one run did and what was found in it."""
    history = run(generate(seed))
    findings = check(history)
    return Statistics(
        runs=1,
        virtual_seconds=history.ended_at - history.began_at,
        did=_counts(history),
        checks=Counter(findings.checks),
        violations=[(str(seed), name, what) for name, what in findings.violations],
    )


def _counts(history: History) -> Counter[tuple[str, str]]:
    did: Counter[tuple[str, str]] = Counter()
    for request in history.requests:
        did["requests", request.kind] += 1
        did["answers", f"{request.kind} {request.response.get('Status') or request.ended}"] += 1
        did["lives", "roll-backs"] += request.is_rollback
        did["lives", "ids that CloudFormation made up"] += request.id_generated
        did["lives", "requests dated by their URL's end"] += "Expires=" in request.url.replace("X-Amz-Expires=", "")
    did.update(_scenario_counts(history))
    for invocation in history.invocations:
        did["invocations", "all"] += 1
        did["invocations", "retries by Lambda"] += invocation.attempt > 1
        did["invocations", f"{invocation.ended}"] += 1
        if invocation.killed_by:
            did["kills", invocation.killed_by] += 1
    for event in history.events:
        did["invocations", "hand-overs"] += event.parent is not None
        did["invocations", "duplicate deliveries"] += event.copies
        did["invocations", "events given up after three deaths"] += event.discarded
    for act in history.builder_changes:
        who = "somebody else" if act.invocation is None else "the function"
        did["acts", f"{act.action} by {who}"] += 1
    for call in history.calls:
        did["calls", f"{call.service} {call.operation}"] += 1
    for name, times in history.faults.items():
        did["faults", name] += times
    for builder in history.scenario.builders:
        did["builders at the beginning", builder.state] += 1
    return did


def _scenario_counts(history: History) -> Counter[tuple[str, str]]:
    did: Counter[tuple[str, str]] = Counter()
    scenario = history.scenario
    operations = [operation for each in (scenario.operations, *scenario.other_stacks) for operation in each]
    did["lives", "several stacks"] += bool(scenario.other_stacks)
    did["lives", "several resources"] += any(operation.other_resources for operation in operations)
    did["lives", "renamed logical ids"] += any(operation.logical_id != LOGICAL_ID for operation in operations)
    did["lives", "failures that stay"] += any(operation.disable_rollback for operation in operations)
    did["lives", "clocks apart"] += scenario.clock_offsets != ClockOffsets()
    did["lives", "a late scheduler"] += scenario.scheduler_delay > 60
    did["lives", "stale descriptions"] += scenario.durations.describe_lag > 60
    did["lives", "standstills"] += any(
        each.delivery_stalls for operation in operations for each in operation.fault_plans
    )
    for statuses in history.resources.values():
        gone = [number for number, each in enumerate(statuses) if each.status == "DELETE_COMPLETE"]
        did["lives", "logical ids that came back"] += bool(gone) and gone[0] < len(statuses) - 1
    return did
