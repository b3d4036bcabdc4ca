"""What the errors of boto3 mean for the lifecycle, for every service the function calls; makes no calls itself."""

from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from running_image_builder_function.errors import CallFailed, Trouble

CONFIG = Config(
    # The lifecycle retries, in its own time and until its own deadline; a second loop inside would hide that from it.
    retries={"total_max_attempts": 1, "mode": "standard"},
    # A call that hangs must end well before the invocation does.
    connect_timeout=5,
    read_timeout=10,
)

_TROUBLES = {
    "ThrottlingException": Trouble.THROTTLED,
    "Throttling": Trouble.THROTTLED,
    "TooManyRequestsException": Trouble.THROTTLED,
    "RequestLimitExceeded": Trouble.THROTTLED,
    "RequestLimitExceededException": Trouble.THROTTLED,
    "SlowDown": Trouble.THROTTLED,
    "AccessDeniedException": Trouble.DENIED,
    "AccessDenied": Trouble.DENIED,
    "UnauthorizedOperation": Trouble.DENIED,
    # A role's fresh credentials can be unknown to a service for some seconds, as its policies can.
    "UnrecognizedClientException": Trouble.DENIED,
    "InvalidClientTokenId": Trouble.DENIED,
    "ExpiredTokenException": Trouble.DENIED,
    "ResourceNotFoundException": Trouble.NOT_FOUND,
    "ConcurrentModificationException": Trouble.BUSY,
    "ResourceNotAvailableException": Trouble.BUSY,
    "OperationNotPermittedException": Trouble.BUSY,
    # The scheduler's: somebody changes the same schedule.
    "ConflictException": Trouble.BUSY,
    "InvalidAccountStatusException": Trouble.INVALID,
    "IncompatibleImageException": Trouble.INVALID,
    "ValidationException": Trouble.INVALID,
    "InvalidParameterCombinationException": Trouble.INVALID,
    "InvalidParameterValueException": Trouble.INVALID,
    "SerializationException": Trouble.INVALID,
    # Lambda's: it ends a chain of invocations that looks endless to it.
    "RecursiveInvocationException": Trouble.INVALID,
    "RequestTimeout": Trouble.UNAVAILABLE,
    "RequestTimeoutException": Trouble.UNAVAILABLE,
}

_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


def translate(error: Exception, *, action: str) -> CallFailed:
    """Return a boto3 error as the lifecycle understands it.

    Args:
        error: A ClientError or any other error of botocore.
        action: The IAM action of the call.
    """
    if isinstance(error, ClientError):
        answer: Any = error.response
        code = str(answer.get("Error", {}).get("Code") or "Unknown")
        detail = str(answer.get("Error", {}).get("Message") or "no message")
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
        trouble = _TROUBLES.get(code, Trouble.REFUSED)
        if status == _TOO_MANY_REQUESTS:
            trouble = Trouble.THROTTLED
        elif status >= _SERVER_ERROR and trouble is not Trouble.THROTTLED:
            trouble = Trouble.UNAVAILABLE
        return CallFailed(trouble, action=action, code=code, detail=detail)
    trouble = Trouble.INVALID if isinstance(error, ParamValidationError) else Trouble.UNAVAILABLE
    return CallFailed(trouble, action=action, code=type(error).__name__, detail=str(error))


def unreadable(what: str, *, action: str) -> CallFailed:
    """Return the failure of a call whose answer lacks what it must have; the call may have taken effect."""
    return CallFailed(Trouble.UNAVAILABLE, action=action, code="UnreadableAnswer", detail=f"no {what} in the answer")
