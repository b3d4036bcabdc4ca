"""Handles a Create or Update: a rollback's Update succeeds with what there is."""

import logging

from running_image_builder_function.custom_resource.abandoned_builder import stop_abandoned
from running_image_builder_function.custom_resource.invocation import Invocation
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.reconcile.desired_state import DesiredState
from running_image_builder_function.reconcile.ensure_running import EnsureRunning
from running_image_builder_function.reconcile.loop import cancelled


def create_or_update(invocation: Invocation) -> str:
    """Handle a Create or Update: return the physical id, or raise the Reason of a FAILED response."""
    request = invocation.request
    desired = EnsureRunning(request, invocation.context, arn=invocation.arn(request.name))
    done, failure = _reach(desired, invocation)
    if done and request.abandoned is not None:
        done = stop_abandoned(request.abandoned, invocation)
        if done and failure is None:
            # That may have taken its time: respond with what is so now.
            done, failure = _reach(desired, invocation)
    if not done:
        return invocation.end_without_response()
    if invocation.context.starts.made and (status := invocation.cancelled_by()):
        desired.warn(f"it runs, and CloudFormation no longer waits for it ({status}): stop it if it should not")
    now = invocation.clock.time()
    invocation.resource.Data = desired.attributes()
    invocation.log_warnings(desired)
    if failure is None:
        invocation.metrics.succeeded(desired, now=now)
    else:
        invocation.metrics.failed(desired, failure, now=now)
    invocation.log_success(desired)
    return request.name


def _reach(desired: DesiredState, invocation: Invocation) -> tuple[bool, RequestFailed | None]:
    """Return whether another invocation needn't go on, and the failure of a rollback's Update that gets no further.

    Raises:
        RequestEnded: It has failed, or nobody waits for it any more.
    """
    try:
        return invocation.reconcile(desired), None
    except RequestFailed as failure:
        return True, _failed_rollback(desired, invocation, failure)


def _failed_rollback(desired: DesiredState, invocation: Invocation, failure: RequestFailed) -> RequestFailed:
    """Return the failure of a rollback's Update, which succeeds with what there is; raise any other failure.

    A rollback that fails needs a person and changes nothing: the builder is as it is either way.
    """
    if not invocation.checks.is_rollback(guess=invocation.request.abandoned is not None):
        invocation.fail(desired, failure)
        raise failure
    if status := invocation.cancelled_by():
        # It is the first update's retry, and the rollback's Update has followed it.
        end = cancelled(desired, status)
        invocation.fail(desired, end)
        raise end
    invocation.log(desired, f"rolled back, but {failure}", level=logging.WARNING)
    return failure
