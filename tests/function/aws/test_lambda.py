"""The Lambda call, through the real boto3 client."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.fake_appstream import FUNCTION_ARN
from support.lambda_harness import event

SERVICE = "lambda"


def test_an_asynchronous_invocation_gets_the_event(client: Any, stubber: Stubber) -> None:
    """As JSON in UTF-8."""
    sent = {**event(), "ä": [1, None]}
    request = {"FunctionName": FUNCTION_ARN, "InvocationType": "Event", "Payload": json.dumps(sent).encode()}
    stubber.add_response("invoke", {"StatusCode": 202}, request)

    SelfInvoker(lambda: client).invoke(FUNCTION_ARN, sent)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", ErrorKind.DENIED),
        ("TooManyRequestsException", ErrorKind.THROTTLED),
        ("RecursiveInvocationException", ErrorKind.INVALID),
    ],
)
def test_a_refusal_names_the_action(client: Any, stubber: Stubber, code: str, kind: ErrorKind) -> None:
    """The action is what is missing in a policy."""
    stubber.add_client_error("invoke", code)
    with pytest.raises(AwsCallError) as failed:
        SelfInvoker(lambda: client).invoke(FUNCTION_ARN, {})

    assert (kind, "lambda:InvokeFunction", code) == (failed.value.kind, failed.value.action, failed.value.code)


@pytest.mark.parametrize("status", [200, 204, None])
def test_what_is_not_queued_is_not_self_invoked(status: int | None) -> None:
    """Lambda responds with 202 to an asynchronous invocation; something else has responded otherwise."""

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
