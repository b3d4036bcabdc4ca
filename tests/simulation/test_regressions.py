"""Bugs that the simulation has found, written by hand, and runs in which an invariant was too strict."""

import pytest

from simulation.generators.scenarios import Seed, generate
from simulation.handwritten_scenarios import (
    DENIED_READS,
    DENIED_SELF_INVOCATION,
    DROPPED_READS,
    NAME,
    OTHER,
    awaiting_address,
    cancelled_update,
    deleted_again_later,
    delivered_twice,
    failed_rename,
    removed_and_added_again,
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


def _changes(history: History) -> list[str]:
    return [change.action for change in sorted(history.builder_changes, key=_moment)]


def _moment(change: BuilderChange) -> float:
    return change.at


def test_a_repeated_delete_does_not_stop_the_next_stacks_builder() -> None:
    """Found as run 306: fifteen minutes later it stopped a builder that another stack had started."""
    history = run(deleted_again_later())

    assert ["SUCCESS", "SUCCESS", "SUCCESS"] == _statuses(history)
    assert ["start", "stop", "start"] == _changes(history)
    assert [] == check(history).violations


def test_a_running_builder_is_a_success_though_later_reads_drop() -> None:
    """Found as run 4765: "(RUNNING): not RUNNING within 2 minutes" was the reason."""
    history = run(awaiting_address(DROPPED_READS))

    assert ["SUCCESS"] == _statuses(history)
    assert [] == check(history).violations


def test_a_running_builder_is_a_success_though_reads_are_denied() -> None:
    """Found as run 5650."""
    history = run(awaiting_address(DENIED_READS, start=110.0))

    assert ["SUCCESS"] == _statuses(history)
    assert [] == check(history).violations


def test_a_running_builder_is_a_success_without_self_invocation() -> None:
    """Found as run 22858: denied self-invocations failed a running builder."""
    history = run(awaiting_address(DENIED_SELF_INVOCATION, start=60.0, function_timeout=120.0))

    assert ["SUCCESS"] == _statuses(history)
    assert [] == check(history).violations


def test_two_deliveries_start_a_builder_once_though_it_falls_back() -> None:
    """Found as run 20244: the one without the start took the builder for a stopped one, and started it again."""
    history = run(delivered_twice(apart=30.0))

    assert ["FAILED", "SUCCESS"] == _statuses(history)
    assert ["start"] == _changes(history)
    assert [] == check(history).violations


def test_a_retry_starts_a_builder_once_though_it_falls_back() -> None:
    """The retry has seen it PENDING, so it knows that somebody started it."""
    history = run(delivered_twice(kills=(Kill(seconds=30.0),)))

    assert "FAILED" == _statuses(history)[0]
    assert ["start"] == _changes(history)
    assert [] == check(history).violations


def test_unconfirmed_self_invocations_do_not_multiply() -> None:
    """Found as run 1575: each made several more. A retry of one whose response was lost adds only one."""
    history = run(unconfirmed_self_invocations())

    assert "FAILED" == _statuses(history)[0]
    assert 30 > len(history.invocations)
    assert [] == check(history).violations


def test_a_renamed_construct_keeps_its_builder() -> None:
    """The Delete of the old logical id finds that another resource of the stack has the builder."""
    for scenario in (renamed(), renamed(stop_after=7200), renamed(rolled_back=True)):
        history = run(scenario)

        assert ["SUCCESS", "SUCCESS", "SUCCESS"] == _statuses(history)
        assert "stop" not in [each.action for each in history.builder_changes if each.invocation is not None]
        assert [] == check(history).violations


def test_a_logical_id_added_again_is_not_taken_for_deleted() -> None:
    """A stale read of the stack shows the earlier deletion."""
    history = run(removed_and_added_again())

    assert {"SUCCESS"} == set(_statuses(history))
    assert [] == check(history).violations


def test_a_cancelled_update_starts_nothing() -> None:
    """Its builder can be started only after the rollback has begun."""
    history = run(cancelled_update())

    assert [NAME] == [each.name for each in history.builder_changes if each.action == "start"]
    assert [] == check(history).violations


def test_a_failed_rename_leaves_nothing_running() -> None:
    """With STOP, what it started is stopped, though no Delete ever names it."""
    history = run(failed_rename())

    assert ["SUCCESS", "FAILED", "SUCCESS"] == _statuses(history)
    assert "STOPPED" == history.final_states[OTHER]
    assert [] == check(history).violations


def test_a_rollback_to_a_builder_that_cannot_run_ends() -> None:
    """It reports the actual state."""
    for builder, state in (("fail", "FAILED"), ("snapshot", "SNAPSHOTTING")):
        history = run(rolled_back(builder=builder))

        assert ["SUCCESS", "FAILED", "SUCCESS"] == _statuses(history)
        assert state == history.requests[-1].response["Data"]["State"]
        assert [] == check(history).violations


def test_resources_can_share_a_builder() -> None:
    """Neither in one stack nor in two."""
    for apart in (False, True):
        history = run(shared(apart=apart))

        assert {"SUCCESS"} == set(_statuses(history))
        assert ["start"] == _changes(history)
        assert [] == check(history).violations


@pytest.mark.parametrize(
    "seed",
    [
        130000629,
        737005076,
        801002366,
        801002984,
        801003374,
        801005542,
        801006132,
        951002563,
        951007697,
        951009616,
        3676005979,
        1245000104,
        1245003911,
        2938000297,
        2938004505,
        1405017728,
        1405017839,
        6060016336,
        8800010262,
        8800025331,
        8800036989,
        8800037012,
        4410004990,
        9120002668,
        9120004413,
        7710003331,
        3350005139,
        7090000029,
        7090008853,
        1717014942,
        2626004199,
        3839013762,
        3841000342,
        3843006528,
        2641032620,
        6464009955,
        8686010811,
        8686042829,
        5252043858,
        6161008407,
        1818017264,
        1818019429,
        1818021114,
        1818022552,
    ],
    ids="run-{}".format,
)
def test_what_no_function_can_know_violates_nothing(seed: int) -> None:
    """In each of these runs an invariant asked for more than docs/behavior.md promises."""
    assert [] == check(run(generate(Seed(seed)))).violations


@pytest.mark.parametrize(
    "seed",
    [
        1405008301,  # a failed Create with STOP, then one with LEAVE_RUNNING that finds the builder PENDING
        6060023263,  # a slow second description took the builder for missing
        6060026231,  # a Delete with invalid properties didn't name the builder that it left
        6060029296,  # a second Create didn't know that the first one had started the builder
        6060031261,  # a cancelled update went on after its rollback's end
        3330000864,  # the builder of a failed rename, rebooted since, was left without a word
        3330001422,  # one lost self-invocation failed a request that was delivered again
        3330002144,  # a builder that was missed once was gone without a warning
        3330004357,  # a late Create started its builder though the stack didn't show the resource any more
        7070002286,  # a rollback responded shortly before ServiceTimeout, over a failed rename's schedule
        4640013925,  # a rollback repeated another delivery's failed start
        7090002180,  # a late Create started its builder after one check of the stack had failed
        5150013246,  # a late Delete deleted its schedule without a check of the stack
        5150023962,  # the same
        9870001161,  # a failing Create didn't warn that nobody was left to stop what it had started
        8080013939,  # a Delete failed though its last description showed that the builder was gone
        8080016532,  # what an update had scheduled came due while it waited, and stopped what it had started
        2626000733,  # a rollback had no attributes, since an earlier invocation had described the builder
        2627015516,  # without rollback, a failed Create's Delete deleted the next Create's schedule
        3840008416,  # at the deadline, the reason lacked the errors that an earlier invocation had seen
        3843002043,  # a cancelled update set its schedule, though it had seen the stack roll back
        2637002702,  # a rollback failed, though the last check had shown that it is one
        2637007110,  # a failed self-invocation's reason lacked the builder's errors
        4747017986,  # a late first description took the error of another delivery's start for an old one
        6464009932,  # RUNNING was told of before another builder was stopped, when the own one was deleted
        8686002073,  # a failing Create took no notice of another delivery that was setting its schedule
        8686018509,  # a Delete described the stopped builder again after it had deleted its schedule
        8686020025,  # an update failed over a description that it didn't need
        1212027249,  # a Create whose schedule couldn't be read wasn't sure that it had started nothing
        1212033884,  # the same
        2828021036,  # the same
        5050011635,  # a rollback asked for the stack's status at its deadline only, when CloudFormation hung
        5050014125,  # a rollback stopped another resource's builder, since it read the list to its end
        5570011,  # a Create set its schedule after an update's rollback had removed the resource
    ],
    ids="run-{}".format,
)
def test_what_the_function_did_wrong(seed: int) -> None:
    """In each of these runs the function broke a promise."""
    assert [] == check(run(generate(Seed(seed)))).violations
