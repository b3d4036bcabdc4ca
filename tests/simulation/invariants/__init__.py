"""All invariants by name, and the check of one run against them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulation.history import History
from simulation.invariants import changes as acts
from simulation.invariants import invocations as traces
from simulation.invariants import liveness as ends
from simulation.invariants import responses as responses
from simulation.invariants import scheduled_stops as schedules
from simulation.invariants import truth

Invariant = Callable[[History], Iterator[str]]
"""Gives one entry for each thing it checked in a run: "" where it held, else what was wrong."""

ALL: tuple[Invariant, ...] = (
    responses.exactly_one_effective_response,
    responses.every_invocation_responds_or_invokes_itself,
    responses.responses_meet_the_deadline,
    responses.bodies_fit_the_limit,
    responses.responses_are_well_formed,
    responses.reasons_are_readable,
    responses.physical_ids_are_right,
    responses.a_failed_create_marks_whether_it_started,
    responses.responses_are_delivered,
    responses.a_throttled_self_invocation_fails_nothing,
    truth.success_means_running,
    truth.attributes_are_complete_and_current,
    truth.the_address_is_waited_for,
    truth.a_builder_is_gone_only_after_two_reads,
    truth.failed_reads_are_retried,
    truth.a_timeout_reports_the_builders_errors,
    truth.the_agent_is_the_requested_one,
    truth.a_deleted_builder_is_stopped,
    truth.failures_are_justified,
    truth.failed_deletes_are_justified,
    acts.starts_match_their_request,
    acts.a_request_starts_its_builder_once,
    acts.stops_are_requested,
    acts.a_shared_builder_is_not_stopped,
    acts.nothing_changes_for_an_ended_request,
    acts.a_superseded_request_changes_nothing,
    acts.external_starts_are_respected,
    acts.a_skipped_delete_makes_no_calls,
    schedules.a_reported_stop_is_scheduled,
    schedules.a_reported_stop_happens,
    schedules.no_outdated_schedule_stops_a_builder,
    schedules.unneeded_schedules_are_deleted,
    schedules.a_shared_builder_keeps_no_old_schedule,
    ends.rollbacks_succeed,
    ends.rollbacks_end_in_time,
    ends.a_delete_with_nothing_to_stop_succeeds,
    ends.no_builder_is_orphaned,
    traces.no_secret_is_logged,
    traces.nothing_stays_queued,
    traces.only_retriable_failures_raise,
    traces.the_function_does_not_time_out,
    traces.fault_free_requests_succeed,
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
