"""Writes responses in AWS JSON 1.1, as AppStream sends them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ApiError
from .validation import service_model

CONTENT_TYPE = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class Response:
    """An HTTP response.

    Attributes:
        status: HTTP status.
        headers: HTTP headers.
        body: HTTP body.
        drop: Whether to close the connection instead of sending it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    drop: bool = False


def success(result: Mapping[str, Any], *, request_id: str) -> Response:
    """Return the response of a successful operation."""
    return Response(200, _headers(request_id), json.dumps(result).encode())


def failure(error: ApiError, *, request_id: str) -> Response:
    """Return the response of a failed operation."""
    body = {"__type": error.code, _message_member(error.code): error.message}
    headers = {**_headers(request_id), "x-amzn-ErrorType": error.code}
    return Response(error.http_status, headers, json.dumps(body).encode())


def dropped(*, request_id: str) -> Response:
    """Return the response that closes the connection."""
    return Response(0, _headers(request_id), b"", drop=True)


def _message_member(code: str) -> str:
    """Return the name of the message's member: Message in modeled errors, message in common ones."""
    modeled = {shape.name for shape in service_model().error_shapes}
    return "Message" if code in modeled else "message"


def _headers(request_id: str) -> dict[str, str]:
    # Spelled as in ministack, which replaces it with its own; otherwise there would be two.
    return {"Content-Type": CONTENT_TYPE, "x-amzn-requestid": request_id}
