"""Routes a botocore client's requests to a service in the same process, in virtual time."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError

from .service import AppStreamService


class VirtualClock:
    """A clock that moves only on `advance`; call it for the time in epoch seconds."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def __call__(self) -> float:
        """Return the time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass; replaces `time.sleep`."""
        self._now += seconds


class _Raw(BytesIO):
    """A body as botocore reads it from a connection."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def route(
    client: BaseClient,
    service: AppStreamService,
    *,
    account: str = "000000000000",
    principal: str = "",
) -> None:
    """Send every request of an AppStream client to a service.

    botocore builds, signs, parses and retries as over a network. Its pauses between retries are
    real: give the client a `Config` without retries, or replace `botocore.endpoint.time.sleep`.

    Args:
        client: The client; its Region is the one it works in.
        service: The service.
        account: The account the client works in.
        principal: ARN of the caller.
    """

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response = service.handle(
            target=_text(request.headers["X-Amz-Target"]),
            body=request.body if isinstance(request.body, bytes) else b"",
            account=account,
            region=client.meta.region_name,
            principal=principal,
        )
        if response.drop:
            raise ConnectionClosedError(endpoint_url=request.url)
        # The stubs require a class that botocore itself doesn't.
        headers: Any = HeadersDict(response.headers)
        return AWSResponse(request.url, response.status, headers, _Raw(response.body))

    # The stubs expect hooks to return nothing, but botocore uses what this one returns as the response.
    hook: Any = answer
    client.meta.events.register("before-send.appstream", hook)


def _text(header: str | bytes) -> str:
    """Return a header as text; signing leaves some as bytes."""
    return header.decode() if isinstance(header, bytes) else header
