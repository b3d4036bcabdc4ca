"""What a ResponseURL tells of itself: when it was signed, and when it ends; makes no calls."""

import re
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

LASTS = 7200.0
"""Seconds for which CloudFormation's URLs are valid."""

_LONGEST = 7 * 24 * 3600.0
"""Seconds that a signature can be valid for at most."""

_FIRST = 1_000_000_000.0
"""A moment (in 2001) before which nothing of this was signed: what says so is no date."""


def signed_at(url: str) -> float | None:
    """Return when a URL was signed, in seconds since the epoch; None where it does not say.

    It is Signature Version 4's X-Amz-Date, or, in URLs of the form before, what is so long before their end as
    CloudFormation's URLs last.
    """
    date, ends = _date(url), _epoch(url)
    return date if date is not None or ends is None else ends - LASTS


def ends_at(url: str) -> float | None:
    """Return until when a URL is valid, in seconds since the epoch; None where it does not say."""
    date = _date(url)
    if date is None:
        return _epoch(url)
    lasts = _value(url, "X-Amz-Expires", r"\d{1,6}")
    return date + (float(lasts) if lasts and 0 < float(lasts) <= _LONGEST else LASTS)


def _date(url: str) -> float | None:
    stamp = _value(url, "X-Amz-Date", r"\d{8}T\d{6}Z")
    try:
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
    return moment if moment >= _FIRST else None


def _epoch(url: str) -> float | None:
    ends = _value(url, "Expires", r"\d{10,11}")
    return float(ends) if ends and float(ends) >= _FIRST + LASTS else None


def _value(url: str, name: str, pattern: str) -> str:
    """Return a parameter of the query, "" where it is not there or of another form."""
    try:
        value = parse_qs(urlsplit(url).query).get(name, [""])[0]
    except ValueError:
        return ""
    return value if re.fullmatch(pattern, value, re.ASCII) else ""
