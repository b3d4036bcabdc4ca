"""Real botocore clients whose requests never reach a socket: a hook hands them to the present run's models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import botocore.session
import greenlet
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

from running_image_builder_function.aws.client import CONFIG
from support.world import REGION


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Server = Callable[[str, AWSPreparedRequest], Answer]
"""Answers a service's request, or raises one of botocore's connection errors."""

_MOST = 20_000
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
        self._given: Answer | None = None
        self._sent: dict[greenlet.greenlet, tuple[AWSPreparedRequest, Answer]] = {}
        events: Any = self._client.meta.events
        events.register("before-send", self._send)

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        """Return a method such as ``describe_image_builders``."""
        return partial(self._call, operation)

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        if not _present[-1].remembers:
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
        answer = _present[-1].server(self._service, request)
        known = self._results.get(_key(asked, answer))
        if isinstance(known, ClientError):
            raise type(known)(known.response, known.operation_name)
        if known is not None:
            return dict(known)
        self._given = answer
        return self._remember(asked, lambda: answer, self._work_out, operation, arguments)

    def _remember(
        self, asked: str, answer: Callable[[], Answer], call: Callable[..., dict[str, Any]], *arguments: Any
    ) -> dict[str, Any]:
        if len(self._results) > _MOST:
            self._results.clear()
            self._requests.clear()
        try:
            result = call(*arguments)
        except ClientError as error:
            self._results[_key(asked, answer())] = error
            raise
        self._results[_key(asked, answer())] = result
        return dict(result)

    def _work_out(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = getattr(self._client, operation)(**arguments)
        return made

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        answer, self._given = self._given, None
        if answer is None:
            answer = _present[-1].server(self._service, request)
            self._sent[greenlet.getcurrent()] = (request, answer)
        headers = HTTPHeaders()
        for name, value in answer.headers.items():
            headers[name] = value
        return AWSResponse(str(request.url), answer.status, headers, _Body(answer.body))


def _key(asked: str, answer: Answer) -> tuple[str, int, bytes, str]:
    return (asked, answer.status, answer.body, str(answer.headers))


class Serving:
    """Lets all clients be answered by a server, for as long as it is entered.

    Args:
        server: The server.
        remembers: Whether the clients may remember what they have worked out before.
    """

    def __init__(self, server: Server, *, remembers: bool = False) -> None:
        self.server = server
        self.remembers = remembers

    def __enter__(self) -> None:
        """Begin."""
        _present.append(self)

    def __exit__(self, *_: object) -> None:
        """End."""
        _present.pop()


_present: list[Serving] = []
