"""Real botocore clients whose requests never reach a socket: a hook hands them to the present run's models."""

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
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Server = Callable[[str, AWSPreparedRequest], HttpResponse]
"""Answers a service's request, or raises one of botocore's connection errors."""

_MOST = 5_000
"""Results that a client remembers at most."""


class _Body:
    """What botocore reads a body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Give it in one piece."""
        yield self._content


@cache
def client(service: str) -> "Client":
    """Return the client of a service, the same for all runs: making one takes longer than many runs."""
    return Client(service)


class Client:
    """A botocore client that remembers what it has made of a request, and of an answer to it.

    All that botocore does is real, but most requests and answers repeat, and to let it work them out again takes most
    of a run.

    Args:
        service: Such as "appstream".
    """

    def __init__(self, service: str) -> None:
        """Make the client."""
        # An agent of its own: to put the usual one together takes a sixth of a run.
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
            return self._work_out(operation, arguments)
        asked = f"{operation} {arguments}"
        request = self._requests.get(asked)
        if request is None:
            here = greenlet.getcurrent()
            try:
                return self._remember(asked, lambda: self._sent[here][1], self._work_out, operation, arguments)
            finally:
                if here in self._sent:
                    self._requests[asked] = self._sent.pop(here)[0]
        response = _servers[-1].server(self._service, request)
        known = self._results.get(_key(asked, response))
        if isinstance(known, ClientError):
            raise type(known)(known.response, known.operation_name)
        if known is not None:
            return dict(known)
        self._given = response
        return self._remember(asked, lambda: response, self._work_out, operation, arguments)

    def _remember(
        self, asked: str, response: Callable[[], HttpResponse], call: Callable[..., dict[str, Any]], *arguments: Any
    ) -> dict[str, Any]:
        if len(self._results) > _MOST:
            self._results.clear()
            self._requests.clear()
        try:
            result = call(*arguments)
        except ClientError as error:
            self._results[_key(asked, response())] = error
            raise
        self._results[_key(asked, response())] = result
        return dict(result)

    def _work_out(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = getattr(self._client, operation)(**arguments)
        return made

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response, self._given = self._given, None
        if response is None:
            response = _servers[-1].server(self._service, request)
            self._sent[greenlet.getcurrent()] = (request, response)
        headers = HTTPHeaders()
        for name, value in response.headers.items():
            headers[name] = value
        return AWSResponse(str(request.url), response.status, headers, _Body(response.body))


def _key(asked: str, response: HttpResponse) -> tuple[str, int, bytes, str]:
    headers = {name: value for name, value in response.headers.items() if name != "x-amzn-requestid"}
    return (asked, response.status, response.body, str(headers))


class _Serving(NamedTuple):
    server: Server
    remembers: bool


@contextmanager
def serving(server: Server, *, remembers: bool = False) -> Iterator[None]:
    """Let a server answer all clients.

    Args:
        server: The server.
        remembers: Whether the clients may reuse what they worked out before.
    """
    _servers.append(_Serving(server, remembers))
    try:
        yield
    finally:
        _servers.pop()


_servers: list[_Serving] = []
