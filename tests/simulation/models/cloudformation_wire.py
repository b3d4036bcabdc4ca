"""CloudFormation's wire format: the XML that it returns, and the responses that it rejects."""

import json
from typing import Any
from xml.sax.saxutils import escape

from simulation.history import MAX_BODY, Request
from simulation.runtime.botocore_clients import HttpResponse

MAX_ID = 1024

_XMLNS = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
_TYPE = "Custom::AppStreamRunningImageBuilder"
_ERRORS = {
    "throttle": (400, "Throttling", "Rate exceeded"),
    "server_error": (503, "ServiceUnavailable", "Try later"),
    "access_denied": (403, "AccessDenied", "not authorized to perform cloudformation:{}"),
    "error": (400, "ValidationError", "something that nobody expects"),
    "missing": (400, "ValidationError", "Resource {} does not exist for stack stack"),
}
_OTHERS = (
    ("Function76856677", "AWS::Lambda::Function", "stack-Function76856677-1ZLPEXAMPLE"),
    ("Role1ABCC5F0", "AWS::IAM::Role", ""),
)
"""Other resources of every stack, one without an id."""


def _fields(*fields: tuple[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields if value)


def _response(operation: str, result: str) -> HttpResponse:
    body = (
        f'<{operation}Response xmlns="{_XMLNS}"><{operation}Result>{result}</{operation}Result>'
        f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    )
    return HttpResponse(200, body.encode(), {"Content-Type": "text/xml"})


def stack_resource(logical_id: str, status: str, stamp: str, physical_id: str, *, stack_id: str) -> HttpResponse:
    """Return DescribeStackResource's response."""
    detail = _fields(
        ("StackId", stack_id),
        ("LogicalResourceId", logical_id),
        ("PhysicalResourceId", physical_id),
        ("ResourceType", _TYPE),
        ("ResourceStatus", status),
        ("LastUpdatedTimestamp", stamp),
    )
    return _response("DescribeStackResource", f"<StackResourceDetail>{detail}</StackResourceDetail>")


def stack_description(stack_id: str, status: str, created: str) -> HttpResponse:
    """Return DescribeStacks' response for one stack."""
    name = stack_id.split("/")[1]
    stack = _fields(("StackId", stack_id), ("StackName", name), ("CreationTime", created), ("StackStatus", status))
    return _response("DescribeStacks", f"<Stacks><member>{stack}</member></Stacks>")


def stack_resources(rows: list[tuple[str, str, str, str]], *, following: int | None, with_others: bool) -> HttpResponse:
    """Return a page of ListStackResources' response.

    Args:
        rows: Logical id, status, when that began, and physical id of each custom resource.
        following: The token of the next page, None for none.
        with_others: Whether there are resources of other types on the page.
    """
    stamp = "2026-11-25T10:00:00.000Z"
    others = [(name, kind, "CREATE_COMPLETE", stamp, made) for name, kind, made in _OTHERS if with_others]
    all_ = [*others, *((name, _TYPE, status, at, made) for name, status, at, made in rows)]
    members = "".join(
        "<member>"
        + _fields(
            ("LogicalResourceId", name),
            ("PhysicalResourceId", made),
            ("ResourceType", kind),
            ("LastUpdatedTimestamp", at),
            ("ResourceStatus", status),
        )
        + "</member>"
        for name, kind, status, at, made in all_
    )
    seed = "" if following is None else f"<NextToken>{following}</NextToken>"
    return _response("ListStackResources", f"<StackResourceSummaries>{members}</StackResourceSummaries>{seed}")


def cloudformation_error(kind: str, about: str, code: str = "") -> HttpResponse:
    """Return an error of CloudFormation, about an operation or a resource."""
    status, usual, message = _ERRORS[kind]
    body = (
        f'<ErrorResponse xmlns="{_XMLNS}"><Error><Type>Sender</Type><Code>{code or usual}</Code>'
        f"<Message>{message.format(about)}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    return HttpResponse(status, body.encode(), {"Content-Type": "text/xml"})


def rejection_of(body: bytes, request: Request) -> str:
    """Return why CloudFormation rejects a response, "" where it accepts it."""
    if len(body) > MAX_BODY:
        return f"the body has {len(body)} bytes"
    try:
        response: Any = json.loads(body.decode("utf-8"))
    except ValueError as error:
        return f"the body is no JSON: {error}"
    wanted = {
        "StackId": request.stack_id,
        "LogicalResourceId": request.logical_id,
        "RequestId": f"request-{request.number}",
    }
    for key, value in wanted.items():
        if response.get(key) != value:
            return f"{key} is {response.get(key)!r}, not {value!r}"
    if response.get("Status") not in ("SUCCESS", "FAILED"):
        return f"Status is {response.get('Status')!r}"
    if not response.get("PhysicalResourceId") or len(str(response["PhysicalResourceId"]).encode()) > MAX_ID:
        return "PhysicalResourceId is empty or too long"
    if response["Status"] == "FAILED" and not response.get("Reason"):
        return "FAILED without a Reason"
    return ""
