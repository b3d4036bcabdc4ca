"""What the errors of boto3 mean: code by code, and by HTTP status where the code says nothing."""

import socket
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EndpointProviderError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    UnknownEndpointError,
    UnknownRegionError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import NewConnectionError

from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.client import CONFIG, UnreadableResponse, checked, translate
from running_image_builder_function.aws.cloudformation import CloudFormation
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import EventBridgeScheduler
from running_image_builder_function.model.errors import AwsCallError, ErrorKind

URL = "https://appstream.test"

CODES = {
    ErrorKind.THROTTLED: [
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestLimitExceededException",
        "SlowDown",
    ],
    ErrorKind.DENIED: [
        "AccessDeniedException",
        "AccessDenied",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "ExpiredTokenException",
        "ExpiredToken",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
    ],
    ErrorKind.NOT_FOUND: ["ResourceNotFoundException"],
    ErrorKind.BUSY: [
        "ConcurrentModificationException",
        "ResourceNotAvailableException",
        "OperationNotPermittedException",
    ],
    ErrorKind.INVALID: [
        "InvalidAccountStatusException",
        "IncompatibleImageException",
        "ValidationException",
        "InvalidParameterCombinationException",
        "InvalidParameterValueException",
        "SerializationException",
        "RecursiveInvocationException",
    ],
    ErrorKind.UNAVAILABLE: ["RequestTimeout", "RequestTimeoutException"],
    ErrorKind.REFUSED: ["SomethingNewException", "LimitExceededException"],
}


def refusal(code: str, status: int = 400, message: str = "Any.") -> ClientError:
    """Return an error as boto3 raises it."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Any")


@pytest.mark.parametrize(("code", "kind"), [(code, kind) for kind, codes in CODES.items() for code in codes])
def test_a_code_means_one_kind_of_error(code: str, kind: ErrorKind) -> None:
    """A code that nobody knows is a refusal."""
    failed = translate(refusal(code), action="any:Action")

    assert (kind, "any:Action", code, "Any.") == (failed.kind, failed.action, failed.code, failed.detail)


@pytest.mark.parametrize("code", ["SomethingNewException", "ResourceNotFoundException", "ValidationException"])
@pytest.mark.parametrize(
    ("status", "kind"), [(429, ErrorKind.THROTTLED), (500, ErrorKind.UNAVAILABLE), (503, ErrorKind.UNAVAILABLE)]
)
def test_status_429_and_5xx_decide_the_kind(code: str, status: int, kind: ErrorKind) -> None:
    """Whatever the code beside it: the call may be made again."""
    assert kind is translate(refusal(code, status), action="any").kind


def test_throttling_with_a_5xx_status_is_throttling() -> None:
    """Such a call did not take effect."""
    assert ErrorKind.THROTTLED is translate(refusal("ThrottlingException", 503), action="any").kind


def test_a_status_below_a_server_errors_decides_nothing() -> None:
    """The code does."""
    assert ErrorKind.REFUSED is translate(refusal("SomethingNewException", 499), action="any").kind


@pytest.mark.parametrize(
    "error", [{}, {"Code": None, "Message": None}, {"Code": ""}, {"Code": "404"}, {"Code": "<html>"}]
)
@pytest.mark.parametrize(("status", "code"), [(0, "UnreadableResponse"), (404, "HTTP 404"), (403, "HTTP 403")])
def test_a_response_without_a_code_is_none(error: Any, status: int, code: str) -> None:
    """It is not the service's: above all, it does not say that something was not found."""
    response: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}} if status else {"Error": error}
    failed = translate(ClientError(response, "Any"), action="any")

    assert (ErrorKind.UNAVAILABLE, code, "no message") == (failed.kind, failed.code, failed.detail)


def test_a_response_with_nothing_in_it_is_none() -> None:
    """As a botocore of later may give it."""
    failed = translate(ClientError({}, "Any"), action="any")

    assert (ErrorKind.UNAVAILABLE, "UnreadableResponse") == (failed.kind, failed.code)


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
def test_a_call_without_a_response_is_unavailable(error: Exception) -> None:
    """It may have taken effect; its name is the code."""
    failed = translate(error, action="any:Action")

    assert (ErrorKind.UNAVAILABLE, "any:Action") == (failed.kind, failed.action)
    assert (type(error).__name__, str(error)) == (failed.code, failed.detail)


