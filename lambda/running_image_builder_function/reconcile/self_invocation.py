"""Invokes the function again with the same event and its callback context, to go on with a wait."""

from collections.abc import Mapping
from typing import Any

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.ports import Invoke
from running_image_builder_function.timing import LONGEST_CALL, MAX_RETRY_DELAY, RETRY_DELAY, Clock

_FINAL = (ErrorKind.INVALID, ErrorKind.NOT_FOUND)


def self_invoke(
    invoke: Invoke,
    function_arn: str,
    event: Mapping[str, Any],
    *,
    clock: Clock,
    until: float,
    redelivered: bool = False,
) -> None:
    """Queue the next invocation; try again until ``until`` (seconds since the epoch).

    After the first try, none begins that may not end by then: an invocation that is killed in the middle of one doesn't
    know the result.

    A lost response may mean that the call has taken effect. Where Lambda can still deliver the event again, that is
    enough: no other try follows. Where it has done so already (``redelivered``), that would multiply invocations, and
    to fail the request would end a start that goes well. So one more try follows, if it can begin by ``until``. Two
    next invocations are harmless, since they describe before they act and carry the same context.

    They don't become many. Each invocation queues two at most, and only if a response was lost. Two lost ones in a row
    fail the request, and each next invocation first checks whether it is still waited for: all of them end with it.

    Raises:
        AwsCallError: Lambda refused it until then, or didn't respond.
    """
    delay, is_one_lost = RETRY_DELAY, False
    while True:
        try:
            invoke(function_arn, event)
        except AwsCallError as error:
            is_the_one = error.may_have_taken_effect and redelivered and not is_one_lost
            is_one_lost = is_one_lost or is_the_one
            room = until - clock.time() - (0.0 if is_the_one else LONGEST_CALL)
            if error.kind in _FINAL or (error.may_have_taken_effect and not is_the_one) or room <= 0:
                raise
        else:
            return
        clock.sleep(min(delay, room))
        delay = min(delay * 2, MAX_RETRY_DELAY)
