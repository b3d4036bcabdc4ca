"""Reads from a ResponseURL when it was signed, and when it expires."""

import re
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

from running_image_builder_function.timing import MAX_SIGNATURE_LIFETIME, RESPONSE_URL_LIFETIME

_EARLIEST = 1_000_000_000.0
"""Seconds since the epoch (in 2001); an earlier moment is no date."""


def signed_at(url: str) -> float | None:
    """Return when a URL was signed, in seconds since the epoch; None where it doesn't say.

    It is Signature Version 4's X-Amz-Date; older URLs have only their end, a lifetime later.
    """
    date, ends = _date(url), _epoch(url)
    return date if date is not None or ends is None else ends - RESPONSE_URL_LIFETIME


def ends_at(url: str) -> float | None:
    """Return until when a URL is valid, in seconds since the epoch; None where it doesn't say."""
    date = _date(url)
    if date is None:
        return _epoch(url)
    lasts = _value(url, "X-Amz-Expires", r"\d{1,6}")
    return date + (float(lasts) if lasts and 0 < float(lasts) <= MAX_SIGNATURE_LIFETIME else RESPONSE_URL_LIFETIME)


def _date(url: str) -> float | None:
    stamp = _value(url, "X-Amz-Date", r"\d{8}T\d{6}Z")
    try:
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
    return moment if moment >= _EARLIEST else None


def _epoch(url: str) -> float | None:
    ends = _value(url, "Expires", r"\d{10,11}")
    return float(ends) if ends and float(ends) >= _EARLIEST + RESPONSE_URL_LIFETIME else None


def _value(url: str, name: str, pattern: str) -> str:
    """Return a parameter of the query, "" where it is not there or of another form."""
    try:
        value = parse_qs(urlsplit(url).query).get(name, [""])[0]
    except ValueError:
        return ""
    return value if re.fullmatch(pattern, value, re.ASCII) else ""
