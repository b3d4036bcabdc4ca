"""Counts what many runs did and what the invariants found in them; prints nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulation.generators.scenarios import Token, draw
from simulation.history import History
from simulation.invariants import ALL, check
from simulation.run import run
from simulation.scenario import LOGICAL_ID, Clocks

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
class Tally:
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

    def add(self, other: "Tally") -> None:
        """Take in another tally."""
        self.runs += other.runs
        self.virtual_seconds += other.virtual_seconds
        self.did.update(other.did)
        self.checks.update(other.checks)
        self.violations.extend(other.violations)

    def names(self, group: str) -> list[tuple[str, int]]:
        """Return what happened of a group, the most frequent first."""
        return sorted(((name, n) for (each, name), n in self.did.items() if each == group), key=lambda e: (-e[1], e[0]))


def summary(tally: Tally, *, seconds: float) -> Iterator[str]:
    """Give the lines about many runs."""
    yield f"{tally.runs} runs, {tally.virtual_seconds / 3600:.0f} virtual hours in {seconds:.0f} s"
    for group in _GROUPS:
        yield ""
        yield f"{group}:"
        for name, times in tally.names(group):
            yield f"  {times:>9}  {name}"
    yield ""
    yield f"{'checked':>11} {'violated':>9}  invariant"
    for invariant in ALL:
        name = invariant.__name__
        violated = sum(each == name for _, each, _ in tally.violations)
        yield f"{tally.checks[name]:>11} {violated:>9}  {name.replace('_', ' ')}"
    yield ""
    if not tally.violations:
        yield "No invariant was violated."
    for token, name, what in tally.violations[:_SHOWN]:
        yield f"VIOLATED in run {token}: {name.replace('_', ' ')}: {what}"
        yield f"  replay: make simulate SEED={token}"


def tally_of(token: Token) -> Tally:
    """Return what one run did and what was found in it."""
    history = run(draw(token))
    findings = check(history)
    return Tally(
        runs=1,
        virtual_seconds=history.ended_at - history.began_at,
        did=_did(history),
        checks=Counter(findings.checks),
        violations=[(str(token), name, what) for name, what in findings.violations],
    )


def _did(history: History) -> Counter[tuple[str, str]]:
    did: Counter[tuple[str, str]] = Counter()
    for request in history.requests:
        did["requests", request.kind] += 1
        did["answers", f"{request.kind} {request.answer.get('Status') or request.ended}"] += 1
        did["lives", "roll-backs"] += request.rolls_back
        did["lives", "ids that CloudFormation made up"] += request.made_up
        did["lives", "requests dated by their URL's end"] += "Expires=" in request.url.replace("X-Amz-Expires=", "")
    did.update(_lives(history))
    for invocation in history.invocations:
        did["invocations", "all"] += 1
        did["invocations", "retries by Lambda"] += invocation.attempt > 1
        did["invocations", f"{invocation.ended}"] += 1
        if invocation.died:
            did["kills", invocation.died] += 1
    for event in history.events:
        did["invocations", "hand-overs"] += event.parent is not None
        did["invocations", "duplicate deliveries"] += event.copies
        did["invocations", "events given up after three deaths"] += event.given_up
    for act in history.acts:
        who = "somebody else" if act.invocation is None else "the function"
        did["acts", f"{act.what} by {who}"] += 1
    for call in history.calls:
        did["calls", f"{call.service} {call.operation}"] += 1
    for name, times in history.faults.items():
        did["faults", name] += times
    for builder in history.scenario.builders:
        did["builders at the beginning", builder.state] += 1
    return did


def _lives(history: History) -> Counter[tuple[str, str]]:
    did: Counter[tuple[str, str]] = Counter()
    scenario = history.scenario
    steps = [step for each in (scenario.steps, *scenario.beside) for step in each]
    did["lives", "several stacks"] += bool(scenario.beside)
    did["lives", "several resources"] += any(step.more for step in steps)
    did["lives", "renamed logical ids"] += any(step.logical_id != LOGICAL_ID for step in steps)
    did["lives", "failures that stay"] += any(step.no_rollback for step in steps)
    did["lives", "clocks apart"] += scenario.clocks != Clocks()
    did["lives", "a late scheduler"] += scenario.schedules_late > 60
    did["lives", "stale descriptions"] += scenario.durations.describe_lag > 60
    did["lives", "standstills"] += any(each.standstills for step in steps for each in step.troubles)
    for statuses in history.resources.values():
        gone = [number for number, each in enumerate(statuses) if each.status == "DELETE_COMPLETE"]
        did["lives", "logical ids that came back"] += bool(gone) and gone[0] < len(statuses) - 1
    return did
