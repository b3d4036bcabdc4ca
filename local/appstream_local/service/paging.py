"""Splits a sorted list into pages, with a token for the next one."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from .errors import validation_error

_PREFIX = b"after:"


def page(items: Sequence[dict[str, Any]], *, size: int, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Return one page of items sorted by Name, and the token of the next page if there is one.

    The token holds the last name shown, so that items created or deleted in between neither repeat
    nor hide another item.

    Raises:
        ApiError: ValidationException for an invalid token or a size below one. botocore's model has
            no error for either, so this is an assumption.
    """
    if size < 1:
        raise validation_error(f"MaxResults must be at least 1, but is {size}.")
    after = _decode(token) if token is not None else ""
    rest = [item for item in items if item["Name"] > after]
    shown = rest[:size]
    return shown, _encode(shown[-1]["Name"]) if len(rest) > size else None


def _encode(name: str) -> str:
    return base64.urlsafe_b64encode(_PREFIX + name.encode()).decode()


def _decode(token: str) -> str:
    try:
        decoded = base64.urlsafe_b64decode(token.encode())
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded.startswith(_PREFIX):
        raise validation_error("The NextToken is not valid.")
    return decoded.removeprefix(_PREFIX).decode(errors="replace")
