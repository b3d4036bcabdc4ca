"""CloudFormation's wire format in both directions: the XML it tells, and what it refuses in an answer."""

import json
from typing import Any
from xml.sax.saxutils import escape

from simulation.history import Request
from simulation.wire import Answer

MAX_BODY = 4096
MAX_ID = 1024

_XMLNS = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_ERRORS = {
    "throttle": (400, "Throttling", "Rate exceeded"),
    "server_error": (503, "ServiceUnavailable", "Try later"),
    "access_denied": (403, "AccessDenied", "not authorized to perform cloudformation:DescribeStackResource"),
}


def stack_resource(logical_id: str, status: str, stamp: str) -> Answer:
    """Return what DescribeStackResource answers."""
    detail = "".join(
        f"<{name}>{escape(value)}</{name}>"
        for name, value in (
            ("LogicalResourceId", logical_id),
            ("ResourceType", "Custom::AppStreamRunningImageBuilder"),
            ("ResourceStatus", status),
            ("LastUpdatedTimestamp", stamp),
        )
    )
    body = (
        f'<DescribeStackResourceResponse xmlns="{_XMLNS}"><DescribeStackResourceResult><StackResourceDetail>'
        f"{detail}</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>"
    )
    return Answer(200, body.encode(), {"Content-Type": "text/xml"})


def stack_resource_error(kind: str) -> Answer:
    """Return how DescribeStackResource fails."""
    status, code, message = _ERRORS[kind]
    body = (
        f'<ErrorResponse xmlns="{_XMLNS}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    return Answer(status, body.encode(), {"Content-Type": "text/xml"})


def refusal_of(body: bytes, request: Request) -> str:
    """Return why CloudFormation cannot take an answer, "" where it can."""
    if len(body) > MAX_BODY:
        return f"the body has {len(body)} bytes"
    try:
        answer: Any = json.loads(body.decode("utf-8"))
    except ValueError as error:
        return f"the body is no JSON: {error}"
    wanted = {
        "StackId": request.stack_id,
        "LogicalResourceId": request.logical_id,
        "RequestId": f"request-{request.number}",
    }
    for key, value in wanted.items():
        if answer.get(key) != value:
            return f"{key} is {answer.get(key)!r}, not {value!r}"
    if answer.get("Status") not in ("SUCCESS", "FAILED"):
        return f"Status is {answer.get('Status')!r}"
    if not answer.get("PhysicalResourceId") or len(str(answer["PhysicalResourceId"]).encode()) > MAX_ID:
        return "PhysicalResourceId is empty or too long"
    if answer["Status"] == "FAILED" and not answer.get("Reason"):
        return "FAILED without a Reason"
    return ""
