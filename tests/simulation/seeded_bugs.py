"""Deliberate defects of the function, and for each the scenario in which an invariant must notice; fixes nothing."""

import json
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from running_image_builder_function import custom_resource
from running_image_builder_function.aws import scheduler
from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.cloudformation import CloudFormation
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import EventBridgeScheduler
from running_image_builder_function.cloudformation import request, response
from running_image_builder_function.cloudformation.physical_ids import NOT_STARTED
from running_image_builder_function.cloudformation.response import truncate_to_limit
from running_image_builder_function.model import errors
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import moment
from running_image_builder_function.observability.redaction import RedactingFilter
from running_image_builder_function.reconcile import ensure_running, states, stop_schedule_steps
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.on_delete import EnsureStopped
from running_image_builder_function.reconcile.stack_checks import StackChecks
from running_image_builder_function.reconcile.states import Action, StateRule
from simulation import run as run_module
from simulation.handwritten_scenarios import (
    AGENT,
    BRIEFLY_DENIED,
    DROPPED_READS,
    EXTERNAL_START,
    NO_FAULT,
    NOT_FOUND_ONCE,
    REFUSED_RESPONSE,
    awaiting_address,
    cancelled_update,
    created_and_deleted,
    deleted_again_later,
    delivered_twice,
    ends_by_itself,
    renamed,
    rolled_back,
    self_invoked_late,
    skipped_while_denied,
    started_in_vain,
    started_while_a_late_stop_was_refused,
    updated_when_a_stop_was_refused,
    with_reads_failing,
)
from simulation.scenario import Scenario

Break = Callable[[pytest.MonkeyPatch], None]


class SeededBug(NamedTuple):
    """A defect, where it shows, and what must notice it."""

    invariant: str
    introduce: Break
    scenario: Scenario


def _means(state: str, *, when_starting: Action = Action.WAIT, when_stopping: Action = Action.WAIT) -> Break:
    return lambda patch: patch.setitem(
        states.STATES, state, StateRule(when_starting=when_starting, when_stopping=when_stopping)
    )


def _sets(owner: object, name: str, value: Any) -> Break:
    return lambda patch: patch.setattr(owner, name, value)


def _starts_again(self: EnsureRunning, builder: ImageBuilder, *, now: float) -> Step:
    return Step.START if builder.state == "STOPPED" else Step.WAIT


_FORGETS_WHAT_IT_SAW = _sets(ensure_running, "STARTING", ())


def _starts_after_every_fall(patch: pytest.MonkeyPatch) -> None:
    _FORGETS_WHAT_IT_SAW(patch)
    patch.setattr(EnsureRunning, "_after_start", _starts_again)


def _never_due(seconds: float) -> Break:
    return _sets(
        DesiredState, "deadline", property(lambda self: self.context.began_at + self.request.timeout + seconds)
    )


def _runs_for_ever(patch: pytest.MonkeyPatch) -> None:
    _never_due(1e9)(patch)
    patch.setattr(StackChecks, "cancelled_by", lambda self: "")
    patch.setattr(run_module, "LONGEST", 2 * 3600.0)


def _tells_the_url(patch: pytest.MonkeyPatch) -> None:
    run = custom_resource.CustomResourceFunction._run

    def tell(self: custom_resource.CustomResourceFunction, event: dict[str, Any], context: Any) -> str:
        logging.getLogger("anything").info("an event: %s", event)
        return run(self, event, context)

    patch.setattr(RedactingFilter, "filter", lambda self, record: True)
    patch.setattr(custom_resource.CustomResourceFunction, "_run", tell)


def _sends_once(url: str, body: bytes, *, put: response.Put, **_: Any) -> bool:
    put(url, body)
    return True


def _forgets_an_attribute(patch: pytest.MonkeyPatch) -> None:
    whole = ImageBuilder.attributes
    patch.setattr(ImageBuilder, "attributes", lambda self: {k: v for k, v in whole(self).items() if k != "ImageArn"})


def _stops_again(self: EnsureStopped, builder: ImageBuilder | None, *, now: float) -> Step:
    self.context.builder.state = "" if builder is None else builder.state
    return {"RUNNING": Step.STOP, "STOPPED": Step.DONE}.get(self.context.builder.state, Step.WAIT)


def _starts_any_version(self: AppStream, name: str, agent_version: str | None) -> None:
    self._client().start_image_builder(Name=name)


