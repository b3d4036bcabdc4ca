"""How long failed calls are retried and descriptions taken as stale, at the exact ends."""

from datetime import datetime, timezone
from functools import partial

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, RequestFailed
from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import StopSchedule
from running_image_builder_function.reconcile.callback_context import (
    CallbackContext,
    LastCall,
    Starts,
    StopScheduleProgress,
)
from running_image_builder_function.reconcile.desired_state import DesiredState, Step
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.on_delete import EnsureStopped
from support.fake_appstream import ARN, NAME

BEGAN = 1_800_000_000.0


@pytest.fixture(params=[EnsureRunning, partial(EnsureStopped, only_started=False)])
def desired(request: pytest.FixtureRequest) -> DesiredState:
    """Return each desired state at its beginning."""
    made: DesiredState = request.param(Request(name=NAME, timeout=600), CallbackContext(began_at=BEGAN), arn=ARN)
    return made


def failed(kind: ErrorKind) -> AwsCallError:
    """Return a failed call."""
    return AwsCallError(kind, action="any:Action", code="Code", detail="Detail.")


def test_the_deadline_counts_from_the_beginning(desired: DesiredState) -> None:
    """In seconds since the epoch."""
    assert BEGAN + 600 == desired.deadline


@pytest.mark.parametrize(("confirmed", "retry_for"), [(True, 100), (False, 10)])
def test_a_description_may_be_stale_for_a_while(desired: DesiredState, confirmed: bool, retry_for: float) -> None:
    """Longer where the call was surely accepted."""
    desired.change_accepted(Step.START, now=BEGAN, confirmed=confirmed)

    assert desired.may_be_stale(now=BEGAN + retry_for - 0.1)
    assert not desired.may_be_stale(now=BEGAN + retry_for)


@pytest.mark.parametrize("error_at", [BEGAN - 10, BEGAN + 1])
def test_an_error_just_before_the_start_is_not_its_failure(error_at: float) -> None:
    """The description before the start has shown it: in a stale one after it, it shows nothing new."""
    error = {"ErrorCode": "OLD", "ErrorTimestamp": datetime.fromtimestamp(error_at, tz=timezone.utc)}
    stopped = ImageBuilder({"Name": NAME, "State": "STOPPED", "ImageBuilderErrors": [error]})
    desired = EnsureRunning(Request(name=NAME), CallbackContext(began_at=BEGAN), arn=ARN)

    assert Step.START is desired.observe(stopped, asked_at=BEGAN + 2, now=BEGAN + 2)
    desired.change_accepted(Step.START, now=BEGAN + 2)
    assert Step.WAIT is desired.observe(stopped, asked_at=BEGAN + 5, now=BEGAN + 5)


def test_a_late_stop_is_waited_out_until_its_moment() -> None:
    """And not beyond."""
    builder = ImageBuilder({"Name": NAME, "State": "RUNNING"})
    context = CallbackContext(began_at=BEGAN, schedule=StopScheduleProgress(earlier_stop_until=BEGAN + 370))
    running = EnsureRunning(Request(name=NAME, timeout=600), context, arn=ARN)

    assert [Step.WAIT, Step.DONE] == [running.next_step(builder, now=BEGAN + after) for after in (369.9, 370)]


@pytest.mark.parametrize(
    ("kind", "retry_for"),
    [(ErrorKind.BUSY, 300), (ErrorKind.REFUSED, 100), (ErrorKind.DENIED, 90), (ErrorKind.NOT_FOUND, 10)],
)
def test_a_refusal_is_tried_again_for_a_while(desired: DesiredState, kind: ErrorKind, retry_for: float) -> None:
    """Counted from the first one."""
    desired.change_failed(Step.START, failed(kind), now=BEGAN + 50)
    desired.change_failed(Step.START, failed(kind), now=BEGAN + 50 + retry_for - 0.1)

    if isinstance(desired, EnsureStopped) and kind is ErrorKind.NOT_FOUND:
        desired.change_failed(
            Step.START, failed(kind), now=BEGAN + 50 + retry_for
        )  # it is gone: the next description shows that
        return
    with pytest.raises(RequestFailed, match=r"Code on any:Action|role any:Action"):
        desired.change_failed(Step.START, failed(kind), now=BEGAN + 50 + retry_for)


