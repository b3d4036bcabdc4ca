"""What the calls over boto3 share: the configuration, and the translation of every failure to AwsCallError."""

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointProviderError,
    ParamValidationError,
    UnknownEndpointError,
    UnknownRegionError,
)

from running_image_builder_function.model.error_messages import (
    BAD_SIGNATURES,
    EXPIRED_CREDENTIALS,
    NO_CREDENTIALS,
    UNKNOWN_CREDENTIALS,
)
from running_image_builder_function.model.errors import AwsCallError, ErrorKind, shorten
from running_image_builder_function.timing import CONNECT_TIMEOUT, READ_TIMEOUT

CONFIG = Config(
    # The reconcile loop retries, until its own deadline; a second loop inside would hide failures from it.
    retries={"total_max_attempts": 1, "mode": "standard"},
    connect_timeout=CONNECT_TIMEOUT,
    read_timeout=READ_TIMEOUT,
)

_NO_ENDPOINT = (UnknownRegionError, UnknownEndpointError, EndpointProviderError)
"""botocore's errors where it knows no endpoint of a service in a Region."""

_UNKNOWN_HOST = tuple(getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name))

_KINDS = {
    "ThrottlingException": ErrorKind.THROTTLED,
    "Throttling": ErrorKind.THROTTLED,
    "TooManyRequestsException": ErrorKind.THROTTLED,
    "RequestLimitExceeded": ErrorKind.THROTTLED,
    "RequestLimitExceededException": ErrorKind.THROTTLED,
    "SlowDown": ErrorKind.THROTTLED,
    "AccessDeniedException": ErrorKind.DENIED,
    "AccessDenied": ErrorKind.DENIED,
    "UnauthorizedOperation": ErrorKind.DENIED,
    # A role's new credentials can be unknown to a service for some seconds, as its policies can.
    **dict.fromkeys(
        (*EXPIRED_CREDENTIALS, *UNKNOWN_CREDENTIALS, *NO_CREDENTIALS[:2], *BAD_SIGNATURES), ErrorKind.DENIED
    ),
    "ResourceNotFoundException": ErrorKind.NOT_FOUND,
    "ConcurrentModificationException": ErrorKind.BUSY,
    "ResourceNotAvailableException": ErrorKind.BUSY,
    "OperationNotPermittedException": ErrorKind.BUSY,
    # EventBridge Scheduler: somebody changes the same schedule.
    "ConflictException": ErrorKind.BUSY,
    "InvalidAccountStatusException": ErrorKind.INVALID,
    "IncompatibleImageException": ErrorKind.INVALID,
    "ValidationException": ErrorKind.INVALID,
    "InvalidParameterCombinationException": ErrorKind.INVALID,
    "InvalidParameterValueException": ErrorKind.INVALID,
    "SerializationException": ErrorKind.INVALID,
    # Lambda's recursive loop detection.
    "RecursiveInvocationException": ErrorKind.INVALID,
    "RequestTimeout": ErrorKind.UNAVAILABLE,
    "RequestTimeoutException": ErrorKind.UNAVAILABLE,
}

_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429

_CODE = re.compile(r"[A-Za-z][\w.:-]*")
"""The form of AWS's error codes. Where a response has none, botocore takes the HTTP status for it."""

_UNREADABLE = "UnreadableResponse"

_MAX_PAGE = 500
"""Characters of somebody else's response that are logged at each try."""


class UnreadableResponse(Exception):
    """A response lacks what it must have: AWS didn't send it, or not all of it came."""

    def __init__(self, *, lacks: str) -> None:
        super().__init__(lacks)


@contextmanager
def translated_errors(action: str) -> Iterator[None]:
    """Turn whatever a call of boto3's raises into AwsCallError.

    Put only the call and ``checked`` into the block. A response that isn't AWS's (a proxy's page, a cut body, "null")
    fails inside botocore's parsers in ways of its own.

    Args:
        action: The IAM action of the call, such as "appstream:StartImageBuilder".
    """
    try:
        yield
    except Exception as error:
        raise translate(error, action=action) from error


@contextmanager
def not_found_ignored() -> Iterator[None]:
    """Go on after the block where the AwsCallError in it says that there is nothing of that name."""
    try:
        yield
    except AwsCallError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise


def checked(response: Any, **members: type) -> Mapping[str, Any]:
    """Return a response that has what it must have.

    Args:
        response: What boto3 returned.
        members: The type of each member that the response must have.

    Raises:
        UnreadableResponse: Somebody else has responded, or the response was cut: the call may have taken effect.
    """
    if not isinstance(response, Mapping):
        raise UnreadableResponse(lacks="structure")
    # botocore reads a web page with status 200 as a response without members.
    headers = (response.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    if str(headers.get("content-type")).lower().startswith("text/html"):
        raise UnreadableResponse(lacks="data, but a page,")
    for name, kind in members.items():
        if not isinstance(response.get(name), kind):
            raise UnreadableResponse(lacks=name)
    return response


def translate(error: Exception, *, action: str) -> AwsCallError:
    """Return an error of a call as an AwsCallError.

    Args:
        error: A ClientError, another error of botocore's, or whatever its parsers raise.
        action: The IAM action of the call.
    """
    if isinstance(error, ClientError):
        return _error_response(error.response, action=action)
    if isinstance(error, BotoCoreError):
        kind = ErrorKind.INVALID if isinstance(error, ParamValidationError) else ErrorKind.UNAVAILABLE
        return AwsCallError(
            kind,
            action=action,
            code=type(error).__name__,
            detail=str(error),
            has_no_endpoint=isinstance(error, _NO_ENDPOINT) or _is_unknown_host(error),
        )
    if isinstance(error, UnreadableResponse):
        detail = f"no {error} in the response"
    else:
        detail = shorten(f"{type(error).__name__}: {error}", _MAX_PAGE)
    return AwsCallError(ErrorKind.UNAVAILABLE, action=action, code=_UNREADABLE, detail=detail)


def _error_response(response: Any, *, action: str) -> AwsCallError:
    error = response.get("Error") or {}
    code = str(error.get("Code") or "")
    detail = str(error.get("Message") or "no message")
    status = int((response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0)
    # Without a code, the service didn't send it, or not all of it came: it says nothing of a resource.
    kind = _KINDS.get(code, ErrorKind.REFUSED) if _CODE.fullmatch(code) else ErrorKind.UNAVAILABLE
    if status == _TOO_MANY_REQUESTS:
        kind = ErrorKind.THROTTLED
    elif status >= _SERVER_ERROR and kind is not ErrorKind.THROTTLED:
        kind = ErrorKind.UNAVAILABLE
    if not _CODE.fullmatch(code):
        code, detail = f"HTTP {status}" if status else _UNREADABLE, shorten(detail, _MAX_PAGE)
    return AwsCallError(kind, action=action, code=code, detail=detail)


def _is_unknown_host(error: BaseException | None) -> bool:
    """Return whether a host name doesn't exist, which an outage doesn't cause.

    A resolver that doesn't respond has another number (EAI_AGAIN). The error is a cause or a context of urllib3's,
    which botocore's has as an argument.
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, socket.gaierror):
            return error.errno in _UNKNOWN_HOST
        seen.append(error)
        inner = error.kwargs.get("error") if isinstance(error, BotoCoreError) else None
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return False