def _gives_no_reason(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return truncate_to_limit({**body, "Reason": ""})


def _gives_its_own_id(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return json.dumps({**body, "PhysicalResourceId": "anything"}).encode(), []


def _a_minute_off(at: float) -> str:
    return moment(at - 60)


def _crashes(self: custom_resource.CustomResourceFunction, url: str, body: dict[str, Any]) -> None:
    raise KeyError("a bug")


def _has_no_margin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(custom_resource, "SELF_INVOCATION_MARGIN", 0.0)
    patch.setattr(custom_resource, "RESPONSE_RESERVE", 0.0)


def _marks_every_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(custom_resource, "failed_create_id", lambda name, **_: name + NOT_STARTED)


def _takes_all_for_denials(patch: pytest.MonkeyPatch) -> None:
    invoke = SelfInvoker.invoke

    def deny(self: SelfInvoker, function_arn: str, event: Any) -> None:
        try:
            invoke(self, function_arn, event)
        except AwsCallError as error:
            raise AwsCallError(ErrorKind.DENIED, action=error.action, code="No", detail="no") from error

    patch.setattr(SelfInvoker, "invoke", deny)


def _believes_one_look(patch: pytest.MonkeyPatch) -> None:
    step = EnsureRunning.next_step

    def believe(self: EnsureRunning, builder: ImageBuilder | None, *, now: float) -> Step:
        if builder is None:
            raise self.failed(f"not found in {self.region}", "Look for it.")
        return step(self, builder, now=now)

    patch.setattr(EnsureRunning, "next_step", believe)


def _gives_up_at_once(patch: pytest.MonkeyPatch) -> None:
    def give_up(self: DesiredState, error: AwsCallError, *_: Any, **__: Any) -> None:
        raise self.call_failed(error)

    patch.setattr(DesiredState, "describe_failed", give_up)


def _answers(method: str, change: Callable[[Any], Any]) -> Break:
    """Return what lets a look at the stack tell something else than it was told."""

    def introduce(patch: pytest.MonkeyPatch) -> None:
        whole: Any = getattr(CloudFormation, method)
        patch.setattr(CloudFormation, method, lambda self, *args, **kwargs: change(whole(self, *args, **kwargs)))

    return introduce


SEEDED_BUGS = (
    SeededBug("exactly_one_effective_response", _sets(custom_resource, "send_response", _sends_once), REFUSED_RESPONSE),
    SeededBug(
        "exactly_one_effective_response", _never_due(1e9), created_and_deleted(start_outcome="never", timeout=300)
    ),
    SeededBug(
        "every_invocation_responds_or_invokes_itself",
        _sets(custom_resource, "self_invoke", lambda *_, **__: None),
        created_and_deleted(function_timeout=120.0),
    ),
    SeededBug("responses_meet_the_deadline", _never_due(55), created_and_deleted(start_outcome="never", timeout=300)),
    SeededBug("bodies_fit_the_limit", _sets(response, "MAX_BYTES", 99_999), created_and_deleted(text="x" * 5000)),
    SeededBug(
        "responses_are_well_formed",
        _sets(custom_resource, "truncate_to_limit", _gives_no_reason),
        created_and_deleted(state="FAILED"),
    ),
    SeededBug(
        "reasons_are_readable",
        _sets(errors, "REASON_MAX_LENGTH", 999),
        created_and_deleted(state="FAILED", text="word " * 80),
    ),
    SeededBug(
        "physical_ids_are_right", _sets(custom_resource, "truncate_to_limit", _gives_its_own_id), created_and_deleted()
    ),
    SeededBug(
        "a_failed_create_marks_whether_it_started",
        _sets(custom_resource, "failed_create_id", lambda name, **_: name),
        created_and_deleted(state="FAILED"),
    ),
    SeededBug("responses_are_delivered", _sets(custom_resource, "send_response", _sends_once), REFUSED_RESPONSE),
    SeededBug("a_throttled_self_invocation_fails_nothing", _takes_all_for_denials, self_invoked_late()),
    SeededBug("a_builder_is_gone_only_after_two_reads", _believes_one_look, with_reads_failing(NOT_FOUND_ONCE)),
    SeededBug("failed_reads_are_retried", _gives_up_at_once, with_reads_failing(BRIEFLY_DENIED)),
    SeededBug(
        "a_timeout_reports_the_builders_errors",
        _sets(ImageBuilder, "errors", lambda self: []),
        with_reads_failing(NO_FAULT, start_outcome="never", reports_errors=True, timeout=300),
    ),
    SeededBug("a_shared_builder_is_not_stopped", _answers("has_another", lambda _: False), renamed()),
    SeededBug(
        "a_superseded_request_changes_nothing",
        _answers("resource", lambda told: told._replace(status="UPDATE_IN_PROGRESS", changed_at=None)),
        cancelled_update(),
    ),
    SeededBug(
        "a_shared_builder_keeps_no_old_schedule",
        _sets(EventBridgeScheduler, "remove", lambda self, name: None),
        renamed(stop_after=7200),
    ),
    SeededBug("rollbacks_succeed", _answers("stack_status", lambda _: "UPDATE_IN_PROGRESS"), rolled_back()),
    SeededBug("rollbacks_end_in_time", _sets(ensure_running, "ROLLBACK_WAIT", 1e9), rolled_back(builder="snapshot")),
    SeededBug(
        "a_delete_with_nothing_to_stop_succeeds",
        _sets(request, "_stops_on_delete", lambda *_: True),
        skipped_while_denied(),
    ),
    SeededBug("no_builder_is_orphaned", _marks_every_failure, started_in_vain()),
    SeededBug(
        "success_means_running", _means("PENDING", when_starting=Action.REACHED), created_and_deleted(start=400.0)
    ),
    SeededBug("attributes_are_complete_and_current", _forgets_an_attribute, created_and_deleted()),
    SeededBug("the_address_is_waited_for", _sets(ensure_running, "ADDRESS_WAIT", 0.0), awaiting_address()),
    SeededBug(
        "the_agent_is_the_requested_one",
        _sets(EnsureRunning, "_agent_differs", lambda self, builder: False),
        created_and_deleted(state="RUNNING", agent_version=AGENT),
    ),
    SeededBug(
        "a_deleted_builder_is_stopped",
        _means("STOPPING", when_stopping=Action.REACHED),
        created_and_deleted(on_delete="STOP"),
    ),
    SeededBug(
        "failures_are_justified",
        _sets(EnsureRunning, "is_enough", lambda *_, **__: False),
        awaiting_address(DROPPED_READS),
    ),
    SeededBug(
        "failed_deletes_are_justified",
        _means("FAILED", when_starting=Action.ACT, when_stopping=Action.ACT),
        created_and_deleted(on_delete="STOP", fails_later=True),
    ),
    SeededBug(
        "starts_match_their_request",
        _sets(AppStream, "start", _starts_any_version),
        created_and_deleted(agent_version=AGENT),
    ),
    SeededBug(
        "a_request_starts_its_builder_once",
        _starts_after_every_fall,
        created_and_deleted(start_outcome="stopped"),
    ),
    SeededBug("a_request_starts_its_builder_once", _FORGETS_WHAT_IT_SAW, delivered_twice(apart=30.0)),
    SeededBug("stops_are_requested", _sets(request, "_stops_on_delete", lambda *_: True), created_and_deleted()),
    SeededBug(
        "nothing_changes_for_an_ended_request",
        _sets(StackChecks, "cancelled_by", lambda self: ""),
        created_and_deleted(),
    ),
    SeededBug(
        "nothing_changes_for_an_ended_request",
        _answers("resource", lambda told: told._replace(status="")),
        deleted_again_later(),
    ),
    SeededBug("external_starts_are_respected", _sets(EnsureStopped, "next_step", _stops_again), EXTERNAL_START),
    SeededBug(
        "a_skipped_delete_makes_no_calls", _sets(request, "_stops_on_delete", lambda *_: True), created_and_deleted()
    ),
    SeededBug("a_reported_stop_is_scheduled", _sets(ensure_running, "moment", _a_minute_off), ends_by_itself()),
    SeededBug("a_reported_stop_happens", _sets(scheduler, "moment", _a_minute_off), ends_by_itself()),
    SeededBug(
        "no_outdated_schedule_stops_a_builder",
        _sets(stop_schedule_steps, "_may_arrive_until", lambda found, *, now: 0.0),
        updated_when_a_stop_was_refused(),
    ),
    SeededBug(
        "no_outdated_schedule_stops_a_builder",
        _sets(stop_schedule_steps, "SCHEDULER_PRECISION", 0.0),
        started_while_a_late_stop_was_refused(),
    ),
    SeededBug(
        "unneeded_schedules_are_deleted",
        _sets(EnsureStopped, "next_step", EnsureStopped._decide),
        created_and_deleted(on_delete="STOP", stop_after=7200),
    ),
    SeededBug("no_secret_is_logged", _tells_the_url, created_and_deleted()),
    SeededBug("nothing_stays_queued", _runs_for_ever, created_and_deleted(start_outcome="never", timeout=300)),
    SeededBug(
        "only_retriable_failures_raise",
        _sets(custom_resource.CustomResourceFunction, "_send", _crashes),
        created_and_deleted(),
    ),
    SeededBug(
        "the_function_does_not_time_out", _has_no_margin, created_and_deleted(start=800.0, function_timeout=300.0)
    ),
    SeededBug("fault_free_requests_succeed", _means("PENDING", when_starting=Action.FAIL), created_and_deleted()),
)
