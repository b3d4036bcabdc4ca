"""Bugs to seed into the function, and for each the scenario in which an invariant must detect it."""

import json
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from running_image_builder_function.aws import scheduler
from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.cloudformation import CloudFormation
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import EventBridgeScheduler
from running_image_builder_function.cloudformation import request, response
from running_image_builder_function.cloudformation.physical_ids import NOT_STARTED
from running_image_builder_function.cloudformation.response import truncate_to_limit
from running_image_builder_function.custom_resource import function, invocation, time_limits
from running_image_builder_function.custom_resource.function import CustomResourceFunction
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
    renamed,
    rolled_back,
    skipped_while_denied,
    start_timed_out,
    started_while_a_late_stop_was_refused,
    stopped_by_its_schedule,
    throttled_self_invocation,
    updated_when_a_stop_was_refused,
    with_reads_failing,
)
from simulation.scenario import Scenario

Introduce = Callable[[pytest.MonkeyPatch], None]


class SeededBug(NamedTuple):
    """A bug, the invariant that must detect it, and the scenario in which it does."""

    invariant: str
    introduce: Introduce
    scenario: Scenario


def _set_rule(state: str, *, when_starting: Action = Action.WAIT, when_stopping: Action = Action.WAIT) -> Introduce:
    return lambda patch: patch.setitem(
        states.STATES, state, StateRule(when_starting=when_starting, when_stopping=when_stopping)
    )


def _set(owner: object, name: str, value: Any) -> Introduce:
    return lambda patch: patch.setattr(owner, name, value)


def _start_again(self: EnsureRunning, builder: ImageBuilder, *, now: float) -> Step:
    return Step.START if builder.state == "STOPPED" else Step.WAIT


_FORGET_THE_STARTING_STATES = _set(ensure_running, "STARTING", ())


def _restart_after_each_fall(patch: pytest.MonkeyPatch) -> None:
    _FORGET_THE_STARTING_STATES(patch)
    patch.setattr(EnsureRunning, "_after_start", _start_again)


def _move_deadline(seconds: float) -> Introduce:
    return _set(DesiredState, "deadline", property(lambda self: self.context.began_at + self.request.timeout + seconds))


def _run_forever(patch: pytest.MonkeyPatch) -> None:
    _move_deadline(1e9)(patch)
    patch.setattr(StackChecks, "cancelled_by", lambda self, **_: "")
    patch.setattr(run_module, "LONGEST", 2 * 3600.0)


def _log_the_url(patch: pytest.MonkeyPatch) -> None:
    run = CustomResourceFunction._run

    def log(self: CustomResourceFunction, event: dict[str, Any], context: Any) -> str:
        logging.getLogger("anything").info("an event: %s", event)
        return run(self, event, context)

    patch.setattr(RedactingFilter, "filter", lambda self, record: True)
    patch.setattr(CustomResourceFunction, "_run", log)


def _send_once(url: str, body: bytes, *, put: response.Put, **_: Any) -> bool:
    put(url, body)
    return True


def _drop_an_attribute(patch: pytest.MonkeyPatch) -> None:
    whole = ImageBuilder.attributes
    patch.setattr(ImageBuilder, "attributes", lambda self: {k: v for k, v in whole(self).items() if k != "ImageArn"})


def _stop_again(self: EnsureStopped, builder: ImageBuilder | None, *, now: float) -> Step:
    self.context.builder.state = "" if builder is None else builder.state
    return {"RUNNING": Step.STOP, "STOPPED": Step.DONE}.get(self.context.builder.state, Step.WAIT)


def _start_any_version(self: AppStream, name: str, agent_version: str | None) -> None:
    self._client().start_image_builder(Name=name)


