"""The hand-over: giving the same event, with its journey, to a fresh invocation of this function."""

from collections.abc import Mapping
from typing import Any

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.ports import Invoke
from running_image_builder_function.timing import LONGEST_CALL, Clock

_PAUSE = 1.0
_LONGEST_PAUSE = 8.0
_HOPELESS = (ErrorKind.INVALID, ErrorKind.NOT_FOUND)


def self_invoke(
    invoke: Invoke,
    function_arn: str,
    event: Mapping[str, Any],
    *,
    clock: Clock,
    until: float,
) -> None:
    """Hand over, trying again until ``until`` (seconds since the epoch).

    Where Lambda throttles or cannot be reached, this goes on until then. After the first one, no try is begun that may
    not end by then: an invocation that is killed in the middle of one does not know what became of it.

    A lost answer is not followed by another try: it may mean two successors, each of which may do the same again. Two
    are harmless, since they look before they act and carry the same memory, but a thousand are not.

    Raises:
        AwsCallError: The hand-over stayed refused, or was not answered.
    """
    pause = _PAUSE
    while True:
        try:
            invoke(function_arn, event)
        except AwsCallError as error:
            room = until - LONGEST_CALL - clock.time()
            if error.trouble in _HOPELESS or error.may_have_taken_effect or room <= 0:
                raise
        else:
            return
        clock.sleep(min(pause, room))
        pause = min(pause * 2, _LONGEST_PAUSE)