@pytest.mark.parametrize(
    "error",
    [AttributeError("'NoneType' object has no attribute 'get'"), ResponseParserError("no XML"), ValueError("no JSON")],
    ids=lambda error: type(error).__name__,
)
def test_what_breaks_in_botocores_parsers_is_unavailable(error: Exception) -> None:
    """None of them says anything to a person, so that the code says what it comes to."""
    failed = translate(error, action="any:Action")

    assert (ErrorKind.UNAVAILABLE, "any:Action", "UnreadableResponse") == (failed.kind, failed.action, failed.code)
    assert f"{type(error).__name__}: {error}" == failed.detail


def unresolved(number: int) -> EndpointConnectionError:
    """Return what botocore raises where a name was not resolved."""
    reason = socket.gaierror(number, "any")
    try:
        try:
            raise reason
        except OSError as error:
            raise NewConnectionError(None, "any") from error  # type: ignore[arg-type]
    except NewConnectionError as error:
        return EndpointConnectionError(endpoint_url=URL, error=error)


def linked(link: str) -> EndpointConnectionError:
    """Return the same with only one of the links that "raise ... from ..." sets."""
    error = EndpointConnectionError(endpoint_url=URL)
    setattr(error, link, socket.gaierror(socket.EAI_NONAME, "any"))
    return error


def circular() -> EndpointConnectionError:
    """Return an error that is the cause of its cause."""
    error, cause = EndpointConnectionError(endpoint_url=URL), OSError("any")
    error.__cause__, cause.__cause__ = cause, error
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (unresolved(socket.EAI_NONAME), True),
        (linked("__cause__"), True),
        (linked("__context__"), True),
        (circular(), False),
        (UnknownEndpointError(service_name="appstream", region_name="any"), True),
        (UnknownRegionError(region_name="any", error_msg="any"), True),
        (EndpointProviderError(msg="any"), True),
        (unresolved(socket.EAI_AGAIN), False),
        (EndpointConnectionError(endpoint_url=URL, error=ConnectionRefusedError("any")), False),
        (EndpointConnectionError(endpoint_url=URL), False),
        (ConnectTimeoutError(endpoint_url=URL), False),
        (ProxyConnectionError(proxy_url=URL, error=unresolved(socket.EAI_AGAIN)), False),
        (AttributeError("any"), False),
    ],
    ids=repr,
)
def test_a_service_without_an_endpoint_is_no_outage(error: Exception, expected: bool) -> None:
    """A name that nobody has isn't a broken network, whose resolver doesn't respond."""
    failed = translate(error, action="any")

    assert (ErrorKind.UNAVAILABLE, expected) == (failed.kind, failed.has_no_endpoint)


def test_a_response_must_have_a_structure() -> None:
    """boto3 always returns one; the clients of tests and of local engines may not."""
    with pytest.raises(UnreadableResponse, match=r"^structure$"):
        checked(None)


def test_a_real_resolver_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the real boto3 and urllib3, whose chain of errors is not documented."""

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for name in ("HTTPS_PROXY", "https_proxy", "AWS_ENDPOINT_URL", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("appstream", region_name="eu-south-2", config=CONFIG)

    with pytest.raises(AwsCallError) as failed:
        AppStream(lambda: client).describe("any")

    assert failed.value.has_no_endpoint
    assert "EndpointConnectionError" == failed.value.code


def test_a_call_that_botocore_itself_refuses_is_invalid() -> None:
    """Its parameters do not fit; no later try can succeed."""
    assert ErrorKind.INVALID is translate(ParamValidationError(report="Any."), action="any").kind


@pytest.mark.parametrize(
    ("adapter", "call"),
    [
        (AppStream, lambda appstream: appstream.stop("any")),
        (EventBridgeScheduler, lambda scheduler: scheduler.remove("any")),
        (CloudFormation, lambda cloudformation: cloudformation.resource("any", "any")),
        (SelfInvoker, lambda invoker: invoker.invoke("any", {})),
    ],
)
def test_a_client_is_made_once_at_the_first_call(adapter: Any, call: Callable[[Any], object]) -> None:
    """Most requests don't need every service. One that can't be used is a failed call."""
    made: list[None] = []
    made_with = adapter(lambda: made.append(None))

    assert [] == made
    for _ in range(2):
        with pytest.raises(AwsCallError):
            call(made_with)
    assert [None] == made


def test_the_clients_do_not_retry_and_time_out_soon() -> None:
    """A call must end well before the thirty seconds that an invocation keeps in reserve."""
    settings: Any = CONFIG

    assert {"total_max_attempts": 1, "mode": "standard"} == settings.retries
    assert settings.connect_timeout + settings.read_timeout <= 15
