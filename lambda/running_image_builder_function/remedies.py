"""What to do about a failed call, by AWS's error code; the words only."""

from running_image_builder_function.errors import CallFailed, Trouble

_BY_CODE = {
    "InvalidAccountStatusException": "Clear the account's status with AWS Support, then deploy again.",
    "IncompatibleImageException": "Update the builder's image or its agent, then deploy again.",
    "ResourceNotAvailableException": "See the builder and its quota in the AppStream console, then deploy again.",
    "LimitExceededException": "Raise the quota in Service Quotas or stop another builder, then deploy again.",
    "ConcurrentModificationException": "Wait a few minutes, then deploy again.",
}

_BY_TROUBLE = {
    Trouble.THROTTLED: "Deploy fewer builders at once, or raise the timeout.",
    Trouble.UNAVAILABLE: "Look at the AWS Health Dashboard, then deploy again.",
    Trouble.DENIED: "Allow it for the function's role.",
    Trouble.NOT_FOUND: "Give the name of a builder of this account and Region.",
    Trouble.BUSY: "Wait a few minutes, then deploy again.",
    Trouble.REFUSED: "See the builder in the AppStream console, then deploy again.",
    Trouble.INVALID: "Correct the value, then deploy again.",
}


def remedy(error: CallFailed) -> str:
    """Return what the reader should do about a failed call."""
    return _BY_CODE.get(error.code, _BY_TROUBLE[error.trouble])
