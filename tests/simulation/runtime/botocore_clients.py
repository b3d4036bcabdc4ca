"""Real botocore clients whose requests go to the current run's models instead of a socket."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, NamedTuple

import botocore.session
import greenlet
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

from running_image_builder_function.aws.client import CONFIG
from support.fake_appstream import REGION


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Server = Callable[[str, AWSPreparedRequest], HttpResponse]
"""Responds to a service's request, or raises one of botocore's connection errors."""

_MAX_RESULTS = 5_000
"""The most results that a client remembers."""


class _Body:
    """The stream that botocore reads a body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield it in one piece."""
        yield self._content


@cache
def client(service: str) -> "Client":
    """Return a service's client, the same for all runs: to make one takes longer than many runs."""
    return Client(service)


class Client:
    """A botocore client that remembers what it made of a call, and of each response to it.

    Everything that botocore does is real, but most calls and responses repeat, and to let it process them again would
    take most of a run.

    Args:
        service: Such as "appstream".
    """

    def __init__(self, service: str) -> None:
        # To put the usual user agent together takes a sixth of a run.
        config = CONFIG.merge(Config(signature_version=UNSIGNED, user_agent="simulation"))
        self._client = botocore.session.Session().create_client(service, region_name=REGION, config=config)
        self._service = service
        self._requests: dict[str, AWSPreparedRequest] = {}
        self._results: dict[tuple[str, int, bytes, str], dict[str, Any] | ClientError] = {}
        self._given: HttpResponse | None = None
        self._sent: dict[greenlet.greenlet, tuple[AWSPreparedRequest, HttpResponse]] = {}
        events: Any = self._client.meta.events
        events.register("before-send", self._send)

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        """Return a method such as ``describe_image_builders``."""
        return partial(self._call, operation)

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        if not _servers[-1].remembers:
            return self._process(operation, arguments)
        call = f"{operation} {arguments}"
        request = self._requests.get(call)
        if request is None:
            here = greenlet.getcurrent()
            try:
                return self._remember(call, lambda: self._sent[here][1], operation, arguments)
            finally:
                if here in self._sent:
                    self._requests[call] = self._sent.pop(here)[0]
        response = _servers[-1].server(self._service, request)
        known = self._results.get(_key(call, response))
        if isinstance(known, ClientError):
            raise type(known)(known.response, known.operation_name)
        if known is not None:
            return dict(known)
        self._given = response
        return self._remember(call, lambda: response, operation, arguments)

    def _remember(
        self, call: str, response: Callable[[], HttpResponse], operation: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        if len(self._results) > _MAX_RESULTS:
            self._results.clear()
            self._requests.clear()
        try:
            result = self._process(operation, arguments)
        except ClientError as error:
            # Without this one's traceback, which would keep a whole run in memory.
            self._results[_key(call, response())] = type(error)(error.response, error.operation_name)
            raise
        self._results[_key(call, response())] = result
        return dict(result)

    def _process(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = getattr(self._client, operation)(**arguments)
        return result

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response, self._given = self._given, None
        if response is None:
            response = _servers[-1].server(self._service, request)
            if _servers[-1].remembers:
                self._sent[greenlet.getcurrent()] = (request, response)
        headers = HTTPHeaders()
        for name, value in response.headers.items():
            headers[name] = value
        return AWSResponse(str(request.url), response.status, headers, _Body(response.body))


def body_of(request: AWSPreparedRequest) -> bytes:
    """Return a request's body."""
    return request.body if isinstance(request.body, bytes) else str(request.body or "").encode()


def _key(call: str, response: HttpResponse) -> tuple[str, int, bytes, str]:
    headers = {name: value for name, value in response.headers.items() if name != "x-amzn-requestid"}
    return (call, response.status, response.body, str(headers))


class _Serving(NamedTuple):
    server: Server
    remembers: bool


@contextmanager
def serving(server: Server, *, remembers: bool = False) -> Iterator[None]:
    """Let a server respond to all clients.

    Args:
        server: The server.
        remembers: Whether the clients may reuse what they remember.
    """
    _servers.append(_Serving(server, remembers))
    try:
        yield
    finally:
        _servers.pop()


_servers: list[_Serving] = []
