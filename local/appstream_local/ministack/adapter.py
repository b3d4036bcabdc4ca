"""Adds AppStream to ministack's services, and everything else that ministack needs to act as AWS does."""

import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import ministack.app as ministack_app
from hypercorn.protocol.events import StreamClosed
from ministack.core import router
from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import get_account_id, get_region

from appstream_local.ministack.cloudformation import (
    custom_resource_requests,
    image_builder_type,
    operations,
    records,
    security_group_rules,
)
from appstream_local.service.service import ADMIN_PREFIX, TARGET_PREFIX, AppStreamService
from appstream_local.service.wire import Response

from . import iam, lambda_, scheduler

# Never leaves the process: the ASGI wrapper sees it and closes the connection.
_DROP = b"x-appstream-local-drop"

_Send = Callable[[dict[str, Any]], Awaitable[None]]

service = AppStreamService(now=time.time)


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    """Return the response to a request that ministack has authenticated, authorized and routed here."""
    del method, path, query_params
    target = headers.get("x-amz-target", "")
    if target == scheduler.RUN_SCHEDULES:
        return scheduler.run_schedules(body)
    if target == lambda_.RUNNING_INVOCATIONS:
        return lambda_.running_invocations()
    response = _handle(target, body, principal=caller_arn())
    if response.drop:
        return 500, {_DROP.decode(): "1"}, b""
    return response.status, dict(response.headers), response.body


def reset() -> None:
    """Forget everything; ministack calls this with its own reset."""
    service.reset()


def get_state() -> None:
    """Return nothing: there is no state to keep between two runs of the engine."""


def register() -> None:
    """Extend ministack; call it once, before `ministack.app.main()`."""
    ministack_app.SERVICE_REGISTRY[iam.SERVICE] = {"module": iam.SERVICE}
    ministack_app.SERVICE_HANDLERS[iam.SERVICE] = handle_request
    ministack_app._loaded_modules[iam.SERVICE] = sys.modules[__name__]
    router.SERVICE_PATTERNS[iam.SERVICE] = {"target_prefixes": [TARGET_PREFIX, ADMIN_PREFIX]}
    # main() gives this name to the web server.
    ministack_app.app = _dropping(ministack_app.app)
    # With USE_SSL ministack would listen on port 443, too.
    ministack_app._port_is_bindable = lambda host, port: False
    iam.register(service)
    lambda_.register()
    scheduler.register(service)
    custom_resource_requests.register()
    operations.register()
    records.register()
    security_group_rules.register()
    image_builder_type.register(lambda target, body: _handle(target, body, principal="cloudformation.amazonaws.com"))


def _handle(target: str, body: bytes, *, principal: str) -> Response:
    account, region = get_account_id(), get_region()
    return service.handle(target=target, body=body, account=account, region=region, principal=principal)


def _dropping(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Close the connection instead of sending a response marked for it, which ASGI itself can't."""

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
                # when its stream ends before a response begins.
                stream = send.__self__  # type: ignore[attr-defined]
                await stream.send(StreamClosed(stream_id=stream.stream_id))
                return
            await send(message)

        await app(scope, receive, send_unless_dropped)

    return wrapped