def _drop_the_reason(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return truncate_to_limit({**body, "Reason": ""})


def _return_another_id(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return json.dumps({**body, "PhysicalResourceId": "anything"}).encode(), []


def _a_minute_early(at: float) -> str:
    return moment(at - 60)


def _crash(self: CustomResourceFunction, url: str, body: dict[str, Any]) -> None:
    raise KeyError("a bug")


def _leave_no_margin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(time_limits, "SELF_INVOCATION_MARGIN", 0.0)
    patch.setattr(time_limits, "RESPONSE_RESERVE", 0.0)


def _mark_every_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invocation, "failed_create_id", lambda name, **_: name + NOT_STARTED)


def _take_all_errors_for_denials(patch: pytest.MonkeyPatch) -> None:
    invoke = SelfInvoker.invoke

    def deny(self: SelfInvoker, function_arn: str, event: Any) -> None:
        try:
            invoke(self, function_arn, event)
        except AwsCallError as error:
            raise AwsCallError(ErrorKind.DENIED, action=error.action, code="No", detail="no") from error

    patch.setattr(SelfInvoker, "invoke", deny)


def _believe_one_read(patch: pytest.MonkeyPatch) -> None:
    step = EnsureRunning.next_step

    def next_step(self: EnsureRunning, builder: ImageBuilder | None, *, now: float) -> Step:
        if builder is None:
            raise self.failed(f"not found in {self.region}", "Look for it.")
        return step(self, builder, now=now)

    patch.setattr(EnsureRunning, "next_step", next_step)


def _give_up_at_once(patch: pytest.MonkeyPatch) -> None:
    def give_up(self: DesiredState, error: AwsCallError, *_: Any, **__: Any) -> None:
        raise self.call_failed(error)

    patch.setattr(DesiredState, "describe_failed", give_up)


def _change_result(method: str, change: Callable[[Any], Any]) -> Introduce:
    """Change what a read of the stack returns."""

    def introduce(patch: pytest.MonkeyPatch) -> None:
        whole: Any = getattr(CloudFormation, method)
        patch.setattr(CloudFormation, method, lambda self, *args, **kwargs: change(whole(self, *args, **kwargs)))

    return introduce


SEEDED_BUGS = (
    SeededBug("exactly_one_effective_response", _set(function, "send_response", _send_once), REFUSED_RESPONSE),
    SeededBug(
        "exactly_one_effective_response", _move_deadline(1e9), created_and_deleted(start_outcome="never", timeout=300)
    ),
    SeededBug(
        "every_invocation_responds_or_invokes_itself",
        _set(invocation, "self_invoke", lambda *_, **__: None),
        created_and_deleted(function_timeout=120.0),
    ),
    SeededBug(
        "responses_meet_the_deadline", _move_deadline(55), created_and_deleted(start_outcome="never", timeout=300)
    ),
    SeededBug("bodies_fit_the_limit", _set(response, "MAX_BYTES", 99_999), created_and_deleted(text="x" * 5000)),
    SeededBug(
        "responses_are_well_formed",
        _set(function, "truncate_to_limit", _drop_the_reason),
        created_and_deleted(state="FAILED"),
    ),
    SeededBug(
        "reasons_are_readable",
        _set(errors, "REASON_MAX_LENGTH", 999),
        created_and_deleted(state="FAILED", text="word " * 80),
    ),
    SeededBug("physical_ids_are_right", _set(function, "truncate_to_limit", _return_another_id), created_and_deleted()),
    SeededBug(
        "a_failed_create_marks_whether_it_started",
        _set(invocation, "failed_create_id", lambda name, **_: name),
        created_and_deleted(state="FAILED"),
    ),
    SeededBug("responses_are_delivered", _set(function, "send_response", _send_once), REFUSED_RESPONSE),
    SeededBug("a_throttled_self_invocation_fails_nothing", _take_all_errors_for_denials, throttled_self_invocation()),
    SeededBug("a_builder_is_gone_only_after_two_reads", _believe_one_read, with_reads_failing(NOT_FOUND_ONCE)),
    SeededBug("failed_reads_are_retried", _give_up_at_once, with_reads_failing(BRIEFLY_DENIED)),
    SeededBug(
        "a_timeout_reports_the_builders_errors",
        _set(ImageBuilder, "errors", lambda self: []),
        with_reads_failing(NO_FAULT, start_outcome="never", reports_errors=True, timeout=300),
    ),
    SeededBug("a_shared_builder_is_not_stopped", _change_result("another_owner", lambda _: ""), renamed()),
    SeededBug(
        "a_superseded_request_changes_nothing",
        _change_result("resource", lambda status: status._replace(status="UPDATE_IN_PROGRESS", changed_at=None)),
        cancelled_update(),
    ),
    SeededBug(
        "a_shared_builder_keeps_no_old_schedule",
        _set(EventBridgeScheduler, "remove", lambda self, name: None),
        renamed(stop_after=7200),
    ),
    SeededBug("rollbacks_succeed", _change_result("stack_status", lambda _: "UPDATE_IN_PROGRESS"), rolled_back()),
    SeededBug("rollbacks_end_in_time", _set(ensure_running, "ROLLBACK_WAIT", 1e9), rolled_back(builder="snapshot")),
    SeededBug(
        "a_delete_with_nothing_to_stop_succeeds",
        _set(request, "_stops_on_delete", lambda *_: True),
        skipped_while_denied(),
    ),
    SeededBug("no_builder_is_orphaned", _mark_every_failure, start_timed_out()),
    SeededBug(
        "success_means_running", _set_rule("PENDING", when_starting=Action.REACHED), created_and_deleted(start=400.0)
    ),
    SeededBug("attributes_are_complete_and_current", _drop_an_attribute, created_and_deleted()),
    SeededBug("the_address_is_waited_for", _set(ensure_running, "ADDRESS_WAIT", 0.0), awaiting_address()),
    SeededBug(
        "the_agent_is_the_requested_one",
        _set(EnsureRunning, "_agent_differs", lambda self, builder: False),
        created_and_deleted(state="RUNNING", agent_version=AGENT),
    ),
    SeededBug(
        "a_deleted_builder_is_stopped",
        _set_rule("STOPPING", when_stopping=Action.REACHED),
        created_and_deleted(on_delete="STOP"),
    ),
    SeededBug(
        "failures_are_justified",
        _set(EnsureRunning, "is_enough", lambda *_, **__: False),
        awaiting_address(DROPPED_READS),
    ),
    SeededBug(
        "failed_deletes_are_justified",
        _set_rule("FAILED", when_starting=Action.ACT, when_stopping=Action.ACT),
        created_and_deleted(on_delete="STOP", fails_later=True),
    ),
    SeededBug(
        "starts_match_their_request",
        _set(AppStream, "start", _start_any_version),
        created_and_deleted(agent_version=AGENT),
    ),
    SeededBug(
        "a_request_starts_its_builder_once",
        _restart_after_each_fall,
        created_and_deleted(start_outcome="stopped"),
    ),
    SeededBug("a_request_starts_its_builder_once", _FORGET_THE_STARTING_STATES, delivered_twice(apart=30.0)),
    SeededBug("stops_are_requested", _set(request, "_stops_on_delete", lambda *_: True), created_and_deleted()),
    SeededBug(
        "nothing_changes_for_an_ended_request",
        _set(StackChecks, "cancelled_by", lambda self, **_: ""),
        created_and_deleted(),
    ),
    SeededBug(
        "nothing_changes_for_an_ended_request",
        _change_result("resource", lambda status: status._replace(status="")),
        deleted_again_later(),
    ),
    SeededBug("external_starts_are_respected", _set(EnsureStopped, "next_step", _stop_again), EXTERNAL_START),
    SeededBug(
        "a_skipped_delete_makes_no_calls", _set(request, "_stops_on_delete", lambda *_: True), created_and_deleted()
    ),
    SeededBug(
        "a_reported_stop_is_scheduled", _set(ensure_running, "moment", _a_minute_early), stopped_by_its_schedule()
    ),
    SeededBug("a_reported_stop_happens", _set(scheduler, "moment", _a_minute_early), stopped_by_its_schedule()),
    SeededBug(
        "no_outdated_schedule_stops_a_builder",
        _set(stop_schedule_steps, "may_arrive_until", lambda due, *, now: 0.0),
        updated_when_a_stop_was_refused(),
    ),
    SeededBug(
        "no_outdated_schedule_stops_a_builder",
        _set(stop_schedule_steps, "SCHEDULER_PRECISION", 0.0),
        started_while_a_late_stop_was_refused(),
    ),
    SeededBug(
        "unneeded_schedules_are_deleted",
        _set(EnsureStopped, "next_step", EnsureStopped._decide),
        created_and_deleted(on_delete="STOP", stop_after=7200),
    ),
    SeededBug("no_secret_is_logged", _log_the_url, created_and_deleted()),
    SeededBug("nothing_stays_queued", _run_forever, created_and_deleted(start_outcome="never", timeout=300)),
    SeededBug(
        "only_retriable_failures_raise",
        _set(CustomResourceFunction, "_send", _crash),
        created_and_deleted(),
    ),
    SeededBug(
        "the_function_does_not_time_out", _leave_no_margin, created_and_deleted(start=800.0, function_timeout=300.0)
    ),
    SeededBug("fault_free_requests_succeed", _set_rule("PENDING", when_starting=Action.FAIL), created_and_deleted()),
)
