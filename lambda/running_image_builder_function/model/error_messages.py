"""What a failed call means in a few words and what to do about it, by service and AWS's error code; the words only."""

from running_image_builder_function.model.errors import AwsCallError, ErrorKind

EXPIRED_CREDENTIALS = ("ExpiredTokenException", "ExpiredToken")
UNKNOWN_CREDENTIALS = ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId")
NO_CREDENTIALS = (
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
)
BAD_SIGNATURES = (
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
)

Words = tuple[str, str]
"""A cause and a remedy."""

_NAMES = {
    "appstream": "AppStream",
    "scheduler": "the scheduler",
    "lambda": "Lambda",
    "cloudformation": "CloudFormation",
}

_CREDENTIALS: dict[str, Words] = {
    **dict.fromkeys(EXPIRED_CREDENTIALS, ("the credentials have expired", "Deploy again: Lambda renews them.")),
    **dict.fromkeys(
        UNKNOWN_CREDENTIALS, ("AWS doesn't know the credentials", "Check that the function's role exists.")
    ),
    **dict.fromkeys(NO_CREDENTIALS, ("there are no credentials", "Check that Lambda can assume the role.")),
    **dict.fromkeys(BAD_SIGNATURES, ("the signature was refused", "Check whether a proxy alters requests.")),
}
"""For every service; such a call was not denied for want of a permission."""

_BY_CODE: dict[str, dict[str, Words]] = {
    "appstream": {
        "InvalidAccountStatusException": ("the account is suspended", "Ask AWS Support, then try again."),
        "IncompatibleImageException": ("its image forbids it", "Update the image or the agent, then try again."),
        "ResourceNotAvailableException": (
            "it is not available",
            "Check its quota, and whether its image is deprecated.",
        ),
        "LimitExceededException": ("a quota is used up", "Raise it in Service Quotas, or stop a builder."),
        "ConcurrentModificationException": ("somebody is changing it", "Wait a few minutes, then try again."),
    },
    "scheduler": {
        "ServiceQuotaExceededException": ("the quota of schedules is used up", "Raise it, or delete schedules."),
        "ConflictException": ("somebody changes its schedule", "Wait a few minutes, then try again."),
    },
    "lambda": {
        "RecursiveInvocationException": ("Lambda took it for a loop", "Set its recursive loop detection to Allow."),
    },
    "cloudformation": {},
}

_AGAIN = "See the Health Dashboard, then try again."
_BUSY = "Wait a few minutes, then try again."
_CORRECT = "Correct it, then try again."

_BY_KIND: dict[str, dict[ErrorKind, Words]] = {
    "appstream": {
        ErrorKind.THROTTLED: ("AppStream throttles", "Deploy fewer builders at once, or raise the timeout."),
        ErrorKind.UNAVAILABLE: ("AppStream did not respond", _AGAIN),
        ErrorKind.NOT_FOUND: ("not found", "Use the name of a builder of this account and Region."),
        ErrorKind.BUSY: ("it is busy", _BUSY),
        ErrorKind.REFUSED: ("it was refused", "Fix what AWS reports, or see the AppStream console."),
        ErrorKind.INVALID: ("a value was refused", _CORRECT),
    },
    "scheduler": {
        ErrorKind.THROTTLED: ("the scheduler throttles", "Deploy less at once, or raise the timeout."),
        ErrorKind.UNAVAILABLE: ("the scheduler did not respond", _AGAIN),
        ErrorKind.NOT_FOUND: ("its schedule was not found", "Check the schedule group, then deploy again."),
        ErrorKind.BUSY: ("its schedule is being changed", _BUSY),
        ErrorKind.REFUSED: ("its schedule was refused", "Fix what AWS reports, then try again."),
        ErrorKind.INVALID: ("a value of its schedule was refused", _CORRECT),
    },
    "lambda": {
        ErrorKind.THROTTLED: ("Lambda throttles", "Raise the concurrency of the function or the account."),
        ErrorKind.UNAVAILABLE: ("Lambda did not respond", _AGAIN),
        ErrorKind.NOT_FOUND: ("its function was not found", "Deploy the provider again."),
        ErrorKind.BUSY: ("its function is being changed", _BUSY),
        ErrorKind.REFUSED: ("Lambda refused it", "Fix what AWS reports, then try again."),
        ErrorKind.INVALID: ("Lambda refused a value", _CORRECT),
    },
    "cloudformation": {
        ErrorKind.THROTTLED: ("CloudFormation throttles", "Deploy less at once, then try again."),
        ErrorKind.UNAVAILABLE: ("CloudFormation did not respond", _AGAIN),
        ErrorKind.NOT_FOUND: ("its stack was not found", "Check whether it was deleted."),
        ErrorKind.BUSY: ("its stack is being changed", _BUSY),
        ErrorKind.REFUSED: ("CloudFormation refused it", "Fix what AWS reports, then try again."),
        ErrorKind.INVALID: ("CloudFormation refused a value", _CORRECT),
    },
}

_NO_ENDPOINT = "Use another Region, or fix the DNS."

_START = "appstream:StartImageBuilder"
_MISSING = "Check whether its image, agent or a subnet is missing."
"""For a start that finds nothing: the description before it has shown the builder."""

_SCHEDULER = " by the scheduler"
"""How an action ends that the scheduler was denied, not the function."""


def cause(error: AwsCallError) -> str:
    """Return what a failed call means; with AWS's own words only where nothing else says what is missing."""
    return _words(error)[0]


def remedy(error: AwsCallError) -> str:
    """Return what the reader should do about a failed call; a denial names the action."""
    return _words(error)[1]


def lacks_permission(error: AwsCallError) -> bool:
    """Return whether a permission is missing; credentials that are not taken are another matter."""
    return error.kind is ErrorKind.DENIED and error.code not in _CREDENTIALS


def _words(error: AwsCallError) -> Words:
    service = error.service if error.service in _NAMES else "appstream"
    if error.has_no_endpoint:
        return f"this Region may lack {_NAMES[service]}", _NO_ENDPOINT
    if error.code in _CREDENTIALS:
        return _CREDENTIALS[error.code]
    if error.kind is ErrorKind.DENIED:
        return "access denied", _allow(error)
    if error.kind is ErrorKind.NOT_FOUND and error.action == _START:
        return error.detail, _MISSING
    return _BY_CODE[service].get(error.code) or _BY_KIND[service][error.kind]


def _allow(error: AwsCallError) -> str:
    if error.action.endswith(_SCHEDULER):
        return f"Allow EventBridge Scheduler {error.action.removesuffix(_SCHEDULER)}."
    return f"Allow the function's role {error.action}."
