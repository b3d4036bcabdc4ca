"""The errors AppStream answers with, as one exception; knows nothing of HTTP bodies or headers."""

from __future__ import annotations


class ApiError(Exception):
    """An operation was refused.

    Attributes:
        code: The error's code, such as `ResourceNotFoundException`.
        message: What the caller reads; AWS documents none of the wordings, so these are ours.
        http_status: The HTTP status of the answer.
    """

    def __init__(self, code: str, message: str, http_status: int = 400) -> None:
        """Keep the parts of the answer."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status


def not_found(name: str) -> ApiError:
    """Return the error for a name no image builder has (404 in botocore's model)."""
    return ApiError("ResourceNotFoundException", f"Image builder {name} could not be found.", 404)


def not_permitted(operation: str, name: str, state: str, needed: str) -> ApiError:
    """Return the error for an operation the image builder's state does not allow."""
    message = f"{operation} is not permitted: image builder {name} is {state}, not {needed}."
    return ApiError("OperationNotPermittedException", message)


def validation_error(message: str) -> ApiError:
    """Return the error for a request that does not fit the operation's shape."""
    return ApiError("ValidationException", message)


def access_denied(principal: str, operation: str, resource: str, *, explicit: bool = False) -> ApiError:
    """Return the refusal in IAM's wording, with the status AWS JSON services use for it."""
    action = f"appstream:{operation}"
    reason = f"because no identity-based policy allows the {action} action"
    if explicit:
        reason = "with an explicit deny in an identity-based policy"
    message = f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}"
    return ApiError("AccessDeniedException", message)
