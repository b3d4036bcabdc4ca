"""boto3 clients: made at the first call, with every failure translated."""

import re
import socket
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore import xform_name
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
    # The lifecycle retries, in its own time and until its own deadline; a second loop inside would hide that from it.
    retries={"total_max_attempts": 1, "mode": "standard"},
    # A call that hangs must end well before the invocation does.
    connect_timeout=CONNECT_TIMEOUT,
    read_timeout=READ_TIMEOUT,
)

_NOWHERE = (UnknownRegionError, UnknownEndpointError, EndpointProviderError)
"""What botocore says where it knows no address of a service in a Region."""

_NO_SUCH_NAME = tuple(getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name))

_TROUBLES = {
    "ThrottlingException": ErrorKind.THROTTLED,
    "Throttling": ErrorKind.THROTTLED,
    "TooManyRequestsException": ErrorKind.THROTTLED,
    "RequestLimitExceeded": ErrorKind.THROTTLED,
    "RequestLimitExceededException": ErrorKind.THROTTLED,
    "SlowDown": ErrorKind.THROTTLED,
    "AccessDeniedException": ErrorKind.DENIED,
    "AccessDenied": ErrorKind.DENIED,
    "UnauthorizedOperation": ErrorKind.DENIED,
    # A role's fresh credentials can be unknown to a service for some seconds, as its policies can.
    **dict.fromkeys(
        (*EXPIRED_CREDENTIALS, *UNKNOWN_CREDENTIALS, *NO_CREDENTIALS[:2], *BAD_SIGNATURES), ErrorKind.DENIED
    ),
    "ResourceNotFoundException": ErrorKind.NOT_FOUND,
    "ConcurrentModificationException": ErrorKind.BUSY,
    "ResourceNotAvailableException": ErrorKind.BUSY,
    "OperationNotPermittedException": ErrorKind.BUSY,
    # The scheduler's: somebody changes the same schedule.
    "ConflictException": ErrorKind.BUSY,
    "InvalidAccountStatusException": ErrorKind.INVALID,
    "IncompatibleImageException": ErrorKind.INVALID,
    "ValidationException": ErrorKind.INVALID,
    "InvalidParameterCombinationException": ErrorKind.INVALID,
    "InvalidParameterValueException": ErrorKind.INVALID,
    "SerializationException": ErrorKind.INVALID,
    # Lambda's: it ends a chain of invocations that looks endless to it.
    "RecursiveInvocationException": ErrorKind.INVALID,
    "RequestTimeout": ErrorKind.UNAVAILABLE,
    "RequestTimeoutException": ErrorKind.UNAVAILABLE,
}

_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429

_CODE = re.compile(r"[A-Za-z][\w.:-]*")
"""What AWS's error codes look like. Where an answer has none, botocore takes the HTTP status for it."""

_UNREADABLE = "UnreadableAnswer"

_MOST_OF_A_PAGE = 500
"""Characters of what somebody else has answered that the log gets at each try."""


def translate(error: Exception, *, action: str) -> AwsCallError:
    """Return whatever a call of boto3's raised as the lifecycle understands it.

    Args:
        error: A ClientError, any other error of botocore's, or what its parsers make of an answer that is none of
            AWS's: a proxy's page, an empty or cut body, "null".
        action: The IAM action of the call.
    """
    if isinstance(error, ClientError):
        return _answered(error.response, action=action)
    if isinstance(error, BotoCoreError):
        trouble = ErrorKind.INVALID if isinstance(error, ParamValidationError) else ErrorKind.UNAVAILABLE
        return AwsCallError(
            trouble,
            action=action,
            code=type(error).__name__,
            detail=str(error),
            has_no_endpoint=isinstance(error, _NOWHERE) or _names_nobody(error),
        )
    told = shorten(f"{type(error).__name__}: {error}", _MOST_OF_A_PAGE)
    return AwsCallError(ErrorKind.UNAVAILABLE, action=action, code=_UNREADABLE, detail=told)


