"""Handles a Delete."""

import logging

from running_image_builder_function.custom_resource.invocation import Invocation
from running_image_builder_function.model.errors import RequestFailed
from running_image_builder_function.reconcile.on_delete import LeaveBuilder, desired_on_delete

logger = logging.getLogger("running_image_builder")


def delete(invocation: Invocation) -> str:
    """Handle a Delete: return the physical id, or raise the Reason of a FAILED response."""
    request = invocation.request
    name = request.name
    desired = desired_on_delete(
        request, invocation.context, invocation.checks, arn=invocation.arn(name), clock=invocation.clock
    )
    if desired is None:
        logger.info("%s: deleted, the builder is left as it is", name, extra={"builder": name})
        return invocation.physical_id
    try:
        done = invocation.reconcile(desired)
    except RequestFailed as failure:
        if not isinstance(desired, LeaveBuilder):
            invocation.fail(desired, failure)
            raise
        # No stop was asked for: what could not be cleaned up is no reason to keep the stack.
        invocation.log_warnings(desired)
        logger.warning("deleted, %s is left as it is: %s", name, failure)
        return invocation.physical_id
    if not done:
        return invocation.end_without_response()
    invocation.log_warnings(desired)
    invocation.log_success(desired)
    return invocation.physical_id