@pytest.mark.parametrize(
    ("step", "kind", "expected"),
    [
        (Step.START, ErrorKind.BUSY, True),
        (Step.START, ErrorKind.REFUSED, True),
        (Step.START, ErrorKind.DENIED, False),
        (Step.STOP, ErrorKind.BUSY, False),
    ],
)
def test_a_refused_start_may_follow_another_deliverys(
    desired: DesiredState, step: Step, kind: ErrorKind, expected: bool
) -> None:
    """A builder that is shown as STOPPED but can't be started may be starting."""
    desired.change_failed(step, failed(kind), now=BEGAN)

    assert expected is desired.context.starts.maybe_by_other_delivery


@pytest.mark.parametrize(
    ("kind", "retry_for"),
    [
        (ErrorKind.BUSY, 300),
        (ErrorKind.DENIED, 90),
        (ErrorKind.REFUSED, 10),
        (ErrorKind.NOT_FOUND, 10),
        (ErrorKind.INVALID, 10),
    ],
)
def test_a_refused_description_is_repeated_for_a_while(
    desired: DesiredState, kind: ErrorKind, retry_for: float
) -> None:
    """Counted from the first refusal in a row: a description that succeeds ends it."""
    desired.describe_failed(failed(kind), now=BEGAN)
    desired.observe(ImageBuilder({"Name": NAME, "State": "PENDING"}), asked_at=BEGAN + 5, now=BEGAN + 5)
    desired.describe_failed(failed(kind), now=BEGAN + 50)
    desired.describe_failed(failed(kind), now=BEGAN + 50 + retry_for - 0.1)

    with pytest.raises(RequestFailed, match=r"Code on any:Action|role any:Action"):
        desired.describe_failed(failed(kind), now=BEGAN + 50 + retry_for)


def test_a_schedule_step_that_succeeds_ends_the_refusals() -> None:
    """The next refusal is tried again for as long as the first one."""
    desired = EnsureRunning(Request(name=NAME), CallbackContext(began_at=BEGAN), arn=ARN)
    desired.schedule_failed(failed(ErrorKind.DENIED), now=BEGAN)
    desired.schedule_changed(Step.POSTPONE_STOP)
    desired.schedule_failed(failed(ErrorKind.DENIED), now=BEGAN + 100)

    with pytest.raises(RequestFailed):
        desired.schedule_failed(failed(ErrorKind.DENIED), now=BEGAN + 190)


def test_an_invalid_schedule_is_not_tried_again() -> None:
    """No later try can succeed."""
    desired = EnsureRunning(Request(name=NAME), CallbackContext(began_at=BEGAN), arn=ARN)

    with pytest.raises(RequestFailed):
        desired.schedule_failed(failed(ErrorKind.INVALID), now=BEGAN)


def test_a_service_without_an_endpoint_is_given_a_minute(desired: DesiredState) -> None:
    """A Region may lack it; its call has not taken effect."""
    lacks = AwsCallError(ErrorKind.UNAVAILABLE, action="scheduler:Any", code="E", detail="no", has_no_endpoint=True)
    desired.change_failed(Step.START, lacks, now=BEGAN)
    desired.change_failed(Step.START, lacks, now=BEGAN + 59.9)

    assert not desired.context.last_call.step
    with pytest.raises(RequestFailed):
        desired.change_failed(Step.START, lacks, now=BEGAN + 60)


def test_a_call_whose_response_was_lost_may_have_been_accepted(desired: DesiredState) -> None:
    """It is remembered as such."""
    desired.change_failed(Step.START, failed(ErrorKind.UNAVAILABLE), now=BEGAN + 5)

    assert (
        CallbackContext(
            began_at=BEGAN,
            last_call=LastCall(step="start", at=BEGAN + 5, confirmed=False, took_effect=False),
            starts=Starts(made=True),
        )
        == desired.context
    )
    assert desired.context.last_call.confirmed is False


