"""The answer to CloudFormation: what fits into it, and getting it there; knows nothing of image builders' states."""

import http.client
import json
import logging
import ssl
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from running_image_builder_function.clock import Clock
from running_image_builder_function.contract import ESSENTIAL_ATTRIBUTES

MAX_BYTES = 4096
"""CloudFormation refuses a larger body."""

CUT_MARK = "..."

_SOCKET_TIMEOUT = 10
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 8.0
_OK = range(200, 300)
_FINAL = range(400, 500)
_TRY_AGAIN = (408, 429)

logger = logging.getLogger("running_image_builder")


class Put(Protocol):
    """Sends a body to a URL and returns the HTTP status; raises OSError or HTTPException where none comes back."""

    def __call__(self, url: str, body: bytes, /) -> int:
        """Send."""


def https_put(url: str, body: bytes, /) -> int:
    """Send a body over HTTPS and return the status.

    Not through a client that tidies URLs: this one is signed as it stands. The content type is empty because
    CloudFormation signs it so.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(
        parts.netloc, timeout=_SOCKET_TIMEOUT, context=ssl.create_default_context()
    )
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("PUT", target, body=body, headers={"content-type": ""})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def encode(body: Mapping[str, Any]) -> bytes:
    """Return the body as CloudFormation takes it; half a surrogate pair, which UTF-8 cannot carry, becomes "?"."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def fit(body: Mapping[str, Any]) -> tuple[bytes, list[str]]:
    """Return the encoded body within CloudFormation's limit, and the attributes that had to be cut for it.

    The longest attribute that is not essential is cut first: to half its length and a mark, in the end to nothing.
    """
    data = dict(body.get("Data") or {})
    cut: list[str] = []
    encoded = encode(body)
    while len(encoded) > MAX_BYTES:
        spare = {name: value for name, value in data.items() if name not in ESSENTIAL_ATTRIBUTES and value}
        if not spare:
            break
        longest = max(spare, key=lambda name: len(encode({"": data[name]})))
        value = str(data[longest]).removesuffix(CUT_MARK)
        data[longest] = value[: len(value) // 2] + CUT_MARK if len(value) > 2 * len(CUT_MARK) else ""
        if longest not in cut:
            cut.append(longest)
        encoded = encode({**body, "Data": data})
    return encoded, cut


def deliver(url: str, body: bytes, *, clock: Clock, until: float, put: Put = https_put) -> bool:
    """Send the answer, again and again while CloudFormation's end is in trouble.

    Args:
        url: The request's ResponseURL; never logged.
        body: The encoded answer.
        clock: The time.
        until: When to give up, in seconds since the epoch.
        put: The sending.

    Returns:
        Whether the matter is closed: the answer arrived, or was refused for good (an expired URL). False asks for
        another invocation.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            status = put(url, body)
        except (OSError, http.client.HTTPException) as error:
            # Only the type: the text of some of these errors holds the URL's host and path.
            what = type(error).__name__
        else:
            if status in _OK:
                return True
            what = f"HTTP {status}"
            if status in _FINAL and status not in _TRY_AGAIN:
                logger.error("CloudFormation refused the answer (%s); the request is over or its URL has expired", what)
                return True
        logger.warning("the answer did not arrive (%s)", what)
        if clock.time() + pause >= until:
            return False
        clock.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
