"""What a failed call means in a few words and what to do about it, by AWS's error code; the words only."""

from running_image_builder_function.errors import CallFailed, Trouble

_BY_CODE = {
    "InvalidAccountStatusException": ("the account is suspended", "Ask AWS Support, then try again."),
    "IncompatibleImageException": ("its image forbids it", "Update the image or the agent, then try again."),
    "ResourceNotAvailableException": ("it is not available", "See it and its quota in the AppStream console."),
    "LimitExceededException": ("a quota is used up", "Raise it in Service Quotas, or stop a builder."),
    "ConcurrentModificationException": ("somebody is changing it", "Wait a few minutes, then try again."),
}

_BY_TROUBLE = {
    Trouble.THROTTLED: ("AWS throttles", "Deploy fewer builders at once, or raise the timeout."),
    Trouble.UNAVAILABLE: ("AWS did not answer", "See the AWS Health Dashboard, then try again."),
    Trouble.NOT_FOUND: ("not found", "Give the name of a builder of this account and Region."),
    Trouble.BUSY: ("it is busy", "Wait a few minutes, then try again."),
    Trouble.REFUSED: ("it was refused", "Mend what AWS says here, or see the AppStream console."),
    Trouble.INVALID: ("a value was refused", "Correct it, then try again."),
}

_SCHEDULER = " by the scheduler"
"""How an action ends that the scheduler was denied, not the function."""


def cause(error: CallFailed) -> str:
    """Return what a failed call means; AWS's own words are not among it."""
    return "access denied" if error.trouble is Trouble.DENIED else _words(error)[0]


def remedy(error: CallFailed) -> str:
    """Return what the reader should do about a failed call; a denial names the action."""
    if error.trouble is not Trouble.DENIED:
        return _words(error)[1]
    if error.action.endswith(_SCHEDULER):
        return f"Allow EventBridge Scheduler {error.action.removesuffix(_SCHEDULER)}."
    return f"Allow the function's role {error.action}."


def _words(error: CallFailed) -> tuple[str, str]:
    return _BY_CODE.get(error.code) or _BY_TROUBLE[error.trouble]
