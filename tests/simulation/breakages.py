"""Deliberate defects of the function, and for each the scenario in which an invariant must notice; fixes nothing."""

import json
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from running_image_builder_function import (
    answer,
    ensure_running,
    errors,
    function,
    request,
    schedules,
    scheduling,
    states,
)
from running_image_builder_function.answer import fit
from running_image_builder_function.appstream import AppStream
from running_image_builder_function.ensure_running import EnsureRunning
from running_image_builder_function.ensure_stopped import EnsureStopped
from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.image_builder import ImageBuilder
from running_image_builder_function.journal import Redaction
from running_image_builder_function.ports import ResourceStatus
from running_image_builder_function.stacks import Stacks
from running_image_builder_function.states import Meaning, Row
from running_image_builder_function.stop_schedule import moment
from simulation import run as run_module
from simulation.scenario import Scenario
from simulation.scenarios import (
    AGENT,
    DROPPED_LOOKS,
    OTHER_START,
    REFUSED_ANSWER,
    awaiting_address,
    created_and_deleted,
    deleted_again_later,
    delivered_twice,
    ends_by_itself,
    started_while_a_late_stop_was_refused,
    updated_when_a_stop_was_refused,
)

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
    patch.setattr(Stacks, "resource", lambda self, stack_id, logical_id: ResourceStatus("", None))
    patch.setattr(run_module, "LONGEST", 2 * 3600.0)


def _tells_the_url(patch: pytest.MonkeyPatch) -> None:
    run = function.Function._run

    def tell(self: function.Function, event: dict[str, Any], context: Any) -> str:
        logging.getLogger("anything").info("an event: %s", event)
        return run(self, event, context)

    patch.setattr(Redaction, "filter", lambda self, record: True)
    patch.setattr(function.Function, "_run", tell)


def _sends_once(url: str, body: bytes, *, put: answer.Put, **_: Any) -> bool:
    put(url, body)
    return True


def _forgets_an_attribute(patch: pytest.MonkeyPatch) -> None:
    whole = ImageBuilder.attributes
    patch.setattr(ImageBuilder, "attributes", lambda self: {k: v for k, v in whole(self).items() if k != "ImageArn"})


def _stops_again(self: EnsureStopped, builder: ImageBuilder | None, *, now: float) -> Step:
    self.journey.last_state = "" if builder is None else builder.state
    return {"RUNNING": Step.STOP, "STOPPED": Step.DONE}.get(self.journey.last_state, Step.WAIT)


def _starts_any_version(self: AppStream, name: str, agent_version: str | None) -> None:
    self._change("StartImageBuilder", Name=name)


def _gives_no_reason(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return fit({**body, "Reason": ""})


def _gives_its_own_id(body: dict[str, Any]) -> tuple[bytes, list[str]]:
    return json.dumps({**body, "PhysicalResourceId": "anything"}).encode(), []


def _a_minute_off(at: float) -> str:
    return moment(at - 60)


def _crashes(self: function.Function, url: str, body: dict[str, Any]) -> None:
    raise KeyError("a bug")


def _has_no_margin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(function, "MARGIN", 0.0)
    patch.setattr(function, "ANSWER_RESERVE", 0.0)


BREAKAGES = (
    Breakage("exactly_one_effective_answer", _sets(function, "deliver", _sends_once), REFUSED_ANSWER),
    Breakage("exactly_one_effective_answer", _never_due(1e9), created_and_deleted(outcome="never", timeout=300)),
    Breakage(
        "every_invocation_answers_or_hands_over",
        _sets(function, "hand_over", lambda *_, **__: None),
        created_and_deleted(function_limit=120.0),
    ),
    Breakage("answered_within_the_deadline", _never_due(55), created_and_deleted(outcome="never", timeout=300)),
    Breakage("body_within_the_limit", _sets(answer, "MAX_BYTES", 99_999), created_and_deleted(text="x" * 5000)),
    Breakage("answers_are_well_formed", _sets(function, "fit", _gives_no_reason), created_and_deleted(state="FAILED")),
    Breakage(
        "reasons_are_readable",
        _sets(errors, "REASON_MAX_LENGTH", 999),
        created_and_deleted(state="FAILED", text="word " * 80),
    ),
    Breakage("ids_are_right", _sets(function, "fit", _gives_its_own_id), created_and_deleted()),
    Breakage(
        "a_failed_create_tells_whether_it_started",
        _sets(function, "failed_id", lambda asked, journey: asked.name),
        created_and_deleted(state="FAILED"),
    ),
    Breakage("success_means_running", _means("PENDING", to_run=Meaning.REACHED), created_and_deleted()),
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
        "failures_are_true", _sets(EnsureRunning, "enough", lambda *_, **__: None), awaiting_address(DROPPED_LOOKS)
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
        _sets(Stacks, "resource", lambda self, stack_id, logical_id: ResourceStatus("", None)),
        created_and_deleted(),
    ),
    Breakage("nothing_is_done_for_a_request_that_is_over", _sets(function, "_DELETED", ()), deleted_again_later()),
    Breakage("somebody_elses_start_is_respected", _sets(EnsureStopped, "step", _stops_again), OTHER_START),
    Breakage("leaving_makes_no_calls", _sets(request, "_stops_on_delete", lambda *_: True), created_and_deleted()),
    Breakage("a_promised_stop_is_scheduled", _sets(ensure_running, "moment", _a_minute_off), ends_by_itself()),
    Breakage("a_promised_stop_happens", _sets(schedules, "moment", _a_minute_off), ends_by_itself()),
    Breakage(
        "nothing_newer_is_stopped",
        _sets(scheduling, "_quiet_until", lambda found, *, now: 0.0),
        updated_when_a_stop_was_refused(),
    ),
    Breakage("nothing_newer_is_stopped", _sets(scheduling, "PRECISION", 0.0), started_while_a_late_stop_was_refused()),
    Breakage(
        "no_schedule_survives_its_purpose",
        _sets(EnsureStopped, "step", EnsureStopped._look),
        created_and_deleted(on_delete="STOP", stop_after=7200),
    ),
    Breakage("no_secret_in_any_log", _tells_the_url, created_and_deleted()),
    Breakage("nothing_is_left_behind", _runs_for_ever, created_and_deleted(outcome="never", timeout=300)),
    Breakage(
        "only_what_lambda_must_repeat_raises",
        _sets(function.Function, "_send", _crashes),
        created_and_deleted(),
    ),
    Breakage("lambdas_limit_is_not_overrun", _has_no_margin, created_and_deleted(start=800.0, function_limit=300.0)),
    Breakage("calm_requests_succeed", _means("PENDING", to_run=Meaning.FAIL), created_and_deleted()),
)
