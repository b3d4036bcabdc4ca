"""What the errors of boto3 mean: code by code, and by HTTP status where the code says nothing."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from running_image_builder_function.aws_errors import CONFIG, translate
from running_image_builder_function.errors import Trouble

URL = "https://appstream.test"

CODES = {
    Trouble.THROTTLED: [
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestLimitExceededException",
        "SlowDown",
    ],
    Trouble.DENIED: [
        "AccessDeniedException",
        "AccessDenied",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredTokenException",
    ],
    Trouble.NOT_FOUND: ["ResourceNotFoundException"],
    Trouble.BUSY: [
        "ConcurrentModificationException",
        "ResourceNotAvailableException",
        "OperationNotPermittedException",
    ],
    Trouble.INVALID: [
        "InvalidAccountStatusException",
        "IncompatibleImageException",
        "ValidationException",
        "InvalidParameterCombinationException",
        "InvalidParameterValueException",
        "SerializationException",
        "RecursiveInvocationException",
    ],
    Trouble.UNAVAILABLE: ["RequestTimeout", "RequestTimeoutException"],
    Trouble.REFUSED: ["SomethingNewException", "LimitExceededException"],
}


def refusal(code: str, status: int = 400, message: str = "Any.") -> ClientError:
    """Return an error as boto3 raises it."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Any")


@pytest.mark.parametrize(("code", "trouble"), [(code, trouble) for trouble, codes in CODES.items() for code in codes])
def test_a_code_means_one_kind_of_trouble(code: str, trouble: Trouble) -> None:
    """A code that nobody knows is a refusal."""
    failed = translate(refusal(code), action="any:Action")

    assert (trouble, "any:Action", code, "Any.") == (failed.trouble, failed.action, failed.code, failed.detail)


@pytest.mark.parametrize("code", ["SomethingNewException", "ResourceNotFoundException", "ValidationException"])
@pytest.mark.parametrize(
    ("status", "trouble"), [(429, Trouble.THROTTLED), (500, Trouble.UNAVAILABLE), (503, Trouble.UNAVAILABLE)]
)
def test_a_status_of_too_many_requests_or_of_a_server_error_decides(code: str, status: int, trouble: Trouble) -> None:
    """Whatever the code beside it: the call may be made again."""
    assert trouble is translate(refusal(code, status), action="any").trouble


def test_throttling_with_a_server_errors_status_is_throttling() -> None:
    """Such a call did not take effect."""
    assert Trouble.THROTTLED is translate(refusal("ThrottlingException", 503), action="any").trouble


def test_a_status_below_a_server_errors_decides_nothing() -> None:
    """The code does."""
    assert Trouble.REFUSED is translate(refusal("SomethingNewException", 499), action="any").trouble


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"Error": {"Code": None, "Message": None}}])
def test_an_answer_without_a_code_is_a_refusal(response: Any) -> None:
    """It is told as such."""
    failed = translate(ClientError(response, "Any"), action="any")

    assert (Trouble.REFUSED, "Unknown", "no message") == (failed.trouble, failed.code, failed.detail)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionClosedError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        NoCredentialsError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_call_without_an_answer_is_unavailable(error: Exception) -> None:
    """It may have taken effect; its name is the code."""
    failed = translate(error, action="any:Action")

    assert (Trouble.UNAVAILABLE, "any:Action") == (failed.trouble, failed.action)
    assert (type(error).__name__, str(error)) == (failed.code, failed.detail)


def test_a_call_that_botocore_itself_refuses_is_invalid() -> None:
    """Its parameters do not fit; no later try can succeed."""
    assert Trouble.INVALID is translate(ParamValidationError(report="Any."), action="any").trouble


def test_the_clients_leave_retries_to_the_lifecycle_and_hang_briefly() -> None:
    """A call must end well before the thirty seconds that an invocation keeps in reserve."""
    settings: Any = CONFIG

    assert {"total_max_attempts": 1, "mode": "standard"} == settings.retries
    assert settings.connect_timeout + settings.read_timeout <= 15
