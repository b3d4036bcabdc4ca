"""What is enough for a Delete, and how long it tries, at the exact ends."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import ErrorKind
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import StopSchedule
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import Step
from running_image_builder_function.reconcile.on_delete import EnsureStopped, LeaveBuilder
from support.fake_appstream import ARN, NAME
from support.fake_schedules import refusal

BEGAN = 1_800_000_000.0
SCHEDULE = StopSchedule(name="stop-1", role_arn="arn:aws:iam::123456789012:role/scheduler", after=900)


def ensure_stopped(context: CallbackContext | None = None, **request: Any) -> EnsureStopped:
    """Return the desired state of a Delete that stops."""
    context = context or CallbackContext(began_at=BEGAN, delivered_at=BEGAN)
    return EnsureStopped(Request(name=NAME, **request), context, arn=ARN, only_started=False)


def described(state: str) -> ImageBuilder:
    """Return a builder in a state."""
    return ImageBuilder({"Name": NAME, "State": state})


def test_a_failed_description_is_never_enough_for_a_stop() -> None:
    """Only that a builder was seen stopped is."""
    assert not ensure_stopped().is_enough(now=BEGAN)


def test_a_start_before_the_delete_may_not_show_for_a_while() -> None:
    """STOPPED is no end until then."""
    desired = ensure_stopped(may_start=True)

    steps = [desired.next_step(described("STOPPED"), now=BEGAN + after) for after in (0, 99.9, 100)]

    assert [Step.WAIT, Step.WAIT, Step.DONE] == steps


@pytest.mark.parametrize(
    ("request_options", "step", "warning"),
    [
        ({"may_start": True}, Step.WAIT, "it is STOPPED, but a start of a moment ago may not show yet"),
        ({"schedule": SCHEDULE}, Step.CANCEL_STOP, "its schedule stop-1 stays: there was no time to delete it"),
    ],
)
def test_a_stopped_builder_is_enough_at_the_deadline(request_options: dict[str, Any], step: Step, warning: str) -> None:
    """Whatever was still to be waited for, or done about a schedule that has nothing to stop."""
    desired = ensure_stopped(timeout=60, **request_options)

    assert step is desired.next_step(described("STOPPED"), now=BEGAN + 59)
    assert [False, True] == [desired.is_enough(now=BEGAN + after) for after in (59.9, 60)]
    assert [warning] == desired.context.warnings


@pytest.mark.parametrize(
    ("kind", "retry_for"), [(ErrorKind.UNAVAILABLE, 40), (ErrorKind.DENIED, 40), (ErrorKind.REFUSED, 10)]
)
def test_a_schedule_that_cannot_be_deleted_stays_after_a_while(kind: ErrorKind, retry_for: float) -> None:
    """Counted over all invocations: the builder is stopped, and its stack need not wait for what stops nothing."""
    error = refusal(kind)
    first = ensure_stopped(schedule=SCHEDULE)
    first.schedule_failed(error, now=BEGAN + 5)
    carried = json.loads(json.dumps(asdict(first.context)))

    desired = ensure_stopped(CallbackContext.from_json(carried), schedule=SCHEDULE)
    desired.schedule_failed(error, now=BEGAN + 5 + retry_for - 0.1)
    assert ([], False) == (desired.context.warnings, desired.context.schedule.cancelled)

    desired.schedule_failed(error, now=BEGAN + 5 + retry_for)
    assert [f"its schedule stop-1 stays: {desired.call_failed(error)}"] == desired.context.warnings
    assert desired.context.schedule.cancelled


def test_a_schedule_that_cannot_be_deleted_is_said_to_stay() -> None:
    """By a Delete that leaves the builder: the log says what to do."""
    context = CallbackContext(began_at=BEGAN, delivered_at=BEGAN)
    request = Request(name=NAME, schedule=SCHEDULE)
    desired = LeaveBuilder(request, context, arn=ARN, unwanted=False, may_start=False, late_by=60)
    error = refusal(ErrorKind.THROTTLED, "Code")

    assert (
        f"Image builder {NAME}: its scheduled stop stays; last error: Code on scheduler:CreateSchedule. "
        "Delete schedule stop-1 if it is not wanted."
    ) == str(desired.timed_out(error))
