"""The function keeps all invariants in a simulated AWS, whatever happens; `make simulate` runs many more scenarios."""

from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from simulation.__main__ import first_seed_of
from simulation.generators.scenarios import Seed, generate
from simulation.invariants import check
from simulation.run import run
from simulation.scenario import FEATURES
from simulation.statistics import Statistics, statistics_of

_SOME = st.sets(st.sampled_from(FEATURES))
_ALL = st.just(set(FEATURES))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
@given(number=st.integers(0, 2**32), features=_SOME | _ALL)
def test_no_run_violates_an_invariant(number: int, features: set[str]) -> None:
    """A failure shrinks to the features it needs; the noted command replays it."""
    seed = Seed(number, tuple(each for each in FEATURES if each not in features))
    note(f"make simulate SEED={seed}")

    assert [] == check(run(generate(seed))).violations


def test_the_first_runs_cover_everything() -> None:
    """Every invariant is checked, and every kind of fault happens, within the first 150 runs."""
    statistics = Statistics()
    for number in range(150):
        statistics.add(statistics_of(Seed(number)))

    assert [] == statistics.violations
    assert [] == [name for name, checked in statistics.checks.items() if not checked]
    assert {"Create", "Update", "Delete"} == {name for name, _ in statistics.ranked("requests")}
    invocations = dict(statistics.ranked("invocations"))
    assert all(
        invocations[each] for each in ("self-invocations", "killed", "duplicate deliveries", "retries by Lambda")
    )
    assert {"appstream", "lambda", "cloudformation", "s3", "scheduler"} == {
        name.split(":")[0] for name, _ in statistics.ranked("faults")
    }
    assert 14 == len(statistics.ranked("initial states"))
    assert 12 == len(statistics.ranked("scenarios"))
    assert [] == [name for name, times in statistics.ranked("scenarios") if not times]
    assert {"garbled", "missing", "http"} <= {name.split(": ")[1].split()[0] for name, _ in statistics.ranked("faults")}


def test_a_seed_replays_its_run() -> None:
    """Everything in it happens again at the same moments."""
    seed = Seed.parse("17-without-kills,failures_elsewhere")

    first, second = run(generate(seed)), run(generate(seed))

    assert "17-without-kills,failures_elsewhere" == str(seed)
    assert first.notes
    assert first.notes == second.notes


def test_each_day_has_seeds_of_its_own() -> None:
    """All day the command begins with the same seed, which no other day has."""
    today = date(2026, 11, 25)
    days = [today + timedelta(days=number) for number in range(365)]

    assert first_seed_of(today) == first_seed_of(date(2026, 11, 25))
    assert 365 == len({first_seed_of(day) for day in days})
    assert all(first_seed_of(day) % 1_000_000 == 0 for day in days)
