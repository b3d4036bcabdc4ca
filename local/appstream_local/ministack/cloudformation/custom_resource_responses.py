"""Checks a custom resource's response as strictly as CloudFormation does.

The limits are from the user guide ("Custom resource response objects"). The messages "Response object is too long." and
"Invalid PhysicalResourceId" are from users' issues (aws-cdk 23958, remind101/empire 918). The other messages are ours,
because no source quotes AWS's.
"""

import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_BODY = 4096
"""Bytes of a whole response (documented; "inclusive" in awsdocs/aws-cloudformation-user-guide 262)."""

MAX_ID = 1024
"""Bytes of a physical id (documented)."""

_COPIED = ("StackId", "RequestId", "LogicalResourceId")
_RANDOM_LETTERS = 13


@dataclass(frozen=True)
class Response:
    """A valid response.

    Attributes:
        physical_id: The physical id.
        data: The attributes, for Fn::GetAtt.
        failure: The reason if the status is FAILED; "" for SUCCESS.
    """

    physical_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""


class InvalidResponse(Exception):
    """CloudFormation rejects the response; the text is the failed resource's reason."""


def parse(body: bytes, request: Mapping[str, Any]) -> Response:
    """Return the response in a body.

    Args:
        body: What was sent to the ResponseURL.
        request: The event that it responds to.

    Raises:
        InvalidResponse: The body is longer than 4096 bytes, isn't a JSON object, or has an invalid field.
    """
    if len(body) > MAX_BODY:
        raise InvalidResponse("Response object is too long.")
    try:
        fields = json.loads(body.decode("utf-8"))
    except ValueError:
        raise InvalidResponse("Response is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidResponse("Response is not a JSON object.")
    for name in _COPIED:
        if fields.get(name) != request[name]:
            raise InvalidResponse(f"Invalid {name}")
    physical_id = fields.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 0 < len(physical_id.encode()) <= MAX_ID:
        raise InvalidResponse("Invalid PhysicalResourceId")
    data = fields.get("Data") or {}
    if not isinstance(data, dict):
        raise InvalidResponse("Invalid Data")
    if fields.get("Status") == "SUCCESS":
        return Response(physical_id, data)
    if fields.get("Status") != "FAILED":
        raise InvalidResponse("Invalid Status")
    reason = fields.get("Reason")
    if not isinstance(reason, str) or not reason:
        raise InvalidResponse("Invalid Reason")
    return Response(physical_id, data, reason)


def made_up_id(stack_name: str, logical_id: str) -> str:
    """Return the physical id that CloudFormation makes up if no response to a Create has one."""
    letters = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(_RANDOM_LETTERS))
    return f"{stack_name}-{logical_id}-{letters}"
