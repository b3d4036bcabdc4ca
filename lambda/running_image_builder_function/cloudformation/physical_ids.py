"""Physical ids: what a failed Create's id says to its Delete, and which builder a Delete is about."""

import re

from running_image_builder_function.contract import NAME_PATTERN

NOT_STARTED = "/not-started"
"""Ends the id of a failed Create that had started nothing. No builder's name contains a slash."""

START_NOT_SEEN = "/start-not-seen"
"""Ends the id of a failed Create whose start, or another delivery's, a description may not show yet."""


def failed_create_id(name: str, *, may_have_started: bool, start_is_shown: bool) -> str:
    """Return the physical id of a resource whose Create failed; it tells the Delete whether to stop the builder.

    It says that nothing was started only where that is certain: a forgotten builder runs on, and is paid for.
    """
    if not may_have_started:
        return name + NOT_STARTED
    return name if start_is_shown else name + START_NOT_SEEN


def invalid_request_id(logical_id: str) -> str:
    """Return the physical id of a resource whose properties are invalid, so that nothing was started."""
    return logical_id + NOT_STARTED


def is_generated(physical_id: str, logical_id: str) -> bool:
    """Return whether CloudFormation has generated an id, for a Create that never responded, or crhelper has.

    Both are the stack's name, the logical id and random characters. A builder's name may contain the logical id, too.
    """
    forms = (f"-{re.escape(logical_id)}-[A-Za-z0-9]{{12,13}}", f"_{re.escape(logical_id)}_[A-Z0-9]{{8}}")
    return bool(logical_id) and any(re.fullmatch(f"[A-Za-z][A-Za-z0-9-]*{form}", physical_id) for form in forms)


def named_builder(physical_id: str, logical_id: str) -> str:
    """Return the name of the builder that a physical id names, "" for none."""
    if physical_id == invalid_request_id(logical_id):
        return ""
    name = physical_id.removesuffix(NOT_STARTED).removesuffix(START_NOT_SEEN)
    return name if NAME_PATTERN.fullmatch(name) and not is_generated(name, logical_id) else ""
