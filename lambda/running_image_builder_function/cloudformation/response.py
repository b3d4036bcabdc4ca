"""Sends the response to CloudFormation, within its size limit."""

import http.client
import json
import logging
import os
import ssl
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from running_image_builder_function.cloudformation.response_url import ends_at
from running_image_builder_function.contract import ESSENTIAL_ATTRIBUTES
from running_image_builder_function.timing import MAX_RETRY_DELAY, RETRY_DELAY, Clock

MAX_BYTES = 4096
"""CloudFormation refuses a larger body."""

CUT_MARK = "..."

_SOCKET_TIMEOUT = 10
_OK = range(200, 300)
_FINAL = range(400, 500)
_TRY_AGAIN = (400, 403, 408, 409, 429)
"""Statuses that S3 also sends for passing reasons: a slow sender, a skewed clock, a changed policy, a rate limit."""

_NOT_SENT = (OSError, http.client.HTTPException, BotoCoreError)

_REFUSED = "its URL has expired, the policy of a VPC's S3 endpoint does not allow the bucket, or a proxy refused it"
_UNREACHED = "no route or endpoint to S3 in a VPC, a security group, DNS, a proxy, or a certificate that is not trusted"

logger = logging.getLogger("running_image_builder")


class Put(Protocol):
    """Sends a body to a URL and returns the HTTP status.

    Without one it raises OSError, HTTPException or BotoCoreError.
    """

    def __call__(self, url: str, body: bytes, /) -> int:
        """Send."""


def https_put(url: str, body: bytes, /) -> int:
    """Send a body over HTTPS and return the status.

    It uses the environment's proxy settings and certificates as boto3 does. The content type is empty because
    CloudFormation signs it so.
    """
    headers = {"content-type": ""}
    proxies = get_environ_proxies(url)
    if proxies.get("https"):
        return _put_by_proxy(url, body, headers, proxies)
    # Not through a client that tidies URLs: this one is signed as it stands.
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.netloc, timeout=_SOCKET_TIMEOUT, context=_context())
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("PUT", target, body=body, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def _put_by_proxy(url: str, body: bytes, headers: Any, proxies: Mapping[str, str]) -> int:
    """Send through botocore's own connection, which knows proxies of every kind.

    It leaves a URL as it stands whose escapes are written in capitals, as CloudFormation's are.
    """
    # Any: botocore's stubs have neither a file here nor headers of a plain kind, both of which botocore takes.
    bundle: Any = _ca_bundle() or os.environ.get("SSL_CERT_FILE") or True
    session = URLLib3Session(verify=bundle, proxies=dict(proxies), timeout=_SOCKET_TIMEOUT)
    try:
        response = session.send(AWSPreparedRequest("PUT", url, headers, body, stream_output=False))
        return int(response.status_code)
    finally:
        session.close()


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if bundle := _ca_bundle():
        context.load_verify_locations(bundle)
    return context


def _ca_bundle() -> str | None:
    """Return the file of trusted certificates, from the variables that boto3 reads."""
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")


def encode(body: Mapping[str, Any]) -> bytes:
    """Return the body as JSON in UTF-8; half a surrogate pair, which UTF-8 can't encode, becomes "?"."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def truncate_to_limit(body: Mapping[str, Any]) -> tuple[bytes, list[str]]:
    """Return the encoded body within CloudFormation's limit, and the attributes that were cut for it.

    The longest attribute that isn't essential is cut first: to half its length and a mark, in the end to nothing.
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


def send_response(url: str, body: bytes, *, clock: Clock, until: float, put: Put = https_put) -> bool:
    """Send the response; retry while it isn't accepted and the URL is valid.

    Args:
        url: The request's ResponseURL; never logged.
        body: The encoded response.
        clock: The time.
        until: When to give up, in seconds since the epoch.
        put: Sends one request.

    Returns:
        Whether the request is over: the response was accepted, or refused for good (an expired URL). False asks for
        another invocation.
    """
    expires_at = ends_at(url)
    delay = RETRY_DELAY
    explained: set[str] = set()
    while True:
        try:
            status = put(url, body)
        except _NOT_SENT as error:
            # Only the type: the text of some of these errors has the URL's host and path.
            what, causes = type(error).__name__, _UNREACHED
        else:
            if status in _OK:
                return True
            what, causes = f"HTTP {status}", _REFUSED if status in _FINAL else ""
            if status in _FINAL and status not in _TRY_AGAIN:
                logger.error("CloudFormation refused the response (%s); the request is over", what)
                return True
        if expires_at is not None and clock.time() >= expires_at:
            logger.error("the response was not accepted while its URL was valid (%s); the request is over", what)
            return True
        logger.warning("the response was not accepted (%s)", what)
        if causes and causes not in explained:
            explained.add(causes)
            logger.warning("possible causes: %s", causes)
        if clock.time() + delay >= until:
            return False
        clock.sleep(delay)
        delay = min(delay * 2, MAX_RETRY_DELAY)
