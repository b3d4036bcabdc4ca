"""A botocore client answered in its own process, in virtual time; opens no socket and never waits."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError

from .service import AppStreamService


class VirtualClock:
    """A clock that moves only when it is told to; call it for the time in epoch seconds."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def __call__(self) -> float:
        """Return the time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass; stands in for `time.sleep`."""
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
    """Answer every request of an AppStream client from a service.

    botocore builds, signs, parses and retries as it does over a network. Its pauses between retries
    are real ones: give the client a `Config` without retries, or replace `botocore.endpoint.time.sleep`.

    Args:
        client: The client; its Region is the one it works in.
        service: What answers.
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
        # The stubs ask for a class botocore itself does not insist on.
        headers: Any = HeadersDict(response.headers)
        return AWSResponse(request.url, response.status, headers, _Raw(response.body))

    # The stubs want hooks to return nothing; this one's answer is what botocore sends on.
    hook: Any = answer
    client.meta.events.register("before-send.appstream", hook)


def _text(header: str | bytes) -> str:
    """Return a header as text: signing leaves some of them as bytes."""
    return header.decode() if isinstance(header, bytes) else header
