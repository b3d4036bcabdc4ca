"""Sends requests to custom resources and waits for the responses, as CloudFormation does.

ministack runs the function and waits for it in one thread, so that no other request can follow during the invocation.
Here Lambda queues a request, as in AWS, and the wait can be cancelled: the ResponseURL accepts a later response, which
is ignored.
"""

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

from .custom_resource_responses import InvalidResponse, parse

URL_LASTS = 7200
"""Seconds from a ResponseURL's X-Amz-Date until it expires."""

SERVICE_TIMEOUT = 3600
"""Seconds to wait for a response if the resource has no ServiceTimeout (documented)."""

_PATH = "/_ministack/cfn-response/"
_OTHER_FUNCTION = "Modifying service token is not allowed."
_NO_RESPONSE = (
    "CloudFormation did not receive a response from your Custom Resource. "
    "Please check your logs for requestId [{request_id}]."
)
_EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


class ResourceFailed(Exception):
    """A request to a custom resource failed; the text is the reason in the stack's events.

    Attributes:
        physical_id: The id in a FAILED response; "" without one.
        sent: Whether the request reached the function.
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
    ministack_app._handle_post_body_shortcuts = _receiving(ministack_app._handle_post_body_shortcuts)
    custom_resource.invoke_custom_resource = _send_from_thread


async def send_request(
    kind: str,
    resource: Resource,
    properties: Mapping[str, Any],
    *,
    old: Mapping[str, Any] | None = None,
    physical_id: str | None = None,
) -> tuple[str, dict[str, Any]]:
    """Send a request to a custom resource, and return the physical id and the attributes of the response.

    Cancelling the wait doesn't stop the invocation.

    Args:
        kind: Create, Update or Delete.
        resource: The resource.
        properties: The resource's properties in the template.
        old: The properties before an update.
        physical_id: The current physical id; None for a Create.

    Raises:
        ResourceFailed: The request is invalid, or its response is FAILED, invalid or too late.
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
        response = parse(body, event)
    except asyncio.TimeoutError:
        raise ResourceFailed(_NO_RESPONSE.format(request_id=event["RequestId"])) from None
    except InvalidResponse as error:
        raise ResourceFailed(str(error)) from None
    finally:
        _pending.pop(token, None)
    if response.failure:
        raise ResourceFailed(response.failure, physical_id=response.physical_id)
    return response.physical_id, dict(response.data)


def remember_loop() -> None:
    """Keep the running loop for `_send_from_thread`; ministack deploys nested stacks in other threads."""
    global _loop
    _loop = asyncio.get_running_loop()


def _send_from_thread(
    request_type: str,
    logical_id: str,
    props: Mapping[str, Any],
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: Mapping[str, Any] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Send a request from one of ministack's threads: for nested stacks, and for a continued rollback."""
    assert _loop is not None
    resource = Resource(stack_id, logical_id, resource_type)
    request = send_request(request_type, resource, props, old=old_props, physical_id=physical_id)
    return asyncio.run_coroutine_threadsafe(request, _loop).result()


def _function(service_token: str) -> Mapping[str, Any]:
    """Return ministack's record of the function in a service token."""
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
    """Return a URL as AWS signs it, with a signature that isn't checked."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(issued_at))
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": stamp,
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": URL_LASTS,
        "X-Amz-Signature": secrets.token_hex(32),
    }
    return f"{custom_resource._gateway_url()}{_PATH}{token}?{urlencode(query)}"


def _receiving(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Keep the body sent to a ResponseURL as it is; ministack would keep only its JSON."""

    async def handle(method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        if method != "PUT" or not path.startswith(_PATH):
            return await original(method, path, headers, body, *rest)
        token = path[len(_PATH) :]
        if time.time() - _issued_at.get(token, 0) > URL_LASTS:
            return 403, {"Content-Type": "application/xml"}, _EXPIRED
        pending = _pending.get(token)
        # S3 accepts any body. CloudFormation reads the first response, and only while it waits for one.
        if pending is not None and not pending.body.done():
            pending.body.set_result(bytes(body))
        return 200, {}, b""

    return handle
