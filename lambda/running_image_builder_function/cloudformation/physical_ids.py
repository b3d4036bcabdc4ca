"""What a resource and its builder are called: the physical id of a failure, the builder's ARN; makes no calls."""

from running_image_builder_function.cloudformation.request import NOT_STARTED, START_NOT_SEEN, Request
from running_image_builder_function.reconcile.callback_context import CallbackContext
from running_image_builder_function.reconcile.states import STOPPED


def failed_create_id(request: Request, context: CallbackContext) -> str:
    """Return the physical id of a resource whose create failed; it tells a later Delete whether to stop.

    That nothing was started is said only where it is certain: what is forgotten runs on, and is paid for.
    """
    # An earlier delivery may have seen, and started, what this one has not even seen.
    blind = context.late and not context.seen
    if not (context.did_start or context.may_have_started or blind):
        return request.name + NOT_STARTED
    unseen = context.last_state == STOPPED and not context.moved
    return request.name + START_NOT_SEEN if unseen else request.name


def invalid_request_id(logical_id: str) -> str:
    """Return the physical id of a resource whose properties could not be read, so that nothing was started."""
    return logical_id + NOT_STARTED


def builder_arn(function_arn: str, name: str) -> str:
    """Return the builder's ARN: it is in the function's partition, Region and account."""
    _, partition, _, region, account, *_ = [*function_arn.split(":"), "", "", "", "", ""]
    return f"arn:{partition}:appstream:{region}:{account}:image-builder/{name}"
