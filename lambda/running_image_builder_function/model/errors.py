"""What a person reads in CloudFormation's events pane, and the kinds of failed calls; no boto3, no crhelper."""

from enum import Enum

REASON_MAX_LENGTH = 240
"""crhelper cuts a longer Reason from its front, which would lose the builder's name."""

_CUT = "..."
_LEAST_DETAILS = 30
"""Characters of details below which a part of them tells nothing: an error's code has about so many."""


class RequestFailed(Exception):
    """The request is answered FAILED; the text is the Reason, at most 240 characters of whole words."""


class RequestCancelled(RequestFailed):
    """Nobody waits for the answer any more: it is ended, but nothing has gone wrong."""


class ErrorKind(Enum):
    """Why a call to AWS did not do what was asked, as far as it decides what comes next."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    """No usable answer (5xx, time-out, dropped connection, no format): the call may have taken effect."""
    DENIED = "denied"
    NOT_FOUND = "not found"
    BUSY = "busy"
    """The builder is being changed by somebody else; worth another look."""
    REFUSED = "refused"
    """Refused for a reason that nobody documented; the builder's state tells what it meant."""
    INVALID = "invalid"
    """Refused for good: no later try can succeed."""


_NEVER_CONNECTED = ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "SSLError")
"""The names of botocore's errors for calls that have not reached anybody."""


class AwsCallError(Exception):
    """A call to AWS failed.

    Attributes:
        trouble: What decides the next step.
        action: The IAM action of the call, such as ``appstream:StartImageBuilder``.
        code: AWS's error code, or the name of the connection error.
        detail: AWS's message.
        resource: What the action was on, "" for the builder.
        has_no_endpoint: Whether the service has no address: what a Region that lacks it looks like, and a VPC without
            DNS. Only with ``ErrorKind.UNAVAILABLE``.
    """

    def __init__(
        self,
        trouble: ErrorKind,
        *,
        action: str,
        code: str,
        detail: str,
        resource: str = "",
        has_no_endpoint: bool = False,
    ) -> None:
        """Keep the parts; the text is for logs."""
        super().__init__(f"{action}: {code}: {detail}")
        self.trouble = trouble
        self.action = action
        self.code = code
        self.detail = detail
        self.resource = resource
        self.has_no_endpoint = has_no_endpoint

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the call may have arrived, with only its answer missing."""
        return self.trouble is ErrorKind.UNAVAILABLE and not self.has_no_endpoint and self.code not in _NEVER_CONNECTED

    @property
    def service(self) -> str:
        """The service's IAM prefix, such as "appstream"."""
        return self.action.partition(":")[0]


def plain(text: str) -> str:
    """Return a text on one line: control characters and runs of blanks become one blank."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shorten(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters, cut between words and marked where it was cut."""
    text = plain(text)
    if len(text) <= limit:
        return text
    if limit <= len(_CUT):
        return ""
    # One character more than there is room for: where that is a blank, the word before it is whole.
    head = text[: limit - len(_CUT) + 1]
    words = head.rsplit(" ", 1)[0] if " " in head else head[:-1]
    return words.rstrip(".,;:") + _CUT


def reason(*, name: str, state: str, cause: str, remedy: str, details: str = "") -> str:
    """Return the Reason for the events pane: what the reader should do stands before AWS's own words.

    Args:
        name: The builder's name.
        state: The last state seen, "" when none was.
        cause: What went wrong, in a few words; cut where there is not room for all.
        remedy: What the reader should do.
        details: AWS's own words, or what the cause is about: as much of it as there is room for.

    Returns:
        At most 240 characters, whole words.
    """
    head = f"Image builder {name}".rstrip() + (f" ({state}):" if state else ":")
    told = shorten(_sentence(cause), REASON_MAX_LENGTH - len(f"{head}  {remedy}"))
    text = shorten(f"{head} {told} {remedy}", REASON_MAX_LENGTH)
    room = REASON_MAX_LENGTH - len(text) - 1
    if len(plain(details)) > room < _LEAST_DETAILS:
        return text
    return f"{text} {shorten(details, room)}".rstrip()


def _sentence(text: str) -> str:
    """Return a text on one line that ends as a sentence does."""
    text = plain(text)
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."
