"""What must hold in every run, and the check of a run against it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulation.history import History
from simulation.invariants import accuracy, changes, invocations, liveness, responses, scheduled_stops

Invariant = Callable[[History], Iterator[str]]
"""Yields an entry for each thing that it checks in a run: "" where it holds, else what is wrong."""

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
    accuracy.success_means_running,
    accuracy.attributes_are_complete_and_current,
    accuracy.the_address_is_waited_for,
    accuracy.a_builder_is_gone_only_after_two_reads,
    accuracy.failed_reads_are_retried,
    accuracy.a_timeout_reports_the_builders_errors,
    accuracy.the_agent_is_the_requested_one,
    accuracy.a_deleted_builder_is_stopped,
    accuracy.failures_are_justified,
    accuracy.failed_deletes_are_justified,
    changes.starts_match_their_request,
    changes.a_request_starts_its_builder_once,
    changes.stops_are_requested,
    changes.a_shared_builder_is_not_stopped,
    changes.nothing_changes_for_an_ended_request,
    changes.a_superseded_request_changes_nothing,
    changes.external_starts_are_respected,
    changes.a_skipped_delete_makes_no_calls,
    scheduled_stops.a_reported_stop_is_scheduled,
    scheduled_stops.a_reported_stop_happens,
    scheduled_stops.no_outdated_schedule_stops_a_builder,
    scheduled_stops.unneeded_schedules_are_deleted,
    scheduled_stops.a_shared_builder_keeps_no_old_schedule,
    liveness.rollbacks_succeed,
    liveness.rollbacks_end_in_time,
    liveness.a_delete_with_nothing_to_stop_succeeds,
    liveness.no_builder_is_orphaned,
    invocations.no_secret_is_logged,
    invocations.nothing_stays_queued,
    invocations.only_retriable_failures_raise,
    invocations.the_function_does_not_time_out,
    invocations.fault_free_requests_succeed,
)


@dataclass(frozen=True)
class Findings:
    """How much each invariant checked in a run, and the violations, each as (invariant, what)."""

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
