"""Deliberate defects of the function, and for each the scenario in which an invariant must notice; fixes nothing."""

import json
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from running_image_builder_function import custom_resource
from running_image_builder_function.aws import scheduler
from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.cloudformation import Stacks
from running_image_builder_function.aws.lambda_ import Successor
from running_image_builder_function.aws.scheduler import Schedules
from running_image_builder_function.cloudformation import request, response
from running_image_builder_function.cloudformation.response import fit
from running_image_builder_function.model import errors
from running_image_builder_function.model.errors import CallFailed, Trouble
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import moment
from running_image_builder_function.observability.logs import Redaction
from running_image_builder_function.reconcile import ensure_running, states, stop_schedule_steps
from running_image_builder_function.reconcile.desired_state import Goal, Step
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.on_delete import EnsureStopped
from running_image_builder_function.reconcile.stack_checks import Standing
from running_image_builder_function.reconcile.states import Meaning, Row
from simulation import run as run_module
from simulation.handwritten_scenarios import (
    AGENT,
    BRIEFLY_DENIED,
    DROPPED_LOOKS,
    MISSED_ONCE,
    NOTHING,
    OTHER_START,
    REFUSED_ANSWER,
    awaiting_address,
    cancelled_update,
    created_and_deleted,
    deleted_again_later,
    delivered_twice,
    ends_by_itself,
    handed_over_late,
    left_in_doubt,
    looked_at,
    renamed,
    rolled_back,
    started_in_vain,
    started_while_a_late_stop_was_refused,
    updated_when_a_stop_was_refused,
)
from simulation.scenario import Scenario

Break = Callable[[pytest.MonkeyPatch], None]


class Breakage(NamedTuple):
    """A defect, where it shows, and what must notice it."""

    invariant: str
    introduce: Break
    scenario: Scenario


def _means(state: str, *, to_run: Meaning = Meaning.WAIT, to_stop: Meaning = Meaning.WAIT) -> Break:
    return lambda patch: patch.setitem(states.STATES, state, Row(to_run=to_run, to_stop=to_stop))


def _sets(owner: object, name: str, value: Any) -> Break:
    return lambda patch: patch.setattr(owner, name, value)


def _starts_again(self: EnsureRunning, builder: ImageBuilder, *, now: float) -> Step:
    return Step.START if builder.state == "STOPPED" else Step.WAIT


_FORGETS_WHAT_IT_SAW = _sets(ensure_running, "PENDING", "no state")


def _starts_after_every_fall(patch: pytest.MonkeyPatch) -> None:
    _FORGETS_WHAT_IT_SAW(patch)
    patch.setattr(EnsureRunning, "_after_start", _starts_again)


def _never_due(seconds: float) -> Break:
    return _sets(Goal, "deadline", property(lambda self: self.journey.began_at + self.request.timeout + seconds))


def _runs_for_ever(patch: pytest.MonkeyPatch) -> None:
    _never_due(1e9)(patch)
    patch.setattr(Standing, "over", lambda self: "")
    patch.setattr(run_module, "LONGEST", 2 * 3600.0)


def _tells_the_url(patch: pytest.MonkeyPatch) -> None:
    run = custom_resource.Function._run

    def tell(self: custom_resource.Function, event: dict[str, Any], context: Any) -> str:
        logging.getLogger("anything").info("an event: %s", event)
        return run(self, event, context)

    patch.setattr(Redaction, "filter", lambda self, record: True)
    patch.setattr(custom_resource.Function, "_run", tell)


def _sends_once(url: str, body: bytes, *, put: response.Put, **_: Any) -> bool:
    put(url, body)
    return True


def _forgets_an_attribute(patch: pytest.MonkeyPatch) -> None:
    whole = ImageBuilder.attributes
    patch.setattr(ImageBuilder, "attributes", lambda self: {k: v for k, v in whole(self).items() if k != "ImageArn"})


def _stops_again(self: EnsureStopped, builder: ImageBuilder | None, *, now: float) -> Step:
    self.journey.last_state = "" if builder is None else builder.state
    return {"RUNNING": Step.STOP, "STOPPED": Step.DONE}.get(self.journey.last_state, Step.WAIT)


def _starts_any_version(self: AppStream, name: str, agent_version: str | None) -> None:
    self._client.call("StartImageBuilder", Name=name)


