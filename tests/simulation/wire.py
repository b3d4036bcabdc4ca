"""Real botocore clients whose requests never reach a socket: a hook hands them to the present run's models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from running_image_builder_function.aws_errors import CONFIG
from support.world import REGION


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Server = Callable[[str, AWSPreparedRequest], Answer]
"""Answers a service's request, or raises one of botocore's connection errors."""

_present: list[Server] = []


class _Body:
    """What botocore reads a body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Give it in one piece."""
        yield self._content


@cache
def client(service: str) -> Any:
    """Return the client of a service, the same for all runs: making one takes longer than many runs."""
    # An agent of its own: to put the usual one together takes a sixth of a run.
    config = CONFIG.merge(Config(signature_version=UNSIGNED, user_agent="simulation"))
    made = botocore.session.Session().create_client(service, region_name=REGION, config=config)

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        answer = _present[-1](service, request)
        headers = HTTPHeaders()
        for name, value in answer.headers.items():
            headers[name] = value
        return AWSResponse(str(request.url), answer.status, headers, _Body(answer.body))

    events: Any = made.meta.events
    events.register("before-send", send)
    return made


class Serving:
    """Lets all clients be answered by a server, for as long as it is entered."""

    def __init__(self, server: Server) -> None:
        """Keep it."""
        self._server = server

    def __enter__(self) -> None:
        """Begin."""
        _present.append(self._server)

    def __exit__(self, *_: object) -> None:
        """End."""
        _present.pop()
