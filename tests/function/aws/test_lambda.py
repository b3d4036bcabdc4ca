"""The self-invocation: the call it makes, and how long it is tried."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.self_invocation import self_invoke
from support.fake_appstream import FUNCTION_ARN
from support.lambda_harness import event
from support.virtual_time import VirtualClock

TRANSIENT = [ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE, ErrorKind.DENIED, ErrorKind.BUSY, ErrorKind.REFUSED]
HOPELESS = [ErrorKind.INVALID, ErrorKind.NOT_FOUND]


class Queue:
    """Lambda's queue: refuses some invocations, then takes all."""

    def __init__(self, *refusals: ErrorKind) -> None:
        """Begin with the refusals."""
        self.refusals = list(refusals)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, function_arn: str, event: Mapping[str, Any], /) -> None:
        """Take an event, or refuse it."""
        self.calls.append((function_arn, event))
        if self.refusals:
            raise AwsCallError(self.refusals.pop(0), action="any", code="EndpointConnectionError", detail="any")


def client() -> Any:
    """Return a Lambda client of nobody's."""
    return boto3.client("lambda", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")


def test_an_asynchronous_invocation_gets_the_event() -> None:
    """As JSON in UTF-8."""
    real = client()
    sent = {**event(), "ä": [1, None]}
    with Stubber(real) as stubber:
        stubber.add_response(
            "invoke",
            {"StatusCode": 202},
            {"FunctionName": FUNCTION_ARN, "InvocationType": "Event", "Payload": json.dumps(sent).encode()},
        )
        SelfInvoker(lambda: real).invoke(FUNCTION_ARN, sent)

    stubber.assert_no_pending_responses()


def test_the_client_is_made_once_at_the_first_call() -> None:
    """Most requests need none."""
    real, made = client(), []

    def make() -> Any:
        made.append(real)
        return real

    successor = SelfInvoker(make)
    before = len(made)
    with Stubber(real) as stubber:
        for _ in range(2):
            stubber.add_response("invoke", {"StatusCode": 202})
            successor.invoke(FUNCTION_ARN, {})

    assert (0, 1) == (before, len(made))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", ErrorKind.DENIED),
        ("TooManyRequestsException", ErrorKind.THROTTLED),
        ("RecursiveInvocationException", ErrorKind.INVALID),
    ],
)
def test_a_refusal_names_the_action(code: str, kind: ErrorKind) -> None:
    """The action is what is missing in a policy."""
    real = client()
    with Stubber(real) as stubber:
        stubber.add_client_error("invoke", code)
        with pytest.raises(AwsCallError) as failed:
            SelfInvoker(lambda: real).invoke(FUNCTION_ARN, {})

    assert (kind, "lambda:InvokeFunction", code) == (failed.value.kind, failed.value.action, failed.value.code)


@pytest.mark.parametrize("status", [200, 204, None])
def test_what_is_not_queued_is_not_handed_over(status: int | None) -> None:
    """Lambda answers 202 to an asynchronous invocation; something else has answered otherwise."""

    class Client:
        def invoke(self, **_: object) -> dict[str, object]:
            return {} if status is None else {"StatusCode": status}

    with pytest.raises(AwsCallError) as failed:
        SelfInvoker(Client).invoke(FUNCTION_ARN, {})

    assert (ErrorKind.UNAVAILABLE, "lambda:InvokeFunction") == (failed.value.kind, failed.value.action)


def test_a_client_that_cannot_be_made_is_a_failed_call() -> None:
    """Lambda sets the Region; without one nothing can be reached."""
    with pytest.raises(AwsCallError):
        SelfInvoker(lambda: boto3.client("lambda")).invoke(FUNCTION_ARN, {})


def test_an_event_that_is_taken_is_handed_over_once() -> None:
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
def test_a_lost_answer_is_not_followed_by_another_try(code: str) -> None:
    """It may have been taken: two successors of each invocation are a thousand of the tenth."""
    calls: list[str] = []

    def lost(function_arn: str, event: object) -> None:
        calls.append(function_arn)
        raise AwsCallError(ErrorKind.UNAVAILABLE, action="lambda:InvokeFunction", code=code, detail="any")

    with pytest.raises(AwsCallError):
        self_invoke(lost, FUNCTION_ARN, {}, clock=(clock := VirtualClock()), until=clock.now + 100)

    assert [FUNCTION_ARN] == calls


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