def _gives_no_reason(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return fit({**body, "Reason": ""})


def _gives_its_own_id(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return json.dumps({**body, "PhysicalResourceId": "anything"}).encode(), []


def _a_minute_off(at: float) -> str:
    return moment(at - 60)


def _crashes(self: custom_resource.Function, url: str, body: dict[str, Any]) -> None:
    raise KeyError("a bug")


def _has_no_margin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(custom_resource, "MARGIN", 0.0)
    patch.setattr(custom_resource, "ANSWER_RESERVE", 0.0)


def _marks_every_failure(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(custom_resource, "failed_id", lambda asked, *_: asked.name + request.NOT_STARTED)


def _takes_all_for_denials(patch: pytest.MonkeyPatch) -> None:
    invoke = Successor.invoke

    def deny(self: Successor, function_arn: str, event: Any) -> None:
        try:
            invoke(self, function_arn, event)
        except CallFailed as error:
            raise CallFailed(Trouble.DENIED, action=error.action, code="No", detail="no") from error

    patch.setattr(Successor, "invoke", deny)


def _believes_one_look(patch: pytest.MonkeyPatch) -> None:
    step = EnsureRunning.step

    def believe(self: EnsureRunning, builder: ImageBuilder | None, *, now: float) -> Step:
        if builder is None:
            raise self.failed(f"not found in {self.region}", "Look for it.")
        return step(self, builder, now=now)

    patch.setattr(EnsureRunning, "step", believe)


def _gives_up_at_once(patch: pytest.MonkeyPatch) -> None:
    def give_up(self: Goal, error: CallFailed, *_: Any, **__: Any) -> None:
        raise self.failed_call(error)

    patch.setattr(Goal, "unanswered", give_up)


def _answers(method: str, change: Callable[[Any], Any]) -> Break:
    """Return what lets a look at the stack tell something else than it was told."""

    def introduce(patch: pytest.MonkeyPatch) -> None:
        whole: Any = getattr(Stacks, method)
        patch.setattr(Stacks, method, lambda self, *args, **kwargs: change(whole(self, *args, **kwargs)))

    return introduce


BREAKAGES = (
    Breakage("exactly_one_effective_answer", _sets(custom_resource, "deliver", _sends_once), REFUSED_ANSWER),
    Breakage("exactly_one_effective_answer", _never_due(1e9), created_and_deleted(outcome="never", timeout=300)),
    Breakage(
        "every_invocation_answers_or_hands_over",
        _sets(custom_resource, "hand_over", lambda *_, **__: None),
        created_and_deleted(function_limit=120.0),
    ),
    Breakage("answered_within_the_deadline", _never_due(55), created_and_deleted(outcome="never", timeout=300)),
    Breakage("body_within_the_limit", _sets(response, "MAX_BYTES", 99_999), created_and_deleted(text="x" * 5000)),
    Breakage(
        "answers_are_well_formed", _sets(custom_resource, "fit", _gives_no_reason), created_and_deleted(state="FAILED")
    ),
    Breakage(
        "reasons_are_readable",
        _sets(errors, "REASON_MAX_LENGTH", 999),
        created_and_deleted(state="FAILED", text="word " * 80),
    ),
    Breakage("ids_are_right", _sets(custom_resource, "fit", _gives_its_own_id), created_and_deleted()),
    Breakage(
        "a_failed_create_tells_whether_it_started",
        _sets(custom_resource, "failed_id", lambda asked, journey: asked.name),
        created_and_deleted(state="FAILED"),
    ),
    Breakage("the_answer_gets_there", _sets(custom_resource, "deliver", _sends_once), REFUSED_ANSWER),
    Breakage("a_throttled_hand_over_fails_nothing", _takes_all_for_denials, handed_over_late()),
    Breakage("a_builder_is_looked_for_twice", _believes_one_look, looked_at(MISSED_ONCE)),
    Breakage("a_refused_look_is_repeated", _gives_up_at_once, looked_at(BRIEFLY_DENIED)),
    Breakage(
        "the_deadlines_reason_has_the_builders_errors",
        _sets(ImageBuilder, "errors", lambda self: []),
        looked_at(NOTHING, outcome="never", complaining=True, timeout=300),
    ),
    Breakage("a_shared_builder_is_left_alone", _answers("has_another", lambda _: False), renamed()),
    Breakage(
        "a_followed_request_acts_no_more",
        _answers("resource", lambda told: told._replace(status="UPDATE_IN_PROGRESS", changed_at=None)),
        cancelled_update(),
    ),
    Breakage(
        "a_left_builder_keeps_no_old_end",
        _sets(Schedules, "remove", lambda self, name: None),
        renamed(stop_after=7200),
    ),
    Breakage("a_roll_back_always_ends", _answers("stack_status", lambda _: "UPDATE_IN_PROGRESS"), rolled_back()),
    Breakage(
        "a_roll_back_ends_in_time", _sets(ensure_running, "ROLL_BACK_PATIENCE", 1e9), rolled_back(builder="snapshot")
    ),
    Breakage(
        "a_delete_with_nothing_to_stop_succeeds",
        _sets(request, "_stops_on_delete", lambda *_: True),
        left_in_doubt(),
    ),
    Breakage("nothing_is_forgotten", _marks_every_failure, started_in_vain()),
    Breakage("success_means_running", _means("PENDING", to_run=Meaning.REACHED), created_and_deleted(start=400.0)),
    Breakage("attributes_are_complete_and_true", _forgets_an_attribute, created_and_deleted()),
    Breakage("the_address_is_waited_for", _sets(ensure_running, "ADDRESS_PATIENCE", 0.0), awaiting_address()),
    Breakage(
        "the_agent_is_as_asked",
        _sets(EnsureRunning, "_agent_differs", lambda self, builder: False),
        created_and_deleted(state="RUNNING", agent_version=AGENT),
    ),
    Breakage(
        "a_deleted_builder_does_not_run",
        _means("STOPPING", to_stop=Meaning.REACHED),
        created_and_deleted(on_delete="STOP"),
    ),
    Breakage(
        "failures_are_true", _sets(EnsureRunning, "is_enough", lambda *_, **__: False), awaiting_address(DROPPED_LOOKS)
    ),
    Breakage(
        "failed_deletes_are_true",
        _means("FAILED", to_run=Meaning.ACT, to_stop=Meaning.ACT),
        created_and_deleted(on_delete="STOP", then_fails=True),
    ),
    Breakage(
        "starts_serve_their_request",
        _sets(AppStream, "start", _starts_any_version),
        created_and_deleted(agent_version=AGENT),
    ),
    Breakage(
        "at_most_one_start_per_need",
        _starts_after_every_fall,
        created_and_deleted(outcome="stopped"),
    ),
    Breakage("at_most_one_start_per_need", _FORGETS_WHAT_IT_SAW, delivered_twice(apart=30.0)),
    Breakage("stops_are_asked_for", _sets(request, "_stops_on_delete", lambda *_: True), created_and_deleted()),
    Breakage(
        "nothing_is_done_for_a_request_that_is_over",
        _sets(Standing, "over", lambda self: ""),
        created_and_deleted(),
    ),
    Breakage(
        "nothing_is_done_for_a_request_that_is_over",
        _answers("resource", lambda told: told._replace(status="")),
        deleted_again_later(),
    ),
    Breakage("somebody_elses_start_is_respected", _sets(EnsureStopped, "step", _stops_again), OTHER_START),
    Breakage("leaving_makes_no_calls", _sets(request, "_stops_on_delete", lambda *_: True), created_and_deleted()),
    Breakage("a_promised_stop_is_scheduled", _sets(ensure_running, "moment", _a_minute_off), ends_by_itself()),
    Breakage("a_promised_stop_happens", _sets(scheduler, "moment", _a_minute_off), ends_by_itself()),
    Breakage(
        "nothing_newer_is_stopped",
        _sets(stop_schedule_steps, "_quiet_until", lambda found, *, now: 0.0),
        updated_when_a_stop_was_refused(),
    ),
    Breakage(
        "nothing_newer_is_stopped",
        _sets(stop_schedule_steps, "SCHEDULER_PRECISION", 0.0),
        started_while_a_late_stop_was_refused(),
    ),
    Breakage(
        "no_schedule_survives_its_purpose",
        _sets(EnsureStopped, "step", EnsureStopped._look),
        created_and_deleted(on_delete="STOP", stop_after=7200),
    ),
    Breakage("no_secret_in_any_log", _tells_the_url, created_and_deleted()),
    Breakage("nothing_is_left_behind", _runs_for_ever, created_and_deleted(outcome="never", timeout=300)),
    Breakage(
        "only_what_lambda_must_repeat_raises",
        _sets(custom_resource.Function, "_send", _crashes),
        created_and_deleted(),
    ),
    Breakage("lambdas_limit_is_not_overrun", _has_no_margin, created_and_deleted(start=800.0, function_limit=300.0)),
    Breakage("calm_requests_succeed", _means("PENDING", to_run=Meaning.FAIL), created_and_deleted()),
)
