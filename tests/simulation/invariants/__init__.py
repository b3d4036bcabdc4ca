"""All invariants by name, and the check of one run against them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulation.history import History
from simulation.invariants import changes as acts
from simulation.invariants import invocations as traces
from simulation.invariants import liveness as ends
from simulation.invariants import responses as answers
from simulation.invariants import scheduled_stops as schedules
from simulation.invariants import truth

Invariant = Callable[[History], Iterator[str]]
"""Gives one entry for each thing it checked in a run: "" where it held, else what was wrong."""

ALL: tuple[Invariant, ...] = (
    answers.exactly_one_effective_answer,
    answers.every_invocation_answers_or_hands_over,
    answers.answered_within_the_deadline,
    answers.body_within_the_limit,
    answers.answers_are_well_formed,
    answers.reasons_are_readable,
    answers.ids_are_right,
    answers.a_failed_create_tells_whether_it_started,
    answers.the_answer_gets_there,
    answers.a_throttled_hand_over_fails_nothing,
    truth.success_means_running,
    truth.attributes_are_complete_and_true,
    truth.the_address_is_waited_for,
    truth.a_builder_is_looked_for_twice,
    truth.a_refused_look_is_repeated,
    truth.the_deadlines_reason_has_the_builders_errors,
    truth.the_agent_is_as_asked,
    truth.a_deleted_builder_does_not_run,
    truth.failures_are_true,
    truth.failed_deletes_are_true,
    acts.starts_serve_their_request,
    acts.at_most_one_start_per_need,
    acts.stops_are_asked_for,
    acts.a_shared_builder_is_left_alone,
    acts.nothing_is_done_for_a_request_that_is_over,
    acts.a_followed_request_acts_no_more,
    acts.somebody_elses_start_is_respected,
    acts.leaving_makes_no_calls,
    schedules.a_promised_stop_is_scheduled,
    schedules.a_promised_stop_happens,
    schedules.nothing_newer_is_stopped,
    schedules.no_schedule_survives_its_purpose,
    schedules.a_left_builder_keeps_no_old_end,
    ends.a_roll_back_always_ends,
    ends.a_roll_back_ends_in_time,
    ends.a_delete_with_nothing_to_stop_succeeds,
    ends.nothing_is_forgotten,
    traces.no_secret_in_any_log,
    traces.nothing_is_left_behind,
    traces.only_what_lambda_must_repeat_raises,
    traces.lambdas_limit_is_not_overrun,
    traces.calm_requests_succeed,
)


@dataclass(frozen=True)
class Findings:
    """What the invariants found in one run: how much each checked, and what was wrong, as (invariant, what)."""

    checks: dict[str, int]
    violations: list[tuple[str, str]]


def check(history: History) -> Findings:
    """Check a run against all invariants."""
    checks: dict[str, int] = {}
    violations: list[tuple[str, str]] = []
    for invariant in ALL:
        found = list(invariant(history))
        checks[invariant.__name__] = len(found)
        violations.extend((invariant.__name__, what) for what in found if what)
    return Findings(checks, violations)
