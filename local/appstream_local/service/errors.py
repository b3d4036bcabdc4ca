"""The errors that AppStream returns, as one exception."""


class ApiError(Exception):
    """An operation was refused.

    Attributes:
        code: The error's code, such as `ResourceNotFoundException`.
        message: What the caller reads. AWS documents no wording, so these are ours.
        http_status: The HTTP status.
    """

    def __init__(self, code: str, message: str, http_status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status


def not_found(name: str) -> ApiError:
    """Return the error for an unknown name (404 in botocore's model)."""
    return ApiError("ResourceNotFoundException", f"Image builder {name} could not be found.", 404)


def not_permitted(operation: str, name: str, state: str, needed: str) -> ApiError:
    """Return the error for an operation that the image builder's state doesn't allow."""
    message = f"{operation} is not permitted: image builder {name} is {state}, not {needed}."
    return ApiError("OperationNotPermittedException", message)


def validation_error(message: str) -> ApiError:
    """Return the error for a request that doesn't match the operation's shape."""
    return ApiError("ValidationException", message)


def access_denied(principal: str, operation: str, resource: str, *, explicit: bool = False) -> ApiError:
    """Return the error for a denied call, in IAM's wording and with the status of AWS JSON services."""
    action = f"appstream:{operation}"
    reason = f"because no identity-based policy allows the {action} action"
    if explicit:
        reason = "with an explicit deny in an identity-based policy"
    message = f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}"
    return ApiError("AccessDeniedException", message)
