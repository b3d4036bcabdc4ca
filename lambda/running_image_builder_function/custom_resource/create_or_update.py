"""Handles a Create or Update: a rollback's Update succeeds with what there is."""

import logging
from collections.abc import Iterator
from typing import NamedTuple

from running_image_builder_function.custom_resource.abandoned_builder import stop_abandoned
from running_image_builder_function.custom_resource.invocation import Invocation
from running_image_builder_function.model.errors import RequestCancelled, RequestFailed
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.desired_state import DesiredState
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.loop import cancelled
from running_image_builder_function.reconcile.states import Action, rule
from running_image_builder_function.timing import SCHEDULING_TIME, SECOND_DESCRIPTION


def create_or_update(invocation: Invocation) -> str:
    """Handle a Create or Update: return the physical id, or raise the Reason of a FAILED response."""
    request = invocation.request
    desired = EnsureRunning(request, invocation.context, arn=invocation.arn(request.name))
    try:
        outcome = _reach_and_stop_abandoned(desired, invocation)
    except RequestCancelled:
        for warning in _left_behind(desired, invocation):
            invocation.log(desired, warning, level=logging.WARNING)
        if not invocation.checks.may_be_rollback or request.name != invocation.physical_id:
            raise
        # The status that ended it may be its own. If so, a failure would leave the stack in UPDATE_ROLLBACK_FAILED;
        # if not, nobody reads the response.
        invocation.resource.Data = desired.attributes()
        return request.name
    if not outcome.done:
        return invocation.end_without_response()
    failure = outcome.failure
    may_run = failure is None or not _has_fallen_back(invocation.context)
    if invocation.context.starts.made and may_run and (status := invocation.cancelled_by()):
        runs = "it runs" if failure is None else "it may run"
        desired.warn(f"{runs}, and CloudFormation no longer waits for it ({status}): stop it if it should not")
    # That check can have found out what was unknown before it.
    succeeds = outcome.succeeds or (invocation.checks.is_known_rollback and _succeeds(desired, invocation, failure))
    if failure is not None and not succeeds:
        invocation.fail(desired, failure)
        raise failure
    now = invocation.clock.time()
    invocation.resource.Data = desired.attributes()
    invocation.log_warnings(desired)
    if failure is None:
        invocation.metrics.succeeded(desired, now=now)
    else:
        invocation.metrics.failed(desired, failure, now=now)
    invocation.log_success(desired)
    return request.name


def _left_behind(desired: EnsureRunning, invocation: Invocation) -> Iterator[str]:
    """Yield what a request that has ended leaves undone, beyond what its end says."""
    context, request = invocation.context, invocation.request
    if request.abandoned is not None and not context.abandoned_is_done:
        if context.starts.made and context.builder.is_running:
            yield "it runs, and CloudFormation no longer waits for it: stop it if it should not"
        yield f"{request.abandoned.name}, which the failed update may have started, may still run"
    if invocation.checks.may_be_rollback and request.schedule and not context.schedule.has_fallback:
        yield "its stop is not scheduled"


def _has_fallen_back(context: CallbackContext) -> bool:
    """Return whether the builder was started, and needs no stop any more."""
    return context.last_call.took_effect and rule(context.builder.state).when_stopping is Action.REACHED


class _Outcome(NamedTuple):
    done: bool  # whether another invocation needn't go on
    failure: RequestFailed | None = None  # why the builder isn't RUNNING; None where it is
    succeeds: bool = True  # whether the response is SUCCESS, also with a failure


def _reach_and_stop_abandoned(desired: EnsureRunning, invocation: Invocation) -> _Outcome:
    """Work towards RUNNING, and stop what a failed rename may have started.

    Raises:
        RequestCancelled: Nobody waits for it any more.
    """
    abandoned = invocation.request.abandoned
    # Until that one is stopped, the own scheduled stop doesn't count.
    desired.schedules_stop = abandoned is None or invocation.context.abandoned_is_done
    outcome = _reach(desired, invocation)
    if abandoned is None or not outcome.done:
        return outcome
    described_at = invocation.clock.time()
    still_schedules = invocation.request.schedule is not None and outcome.failure is None
    if not stop_abandoned(abandoned, invocation, reserve=SCHEDULING_TIME if still_schedules else 0.0):
        return _Outcome(done=False)
    desired.schedules_stop = True
    if invocation.clock.time() - described_at >= SECOND_DESCRIPTION:
        # That has taken its time: respond with what is described now, not with what was before.
        invocation.context.builder.is_running = False
    return _reach(desired, invocation) if outcome.failure is None else outcome


def _reach(desired: DesiredState, invocation: Invocation) -> _Outcome:
    """Work towards RUNNING.

    Raises:
        RequestCancelled: Nobody waits for it any more.
    """
    try:
        return _Outcome(invocation.reconcile(desired))
    except RequestFailed as failure:
        return _Outcome(True, failure, succeeds=_succeeds(desired, invocation, failure))


def _succeeds(desired: DesiredState, invocation: Invocation, failure: RequestFailed | None) -> bool:
    """Return whether this is a rollback's Update, which succeeds with what there is.

    A rollback that fails needs a person and changes nothing: the builder is as it is either way.

    Raises:
        RequestCancelled: Nobody waits for it any more.
    """
    if not invocation.checks.is_rollback(guess=invocation.request.abandoned is not None):
        return False
    if status := invocation.cancelled_by():
        # It is the first update's retry, and the rollback's Update has followed it.
        end = cancelled(desired, status)
        invocation.fail(desired, end)
        raise end
    invocation.log(desired, f"rolled back, but {failure}", level=logging.WARNING)
    return True
