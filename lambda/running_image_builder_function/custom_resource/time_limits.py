"""The moments that bound one invocation."""

from typing import NamedTuple, Protocol

from running_image_builder_function.timing import (
    LONGEST_CALL,
    RESPONSE_RESERVE,
    RESPONSE_TIME,
    SELF_INVOCATION_MARGIN,
    SELF_INVOCATION_MARGIN_SHARE,
)


class LambdaContext(Protocol):
    """What the function uses of Lambda's context object."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


class TimeLimits(NamedTuple):
    """The moments, in seconds since the epoch."""

    ends_at: float  # when the desired state must be reached, or another invocation goes on
    last_call_at: float  # the last moment to begin a call: one that hangs leaves time for the response
    response_until: float  # when sending the response is given up


def time_limits(lambda_context: LambdaContext, *, now: float) -> TimeLimits:
    """Return the limits of an invocation that begins now."""
    remaining = lambda_context.get_remaining_time_in_millis() / 1000
    response_until = now + remaining - RESPONSE_RESERVE
    return TimeLimits(
        ends_at=now + max(remaining - SELF_INVOCATION_MARGIN, remaining * (1 - SELF_INVOCATION_MARGIN_SHARE)),
        last_call_at=response_until - RESPONSE_TIME - LONGEST_CALL,
        response_until=response_until,
    )