def _answered(answer: Any, *, action: str) -> AwsCallError:
    told = answer.get("Error") or {}
    code = str(told.get("Code") or "")
    detail = str(told.get("Message") or "no message")
    status = int((answer.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0)
    # Without a code it was not the service that answered, or not all of it came: that tells nothing of a resource.
    trouble = _TROUBLES.get(code, ErrorKind.REFUSED) if _CODE.fullmatch(code) else ErrorKind.UNAVAILABLE
    if status == _TOO_MANY_REQUESTS:
        trouble = ErrorKind.THROTTLED
    elif status >= _SERVER_ERROR and trouble is not ErrorKind.THROTTLED:
        trouble = ErrorKind.UNAVAILABLE
    if not _CODE.fullmatch(code):
        code, detail = f"HTTP {status}" if status else _UNREADABLE, shorten(detail, _MOST_OF_A_PAGE)
    return AwsCallError(trouble, action=action, code=code, detail=detail)


def _names_nobody(error: BaseException | None) -> bool:
    """Return whether an error came about because a host's name belongs to nobody: what an outage does not bring about.

    A resolver that does not answer has another number (EAI_AGAIN). The error is a cause or a context of urllib3's,
    which botocore's has as an argument.
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, socket.gaierror):
            return error.errno in _NO_SUCH_NAME
        seen.append(error)
        inner = getattr(error, "kwargs", {}).get("error") if isinstance(error, BotoCoreError) else None
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return False


def unreadable(*, lacks: str, action: str) -> AwsCallError:
    """Return the failure of a call whose answer lacks what it must have; the call may have taken effect."""
    return AwsCallError(ErrorKind.UNAVAILABLE, action=action, code=_UNREADABLE, detail=f"no {lacks} in the answer")


_Kind = TypeVar("_Kind")


class AwsClient:
    """A client whose calls end in an answer of the right form, or in AwsCallError.

    Args:
        make: Returns the boto3 client; called at the first call only, since making one takes time and few requests
            need every service.
        service: The service's IAM prefix, such as "appstream".
    """

    def __init__(self, make: Callable[[], Any], *, service: str) -> None:
        """Keep the factory."""
        self._make = make
        self._service = service
        self._client: Any = None

    def call(self, operation: str, *, action: str = "", **arguments: Any) -> Mapping[str, Any]:
        """Call an operation and return its answer.

        Args:
            operation: Such as "StartImageBuilder".
            action: The IAM action where it has another name than the operation.
            arguments: The operation's own.

        Raises:
            AwsCallError: The call failed, or its answer is none.
        """
        action = f"{self._service}:{action or operation}"
        try:
            if self._client is None:
                self._client = self._make()
            answer = getattr(self._client, xform_name(operation))(**arguments)
        except Exception as error:
            # Any: what is no answer of AWS's (a proxy's page, a cut body, "null") fails inside botocore's parsers in
            # ways of their own, and none of these is a bug of ours. Only botocore runs in this block.
            raise translate(error, action=action) from error
        if not isinstance(answer, Mapping):
            raise unreadable(lacks="structure", action=action)
        if _is_page(answer):
            raise unreadable(lacks="data, but a page,", action=action)
        return answer

    def member(self, answer: Mapping[str, Any], name: str, kind: type[_Kind], *, operation: str) -> _Kind:
        """Return what an answer of an operation must have.

        Raises:
            AwsCallError: It has not: somebody else has answered, or the answer was cut, so that the call may have taken
                effect.
        """
        value = answer.get(name)
        if not isinstance(value, kind):
            raise unreadable(lacks=name, action=f"{self._service}:{operation}")
        return value


def _is_page(answer: Mapping[str, Any]) -> bool:
    """Return whether an answer is a web page: botocore reads one with status 200 as an answer in which nothing is."""
    headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    return str(headers.get("content-type") or "").lower().startswith("text/html")
