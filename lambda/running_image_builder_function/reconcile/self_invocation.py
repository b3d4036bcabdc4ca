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
) -> None:
    """Queue the next invocation; try again until ``until`` (seconds since the epoch).

    After the first try, none begins that may not end by then: an invocation that is killed in the middle of one doesn't
    know the result.

    A lost response is not followed by another try. It may mean two next invocations, each of which may do the same
    again. Two are harmless, since they describe before they act and carry the same context, but a thousand are not.

    Raises:
        AwsCallError: Lambda refused it until then, or didn't respond.
    """
    delay = RETRY_DELAY
    while True:
        try:
            invoke(function_arn, event)
        except AwsCallError as error:
            room = until - LONGEST_CALL - clock.time()
            if error.kind in _FINAL or error.may_have_taken_effect or room <= 0:
                raise
        else:
            return
        clock.sleep(min(delay, room))
        delay = min(delay * 2, MAX_RETRY_DELAY)
