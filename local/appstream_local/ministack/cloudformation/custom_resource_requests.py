"""Sends requests to custom resources and waits for their answers, as CloudFormation does.

It knows ministack's inside. ministack alone runs the function and waits for it in one thread,
so that nothing can follow a request while its invocation runs. Here a request is queued at Lambda, as on AWS, and the
wait for its answer can be cancelled: what the function sends later is taken by the ResponseURL and ignored.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import ministack.app as ministack_app
from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_region, new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from .custom_resource_responses import AnswerRefused, parse

URL_LASTS = 7200
"""Seconds for which a ResponseURL can be used, from its X-Amz-Date."""

SERVICE_TIMEOUT = 3600
"""Seconds that an answer may take where the resource has no ServiceTimeout (documented)."""

_PATH = "/_ministack/cfn-response/"
_OTHER_FUNCTION = "Modifying service token is not allowed."
_NO_ANSWER = (
    "CloudFormation did not receive a response from your Custom Resource. "
    "Please check your logs for requestId [{request_id}]."
)
_EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


class ResourceFailed(Exception):
    """A request to a custom resource failed; the text is the reason in the stack's events.

    Attributes:
        physical_id: The id in a FAILED answer; "" where there was no such answer.
        sent: Whether the function got the request at all.
    """

    def __init__(self, reason: str, *, physical_id: str = "", sent: bool = True) -> None:
        super().__init__(reason)
        self.physical_id = physical_id
        self.sent = sent


@dataclass(frozen=True)
class Resource:
    """The custom resource that a request is about."""

    stack_id: str
    logical_id: str
    kind: str


@dataclass(frozen=True)
class _Pending:
    event: Mapping[str, Any]
    issued_at: int
    body: asyncio.Future[bytes]


_issued_at: dict[str, int] = {}
_pending: dict[str, _Pending] = {}
_loop: asyncio.AbstractEventLoop | None = None


def register() -> None:
    """Extend ministack; call it once, before its server starts."""
    ministack_app._handle_post_body_shortcuts = _taking_answers(ministack_app._handle_post_body_shortcuts)
    custom_resource.invoke_custom_resource = _from_a_thread


async def ask(
    kind: str,
    resource: Resource,
    properties: Mapping[str, Any],
    *,
    old: Mapping[str, Any] | None = None,
    physical_id: str | None = None,
) -> tuple[str, dict[str, Any]]:
    """Send a request to a custom resource and return the physical id and the attributes that it answers.

    Cancelling the wait leaves the invocation running.

    Args:
        kind: Create, Update or Delete.
        resource: What the request is about.
        properties: The resource's properties in the template.
        old: The properties before an update.
        physical_id: The id that CloudFormation holds; None for a Create.

    Raises:
        ResourceFailed: The request is refused, or its answer is FAILED, breaks the rules or does not come in time.
    """
    if old is not None and old.get("ServiceToken") != properties.get("ServiceToken"):
        raise ResourceFailed(_OTHER_FUNCTION, sent=False)
    function = _function(properties.get("ServiceToken", ""))
    token, issued_at = new_uuid(), int(time.time())
    event: dict[str, Any] = {
        "RequestType": kind,
        "ServiceToken": properties["ServiceToken"],
        "ResponseURL": _response_url(token, issued_at),
        "StackId": resource.stack_id,
        "RequestId": new_uuid(),
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.kind,
        "ResourceProperties": custom_resource._normalise_resource_properties(properties),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old is not None:
        event["OldResourceProperties"] = custom_resource._normalise_resource_properties(old)
    pending = _Pending(event, issued_at, asyncio.get_running_loop().create_future())
    _issued_at[token] = issued_at
    _pending[token] = pending
    try:
        lambda_svc.invoke_async_with_retry(function, event)
        body = await asyncio.wait_for(pending.body, _timeout(properties))
        answer = parse(body, event)
    except asyncio.TimeoutError:
        raise ResourceFailed(_NO_ANSWER.format(request_id=event["RequestId"])) from None
    except AnswerRefused as refused:
        raise ResourceFailed(str(refused)) from None
    finally:
        _pending.pop(token, None)
    if answer.failure:
        raise ResourceFailed(answer.failure, physical_id=answer.physical_id)
    return answer.physical_id, dict(answer.data)


def remember_loop() -> None:
    """Note the running loop as the one that sends requests; ministack deploys nested stacks in threads beside it."""
    global _loop
    _loop = asyncio.get_running_loop()


def _from_a_thread(
    request_type: str,
    logical_id: str,
    props: Mapping[str, Any],
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: Mapping[str, Any] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Send a request and wait for its answer in a thread of ministack's: nested stacks, and a continued roll-back."""
    assert _loop is not None
    resource = Resource(stack_id, logical_id, resource_type)
    asked = ask(request_type, resource, props, old=old_props, physical_id=physical_id)
    return asyncio.run_coroutine_threadsafe(asked, _loop).result()


def _function(service_token: str) -> Mapping[str, Any]:
    """Return ministack's record of the function that a token names."""
    try:
        region = parse_arn(service_token).region
    except ArnParseError:
        region = get_region()
    if region != get_region():
        raise ResourceFailed(f"ServiceToken {service_token} must be in the stack's Region {get_region()}", sent=False)
    record, config, _ = lambda_svc._get_func_record_for_ref(service_token)
    if record is None or config is None:
        raise ResourceFailed(f"Function not found: {service_token}", sent=False)
    found: Mapping[str, Any] = lambda_svc._execution_record_for_config(record, config)
    return found


def _timeout(properties: Mapping[str, Any]) -> float:
    try:
        return float(properties.get("ServiceTimeout", SERVICE_TIMEOUT))
    except (TypeError, ValueError):
        return SERVICE_TIMEOUT


def _response_url(token: str, issued_at: int) -> str:
    """Return a URL of the form that AWS signs, with a signature that nobody checks."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(issued_at))
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": stamp,
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": URL_LASTS,
        "X-Amz-Signature": secrets.token_hex(32),
    }
    return f"{custom_resource._gateway_url()}{_PATH}{token}?{urlencode(query)}"


def _taking_answers(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Take the body sent to a ResponseURL as it is; ministack would keep only what is JSON in it."""

    async def handle(method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        if method != "PUT" or not path.startswith(_PATH):
            return await original(method, path, headers, body, *rest)
        token = path[len(_PATH) :]
        if time.time() - _issued_at.get(token, 0) > URL_LASTS:
            return 403, {"Content-Type": "application/xml"}, _EXPIRED
        pending = _pending.get(token)
        # S3 takes whatever is sent; CloudFormation reads the first answer, and only while it waits for one.
        if pending is not None and not pending.body.done():
            pending.body.set_result(bytes(body))
        return 200, {}, b""

    return handle
