"""How requests and AWS calls fail, and the Reason that CloudFormation's events pane shows."""

from dataclasses import KW_ONLY, dataclass
from enum import Enum

REASON_MAX_LENGTH = 240
"""crhelper cuts a longer Reason from its front, which would lose the builder's name."""

_CUT = "..."
_LEAST_DETAILS = 30
"""Characters below which a part of the details is useless: an error's code has about so many."""


class RequestEnded(Exception):
    """The request is over without success; the text is the Reason, at most 240 characters of whole words."""


class RequestFailed(RequestEnded):
    """The response is FAILED."""


class RequestCancelled(RequestEnded):
    """CloudFormation no longer waits for the response; nothing has gone wrong."""


class ErrorKind(Enum):
    """Why an AWS call failed, as far as it decides what comes next."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    """No usable response (5xx, time-out, dropped connection, no format): the call may have taken effect."""
    DENIED = "denied"
    NOT_FOUND = "not found"
    BUSY = "busy"
    """Somebody else is changing the builder; describe it again."""
    REFUSED = "refused"
    """Refused for an undocumented reason; the builder's state shows what it meant."""
    INVALID = "invalid"
    """No later try can succeed."""


_NEVER_CONNECTED = ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "SSLError")
"""botocore's errors for calls that have reached nobody."""


@dataclass(eq=False)
class AwsCallError(Exception):
    """An AWS call failed."""

    kind: ErrorKind  # what decides the next step
    _: KW_ONLY
    action: str  # the IAM action of the call, such as "appstream:StartImageBuilder"
    code: str  # AWS's error code, or the name of the connection error
    detail: str  # AWS's message
    resource: str = ""  # the action's resource, "" for the builder
    # Whether the service has no endpoint: in a Region that lacks it, and in a VPC without DNS. Only with UNAVAILABLE.
    has_no_endpoint: bool = False

    def __post_init__(self) -> None:
        super().__init__(f"{self.action}: {self.code}: {self.detail}")

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the call may have arrived, with only its response lost."""
        return self.kind is ErrorKind.UNAVAILABLE and not self.has_no_endpoint and self.code not in _NEVER_CONNECTED

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
    """Return the Reason for the events pane: cause and remedy first, then AWS's own words.

    Args:
        name: The builder's name.
        state: The last state seen, "" when none was.
        cause: What went wrong, in a few words; cut where there isn't room for all.
        remedy: What the reader should do.
        details: AWS's own words, or the resource: as much as there is room for.

    Returns:
        At most 240 characters, whole words.
    """
    head = f"Image builder {name}".rstrip() + (f" ({state}):" if state else ":")
    cause = shorten(_sentence(cause), REASON_MAX_LENGTH - len(f"{head}  {remedy}"))
    text = shorten(f"{head} {cause} {remedy}", REASON_MAX_LENGTH)
    room = REASON_MAX_LENGTH - len(text) - 1
    if len(plain(details)) > room < _LEAST_DETAILS:
        return text
    return f"{text} {shorten(details, room)}".rstrip()


def _sentence(text: str) -> str:
    """Return a text on one line that ends as a sentence does."""
    text = plain(text)
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."
