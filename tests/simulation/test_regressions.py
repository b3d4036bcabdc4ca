"""What the simulation has found once, each as a scenario written by hand."""

from simulation.handwritten_scenarios import (
    DENIED_READS,
    DROPPED_READS,
    NAME,
    NO_SELF_INVOCATION,
    OTHER,
    awaiting_address,
    came_back,
    cancelled_update,
    deleted_again_later,
    delivered_twice,
    failed_rename,
    renamed,
    rolled_back,
    shared,
    unconfirmed_self_invocations,
)
from simulation.history import BuilderChange, History
from simulation.invariants import check
from simulation.run import run
from simulation.scenario import Kill


def _statuses(history: History) -> list[str]:
    return [request.response["Status"] for request in history.requests]


def _acts(history: History) -> list[str]:
    return [act.action for act in sorted(history.builder_changes, key=_moment)]


def _moment(act: BuilderChange) -> float:
    return act.at


def test_a_delete_delivered_again_leaves_the_next_stacks_builder_alone() -> None:
    """Found as run 306: fifteen minutes later it stopped a builder that another stack had started meanwhile."""
    history = run(deleted_again_later())

    assert ["SUCCESS", "SUCCESS", "SUCCESS"] == _statuses(history)
    assert ["start", "stop", "start"] == _acts(history)
    assert [] == check(history).violations


def test_a_builder_that_runs_is_a_success_though_no_later_look_at_its_address_succeeds() -> None:
    """Found as run 4765: "(RUNNING): not RUNNING within 2 minutes" was what a person read."""
    history = run(awaiting_address(DROPPED_READS))

    assert ["SUCCESS"] == _statuses(history)
    assert [] == check(history).violations


def test_the_same_holds_where_the_later_looks_are_denied() -> None:
    """Found as run 5650."""
    history = run(awaiting_address(DENIED_READS, start=110.0))

    assert ["SUCCESS"] == _statuses(history)
    assert [] == check(history).violations


def test_the_same_holds_where_nobody_can_be_handed_over_to() -> None:
    """Found as run 22858: refused hand-overs failed a builder that ran."""
    history = run(awaiting_address(NO_SELF_INVOCATION, start=60.0, function_timeout=120.0))

    assert ["SUCCESS"] == _statuses(history)
    assert [] == check(history).violations


def test_two_deliveries_at_once_start_a_builder_once_though_it_falls_back() -> None:
    """Found as run 20244: the one that had not made the start took the fall for a stopped builder, and started it."""
    history = run(delivered_twice(apart=30.0))

    assert ["FAILED", "SUCCESS"] == _statuses(history)
    assert ["start"] == _acts(history)
    assert [] == check(history).violations


def test_a_retry_without_memory_starts_a_builder_once_though_it_falls_back() -> None:
    """The retry has seen it PENDING, and so knows that somebody had started it."""
    history = run(delivered_twice(kills=(Kill(seconds=30.0),)))

    assert "FAILED" == _statuses(history)[0]
    assert ["start"] == _acts(history)
    assert [] == check(history).violations


def test_successors_that_nobody_knows_of_do_not_multiply() -> None:
    """Found as run 1575: each left several more. Lambda's retry of one whose hand-over was lost adds one only."""
    history = run(unconfirmed_self_invocations())

    assert "FAILED" == _statuses(history)[0]
    assert 30 > len(history.invocations)
    assert [] == check(history).violations


def test_a_renamed_construct_keeps_its_builder() -> None:
    """The Delete of the logical id before finds that another resource of the stack has the builder."""
    for scenario in (renamed(), renamed(stop_after=7200), renamed(rolled_back=True)):
        history = run(scenario)

        assert ["SUCCESS", "SUCCESS", "SUCCESS"] == _statuses(history)
        assert "stop" not in [act.action for act in history.builder_changes if act.invocation is not None]
        assert [] == check(history).violations


def test_a_logical_id_that_comes_back_is_not_taken_for_deleted() -> None:
    """A stale look at the stack shows the deletion of before."""
    history = run(came_back())

    assert {"SUCCESS"} == set(_statuses(history))
    assert [] == check(history).violations


def test_a_cancelled_update_starts_nothing() -> None:
    """Its builder can be started only when the roll-back goes on already."""
    history = run(cancelled_update())

    assert [NAME] == [act.name for act in history.builder_changes if act.action == "start"]
    assert [] == check(history).violations


def test_a_failed_rename_leaves_nothing_running() -> None:
    """What it had started is stopped with STOP, though no Delete ever names it."""
    history = run(failed_rename())

    assert ["SUCCESS", "FAILED", "SUCCESS"] == _statuses(history)
    assert "STOPPED" == history.final_states[OTHER]
    assert [] == check(history).violations


def test_a_roll_back_to_what_cannot_run_ends() -> None:
    """It tells the state that there is."""
    for builder, state in (("fail", "FAILED"), ("snapshot", "SNAPSHOTTING")):
        history = run(rolled_back(builder=builder))

        assert ["SUCCESS", "FAILED", "SUCCESS"] == _statuses(history)
        assert state == history.requests[-1].response["Data"]["State"]
        assert [] == check(history).violations


def test_resources_that_share_a_builder_do_not_disturb_each_other() -> None:
    """Neither in one stack nor in two."""
    for apart in (False, True):
        history = run(shared(apart=apart))

        assert {"SUCCESS"} == set(_statuses(history))
        assert ["start"] == _acts(history)
        assert [] == check(history).violations
