"""Checks a custom resource's answer as strictly as CloudFormation does.

Sources: the limits are in the user guide ("Custom resource response objects"). The words of "Response object is too
long." and "Invalid PhysicalResourceId" were read in users' issues (aws-cdk 23958, remind101/empire 918). The words of
the other refusals are ours, because no source quotes AWS's.
"""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_BODY = 4096
"""Bytes of an answer in all (documented; "inclusive" by awsdocs/aws-cloudformation-user-guide 262)."""

MAX_ID = 1024
"""Bytes of a physical id (documented)."""

_COPIED = ("StackId", "RequestId", "LogicalResourceId")
_RANDOM_LETTERS = 13


@dataclass(frozen=True)
class Answer:
    """What a function answered.

    Attributes:
        physical_id: The physical id it gave.
        data: The attributes, for Fn::GetAtt.
        failure: The reason of a FAILED answer; "" for SUCCESS.
    """

    physical_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""


class AnswerRefused(Exception):
    """CloudFormation can't take the answer; the text is the failed resource's reason."""


def parse(body: bytes, request: Mapping[str, Any]) -> Answer:
    """Return the answer in a body.

    Args:
        body: What was sent to the ResponseURL.
        request: The event that it answers.

    Raises:
        AnswerRefused: The body is longer than 4096 bytes, no JSON object, or breaks a rule for one of its fields.
    """
    if len(body) > MAX_BODY:
        raise AnswerRefused("Response object is too long.")
    try:
        fields = json.loads(body.decode("utf-8"))
    except ValueError:
        raise AnswerRefused("Response is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise AnswerRefused("Response is not a JSON object.")
    for name in _COPIED:
        if fields.get(name) != request[name]:
            raise AnswerRefused(f"Invalid {name}")
    physical_id = fields.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 0 < len(physical_id.encode()) <= MAX_ID:
        raise AnswerRefused("Invalid PhysicalResourceId")
    data = fields.get("Data") or {}
    if not isinstance(data, dict):
        raise AnswerRefused("Invalid Data")
    if fields.get("Status") == "SUCCESS":
        return Answer(physical_id, data)
    if fields.get("Status") != "FAILED":
        raise AnswerRefused("Invalid Status")
    reason = fields.get("Reason")
    if not isinstance(reason, str) or not reason:
        raise AnswerRefused("Invalid Reason")
    return Answer(physical_id, data, reason)


def made_up_id(stack_name: str, logical_id: str) -> str:
    """Return the physical id that CloudFormation gives a resource whose Create has not answered with one."""
    letters = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(_RANDOM_LETTERS))
    return f"{stack_name}-{logical_id}-{letters}"
