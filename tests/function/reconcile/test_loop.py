"""How one invocation's loop ends."""

import pytest

from running_image_builder_function.cloudformation.request import Request
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.observability.logs import RequestLogger
from running_image_builder_function.reconcile.backoff import Backoff
from running_image_builder_function.reconcile.callback_context import CallbackContext, Observation, Starts
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.loop import Reconciler, cancelled
from running_image_builder_function.reconcile.ports import Calls
from running_image_builder_function.reconcile.stack_checks import StackChecks
from support.fake_appstream import ARN, NAME, FakeAppStream
from support.fake_schedules import FakeSchedules
from support.fake_stacks import FakeStacks
from support.lambda_harness import event

EVENT = event()


def reconciler(
    appstream: FakeAppStream, *, seconds: float = 840, interval: float = 2, stacks: FakeStacks | None = None
) -> Reconciler:
    """Return the loop of an invocation that has that many seconds until its end."""
    return Reconciler(
        desired=EnsureRunning(Request(name=NAME), CallbackContext(began_at=appstream.began_at), arn=ARN),
        calls=Calls(appstream.builders, FakeSchedules(appstream)),
        checks=StackChecks(
            stacks or FakeStacks(appstream.clock),
            EVENT,
            CallbackContext(began_at=appstream.began_at),
            clock=appstream.clock,
        ),
        clock=appstream.clock,
        ends_at=appstream.began_at + seconds,
        backoff=Backoff(interval, random=lambda: 0.5),
        log=RequestLogger(None),
    )


def test_a_state_that_is_reached_is_done(appstream: FakeAppStream) -> None:
    """The builder is known as it was described last."""
    appstream.put("STOPPED")
    loop = reconciler(appstream)

    assert loop.run() is True
    builder = appstream.builders.describe(NAME)
    assert builder is not None
    assert builder.attributes() == loop.desired.context.builder.attributes


def test_a_state_that_a_failed_description_cannot_take_back_is_done(appstream: FakeAppStream) -> None:
    """The builder ran; only its address was still to come."""
    appstream.put("STOPPED")
    appstream.durations(eni_delay=1000)
    appstream.clock.later(430, lambda: appstream.fault("access_denied", "Describe"))
    loop = reconciler(appstream)

    assert loop.run() is True
    assert "RUNNING" == loop.desired.context.builder.attributes["State"]


def test_a_longer_wait_ends_at_the_invocations_end(appstream: FakeAppStream) -> None:
    """The last sleep ends exactly there."""
    appstream.put("STOPPED")

    assert reconciler(appstream, seconds=99.5).run() is False
    assert 99.5 == appstream.elapsed()


def test_a_wait_is_checked_once_a_minute(appstream: FakeAppStream) -> None:
    """From its beginning on."""
    appstream.put("PENDING")
    stacks = FakeStacks(appstream.clock)

    reconciler(appstream, seconds=200, interval=1, stacks=stacks).run()

    assert [60, 120, 180] == [asked.at - appstream.began_at for asked in stacks.asked]


def test_a_state_that_is_lost_raises_its_reason(appstream: FakeAppStream) -> None:
    """There is nothing else to return."""
    appstream.put("FAILED")

    with pytest.raises(RequestFailed, match=f"Image builder {NAME} "):
        reconciler(appstream).run()


def test_a_refused_start_is_followed_by_no_longer_pause(appstream: FakeAppStream) -> None:
    """A description after an accepted one comes later."""
    appstream.put("STOPPED")
    appstream.fault("throttle", "Start", times=1)

    reconciler(appstream).run()

    assert 2 == appstream.clock.slept[0]


@pytest.mark.parametrize("starts", [Starts(made=True), Starts(maybe_by_other_delivery=True)])
@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("CREATE_FAILED", "Stop the builder if it should not run."),
        ("DELETE_COMPLETE", "Stop the builder if it should not run."),
        ("CREATE_COMPLETE", "No action is needed."),
        ("UPDATE_IN_PROGRESS", "No action is needed."),
    ],
)
def test_a_cancelled_start_that_nobody_undoes_needs_a_stop(starts: Starts, status: str, remedy: str) -> None:
    """Whichever delivery of the request has made it."""
    context = CallbackContext(began_at=0, builder=Observation(state="PENDING"), starts=starts)

    end = str(cancelled(EnsureRunning(Request(name=NAME), context, arn=ARN), status))

    assert f"CloudFormation no longer waits for this request ({status}). {remedy}" in end
