"""AppStream in ministack: its service, IAM and CloudFormation."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import ministack.app as ministack_app
from hypercorn.protocol.events import StreamClosed
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import tagging
from ministack.services.cloudformation import provisioners

from appstream_local.ministack.cloudformation import (
    by_physical_id,
    custom_resource_requests,
    image_builder_type,
    operations,
    records,
    security_group_rules,
)
from appstream_local.service.arns import authorized_resource
from appstream_local.service.errors import ApiError, access_denied
from appstream_local.service.logs import IamCheck
from appstream_local.service.service import ADMIN_PREFIX, TARGET_PREFIX, AppStreamService
from appstream_local.service.validation import parse_json
from appstream_local.service.wire import Response, failure

from . import function_logs, lambda_invocations
from .scheduler import RUN_SCHEDULES, extend_scheduler, run_schedules

_SERVICE = "appstream"

# Never leaves the process: the ASGI wrapper sees it and closes the connection.
_DROP = b"x-appstream-local-drop"

_Send = Callable[[dict[str, Any]], Awaitable[None]]

service = AppStreamService(now=time.time)


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    """Answer a request ministack routed here, which it has authenticated and authorized."""
    del method, path, query_params
    if headers.get("x-amz-target") == RUN_SCHEDULES:
        return run_schedules(body)
    if headers.get("x-amz-target") == lambda_invocations.RUNNING_INVOCATIONS:
        return lambda_invocations.running_invocations()
    response = service.handle(
        target=headers.get("x-amz-target", ""),
        body=body,
        account=get_account_id(),
        region=get_region(),
        principal=caller_arn(),
    )
    if response.drop:
        return 500, {_DROP.decode(): "1"}, b""
    return response.status, dict(response.headers), response.body


def reset() -> None:
    """Forget everything, with the rest of the engine."""
    service.reset()


def get_state() -> None:
    """Say that there is nothing to keep between two runs of the engine."""


def register() -> None:
    """Make AppStream one of ministack's services; call it once, before `ministack.app.main()`."""
    ministack_app.SERVICE_REGISTRY[_SERVICE] = {"module": _SERVICE}
    ministack_app.SERVICE_HANDLERS[_SERVICE] = handle_request
    ministack_app._loaded_modules[_SERVICE] = sys.modules[__name__]
    router.SERVICE_PATTERNS[_SERVICE] = {"target_prefixes": [TARGET_PREFIX, ADMIN_PREFIX]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[_SERVICE] = _SERVICE
    # ministack imports these four inside its functions, anew for each request.
    iam_actions.extract_resource_arn = _knowing_image_builders(iam_actions.extract_resource_arn)
    iam_actions.access_denied_response = _in_appstreams_words(iam_actions.access_denied_response)
    iam_evaluator.enforce = _noted(iam_evaluator.enforce)
    tagging.resource_tags = _knowing_their_tags(tagging.resource_tags)
    provisioners._RESOURCE_HANDLERS[image_builder_type.TYPE] = {
        "create": lambda _logical_id, properties, _stack: image_builder_type.create(_as_cloudformation, properties),
        "delete": lambda physical_id, _properties: image_builder_type.delete(_as_cloudformation, physical_id),
    }
    # main() hands this name to the web server.
    ministack_app.app = _dropping(ministack_app.app)
    custom_resource_requests.register()
    function_logs.register()
    lambda_invocations.register()
    operations.register()
    records.register()
    by_physical_id.register()
    security_group_rules.register()
    extend_scheduler(service)
    _stay_off_port_443()


def _as_cloudformation(target: str, body: bytes) -> Response:
    """Send a request of CloudFormation's own to AppStream, in the stack's account and Region."""
    return service.handle(
        target=target,
        body=body,
        account=get_account_id(),
        region=get_region(),
        principal="cloudformation.amazonaws.com",
    )


def _knowing_image_builders(original: Callable[..., str]) -> Callable[..., str]:
    """Check a call against its image builder's ARN; "*" would deny every policy that names one."""

    def extract_resource_arn(
        service_name: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        if service_name != _SERVICE:
            return original(service_name, method, path, headers, body, query_params, region, account_id)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            params = parse_json(body)
        except ApiError:
            params = {}
        return authorized_resource(operation=operation, params=params, account=account_id, region=region)

    return extract_resource_arn


def _noted(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep what IAM decided, for every service; the decision stays IAM's."""

    def enforce(
        access_key: str, action: str, service_name: str, region: str, resource_arn: str = "*", **details: Any
    ) -> Any:
        denied = original(access_key, action, service_name, region, resource_arn, **details)
        check = IamCheck(action=action, resource=resource_arn, principal=caller_arn(), allowed=denied is None)
        service.region_state(account=get_account_id(), region=region).iam_checks.add(check)
        return denied

    return enforce


def _in_appstreams_words(original: Callable[..., Any]) -> Callable[..., Any]:
    """Name the resource in a refusal, and answer it as an AWS JSON service does."""

    def access_denied_response(
        service_name: str, action: str, principal_arn: str, request_id: str, **details: Any
    ) -> Any:
        if service_name != _SERVICE or details.get("error_code"):
            return original(service_name, action, principal_arn, request_id, **details)
        operation = action.partition(":")[2]
        resource, explicit = details.get("resource_arn", "*"), bool(details.get("explicit_deny"))
        error = access_denied(principal_arn, operation, resource, explicit=explicit)
        response = failure(error, request_id=request_id)
        return response.status, dict(response.headers), response.body

    return access_denied_response


def _knowing_their_tags(original: Callable[[str], Any]) -> Callable[[str], Any]:
    """Answer aws:ResourceTag conditions from the tags image builders were created with."""

    def resource_tags(arn: str) -> Any:
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != _SERVICE:
            return original(arn)
        builders = service.region_state(account=parts[4], region=parts[3]).builders
        try:
            return builders.observe(parts[5].rpartition("/")[2])[0].tags
        except ApiError:
            return None

    return resource_tags


def _dropping(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Close the connection instead of sending an answer marked for it; ASGI itself cannot."""

    async def wrapped(scope: dict[str, Any], receive: Any, send: _Send) -> None:
        dropped = False

        async def send_unless_dropped(message: dict[str, Any]) -> None:
            nonlocal dropped
            if dropped:
                return
            headers = message.get("headers", ())
            if any(name.lower() == _DROP for name, _ in headers):
                dropped = True
                # `send` is a method of hypercorn's stream, which closes the connection
                # when its stream ends before a response began.
                stream = send.__self__  # type: ignore[attr-defined]
                await stream.send(StreamClosed(stream_id=stream.stream_id))
                return
            await send(message)

        await app(scope, receive, send_unless_dropped)

    return wrapped


def _stay_off_port_443() -> None:
    """Keep ministack on the one port it was given: with USE_SSL it would take 443 as well."""
    ministack_app._port_is_bindable = lambda host, port: False