def test_an_accepted_call_ends_what_came_before(desired: DesiredState) -> None:
    """A new count begins for everything."""
    desired.context.refused_since = {"stop": BEGAN}
    desired.context.builder.running_since = BEGAN
    desired.context.last_call.took_effect = True

    desired.change_accepted(Step.STOP, now=BEGAN + 5)

    expected = CallbackContext(
        began_at=BEGAN,
        last_call=LastCall(step="stop", at=BEGAN + 5, confirmed=True),
        starts=Starts(restarted=True),
    )
    assert expected == desired.context


def test_once_started_or_restarted_is_remembered(desired: DesiredState) -> None:
    """A stop does not undo that there was a start, nor the other way round."""
    desired.change_accepted(Step.START, now=BEGAN)
    desired.change_accepted(Step.STOP, now=BEGAN)
    desired.change_accepted(Step.START, now=BEGAN)

    assert (True, True) == (desired.context.starts.made, desired.context.starts.restarted)


def test_the_common_desired_state_decides_nothing() -> None:
    """Its subclasses do."""
    with pytest.raises(NotImplementedError):
        DesiredState(Request(name=NAME), CallbackContext(began_at=BEGAN), arn=ARN).next_step(
            ImageBuilder({}), now=BEGAN
        )


@pytest.mark.parametrize(
    ("timeout", "said"), [(60, "1 minute"), (70, "1.17 minutes"), (90, "1.5 minutes"), (3540, "59 minutes")]
)
def test_a_timeout_without_any_description_is_plain(timeout: float, said: str) -> None:
    """There is nothing to say of the builder."""
    desired = EnsureRunning(Request(name=NAME, timeout=timeout), CallbackContext(began_at=BEGAN), arn=ARN)

    expected = f"Image builder {NAME}: not RUNNING within {said}. See the AppStream console, or raise the timeout."
    assert expected == str(desired.timed_out(None))


def test_a_running_builder_is_enough_without_its_address() -> None:
    """Once the address is due; a builder with another agent, or one that runs no more, is never enough."""
    desired = EnsureRunning(Request(name=NAME, timeout=600), CallbackContext(began_at=BEGAN), arn=ARN)
    vpc = {"State": "RUNNING", "VpcConfig": {"SubnetIds": ["subnet-1"]}}

    assert not desired.is_enough(now=BEGAN + 600)
    assert Step.WAIT is desired.next_step(ImageBuilder(vpc), now=BEGAN)
    assert not desired.is_enough(now=BEGAN + 299.9)
    assert desired.is_enough(now=BEGAN + 300)
    assert ["it runs, but AppStream shows no address yet: the attribute is empty"] == desired.context.warnings
    assert Step.WAIT is desired.next_step(ImageBuilder({**vpc, "State": "REBOOTING"}), now=BEGAN)
    assert not desired.is_enough(now=BEGAN + 600)


def test_a_scheduled_running_builder_is_enough_at_the_deadline() -> None:
    """The description that would show that it still runs may fail until then; without the stop it isn't enough."""
    stop = StopSchedule(name="stop-1", role_arn="any", after=900)
    context = CallbackContext(began_at=BEGAN, schedule=StopScheduleProgress(postponed=True))
    desired = EnsureRunning(Request(name=NAME, timeout=600, schedule=stop), context, arn=ARN)

    assert Step.SCHEDULE_STOP is desired.next_step(ImageBuilder({"Name": NAME, "State": "RUNNING"}), now=BEGAN)
    assert not desired.is_enough(now=BEGAN + 600)
    desired.schedule_changed(Step.SCHEDULE_STOP, at=BEGAN + 900)
    assert not desired.is_enough(now=BEGAN + 599.9)
    assert desired.is_enough(now=BEGAN + 600)


def test_a_builder_is_missing_only_if_a_description_of_ten_seconds_later_misses_it(desired: DesiredState) -> None:
    """Counted from the first one's arrival to the later one's request: that one can be slow."""
    assert Step.WAIT is desired.observe(None, asked_at=BEGAN, now=BEGAN + 4)
    assert Step.WAIT is desired.observe(None, asked_at=BEGAN + 13.9, now=BEGAN + 20)
    if isinstance(desired, EnsureStopped):
        assert Step.DONE is desired.observe(None, asked_at=BEGAN + 14, now=BEGAN + 20)
        return
    with pytest.raises(RequestFailed, match="not found in"):
        desired.observe(None, asked_at=BEGAN + 14, now=BEGAN + 20)
