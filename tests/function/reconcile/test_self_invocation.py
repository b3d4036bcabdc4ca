"""How long a self-invocation is tried."""

from collections.abc import Mapping
from typing import Any

import pytest

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.self_invocation import self_invoke
from support.fake_appstream import FUNCTION_ARN
from support.virtual_time import VirtualClock

TRANSIENT = [ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE, ErrorKind.DENIED, ErrorKind.BUSY, ErrorKind.REFUSED]
HOPELESS = [ErrorKind.INVALID, ErrorKind.NOT_FOUND]


class Queue:
    """Lambda's queue: refuses some invocations, then takes all."""

    def __init__(self, *refusals: ErrorKind) -> None:
        """Begin with the refusals."""
        self.refusals = list(refusals)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.code = "EndpointConnectionError"

    def __call__(self, function_arn: str, event: Mapping[str, Any], /) -> None:
        """Take an event, or refuse it."""
        self.calls.append((function_arn, event))
        if self.refusals:
            raise AwsCallError(self.refusals.pop(0), action="any", code=self.code, detail="any")


def test_an_event_that_is_taken_is_self_invoked_once() -> None:
    """To the function named."""
    clock, queue = VirtualClock(), Queue()

    self_invoke(queue, FUNCTION_ARN, {"a": 1}, clock=clock, until=clock.now)

    assert [(FUNCTION_ARN, {"a": 1})] == queue.calls
    assert [] == clock.slept


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_refusal_that_may_pass_is_tried_again(kind: ErrorKind) -> None:
    """After 1, 2 and 4 seconds."""
    clock, queue = VirtualClock(), Queue(kind, kind, kind)

    self_invoke(queue, FUNCTION_ARN, {"a": 1}, clock=clock, until=clock.now + 22.5)

    assert [1, 2, 4] == clock.slept
    assert [(FUNCTION_ARN, {"a": 1})] * 4 == queue.calls


@pytest.mark.parametrize("code", ["ReadTimeoutError", "ConnectionClosedError", "ServiceException", "HTTP 502"])
def test_a_lost_response_is_not_followed_by_another_try(code: str) -> None:
    """It may have been accepted: two next invocations of each are a thousand of the tenth."""
    calls: list[str] = []

    def lost(function_arn: str, event: object) -> None:
        calls.append(function_arn)
        raise AwsCallError(ErrorKind.UNAVAILABLE, action="lambda:InvokeFunction", code=code, detail="any")

    with pytest.raises(AwsCallError):
        self_invoke(lost, FUNCTION_ARN, {}, clock=(clock := VirtualClock()), until=clock.now + 100)

    assert [FUNCTION_ARN] == calls


LOST = ErrorKind.UNAVAILABLE


@pytest.mark.parametrize(
    ("then", "seconds", "calls", "raised"),
    [
        ([], 40, 2, None),
        ([], 0.5, 2, None),
        ([], 0, 1, LOST),
        ([LOST], 40, 2, LOST),
        ([ErrorKind.THROTTLED], 40, 3, None),
        ([ErrorKind.DENIED], 40, 3, None),
        ([ErrorKind.THROTTLED, LOST], 40, 3, LOST),
        ([ErrorKind.THROTTLED] * 9, 20, 4, ErrorKind.THROTTLED),
        ([ErrorKind.DENIED] * 9, 20, 4, ErrorKind.DENIED),
        ([ErrorKind.INVALID], 40, 2, ErrorKind.INVALID),
    ],
)
def test_a_redelivered_event_affords_one_lost_response(
    then: list[ErrorKind], seconds: float, calls: int, raised: ErrorKind | None
) -> None:
    """The other try may begin until the last moment."""
    clock, queue = VirtualClock(), Queue(LOST, *then)
    queue.code = "ReadTimeoutError"
    kind = None

    try:
        self_invoke(queue, FUNCTION_ARN, {}, clock=clock, until=clock.now + seconds, redelivered=True)
    except AwsCallError as error:
        kind = error.kind

    assert (raised, calls) == (kind, len(queue.calls))
    assert sum(clock.slept) <= seconds


@pytest.mark.parametrize("kind", TRANSIENT)
@pytest.mark.parametrize(
    ("seconds", "slept"),
    [(0, []), (15, []), (15.5, [0.5]), (16, [1]), (20, [1, 2, 2]), (60, [1, 2, 4, 8, 8, 8, 8, 6])],
)
def test_a_refusal_that_lasts_is_raised_in_time(kind: ErrorKind, seconds: float, slept: list[float]) -> None:
    """A try may hang for 15 s: the last one is begun so long before the last moment."""
    clock, queue = VirtualClock(), Queue(*[kind] * 100)

    with pytest.raises(AwsCallError) as failed:
        self_invoke(queue, FUNCTION_ARN, {}, clock=clock, until=clock.now + seconds)

    assert kind is failed.value.kind
    assert slept == clock.slept
    assert len(slept) + 1 == len(queue.calls)


@pytest.mark.parametrize("kind", HOPELESS)
def test_a_refusal_for_good_is_raised_at_once(kind: ErrorKind) -> None:
    """Trying again would not help."""
    clock, queue = VirtualClock(), Queue(kind)

    with pytest.raises(AwsCallError):
        self_invoke(queue, FUNCTION_ARN, {}, clock=clock, until=clock.now + 100)

    assert [] == clock.slept
