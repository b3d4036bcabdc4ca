"""Runs the function's handler in one process whose sleeps are virtual, and prints its peak memory as JSON.

Started by `memory` with the function's package first on its path. Real are everything that the handler imports, every
AppStream call and the response. Not real are the time, and what CloudFormation
and Lambda reply: a hook gives that after botocore has made, signed and parsed everything.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from running_image_builder_function.contract import HANDLER

_ARN = "arn:aws:lambda:eu-central-1:000000000000:function:provider"
_INVOCATION_SECONDS = 900
_IN_PROGRESS = b"""<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>
<ResourceStatus>CREATE_IN_PROGRESS</ResourceStatus></StackResourceDetail></DescribeStackResourceResult>
</DescribeStackResourceResponse>"""


class _Clock:
    """Replaces what the handler uses of the module `time`."""

    def __init__(self) -> None:
        self.began_at = self._now = time.time()
        time.time, time.sleep = self.now, self.pass_seconds

    def now(self) -> float:
        return self._now

    def pass_seconds(self, seconds: Any, /) -> None:
        self._now += seconds


class _Context:
    invoked_function_arn = _ARN
    function_name = "provider"
    aws_request_id = "invocation"

    def __init__(self) -> None:
        self._ends_at = time.time() + _INVOCATION_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends_at - time.time()) * 1000)


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Any:
        yield self._content


class _Clients:
    """Makes boto3's clients, and answers for Lambda and CloudFormation."""

    def __init__(self, queue: list[dict[str, Any]]) -> None:
        self._queue = queue
        self._make: Any = boto3.client
        self.appstream_calls = 0

    def make(self, service: str, **options: Any) -> Any:
        client = self._make(service, **options)
        client.meta.events.register("before-send", getattr(self, f"_{service}"))
        return client

    def _appstream(self, **_: Any) -> None:
        self.appstream_calls += 1

    def _lambda(self, request: Any, **_: Any) -> AWSResponse:
        self._queue.append(json.loads(request.body))
        return AWSResponse(request.url, 202, HTTPHeaders(), _Raw(b""))

    def _cloudformation(self, request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(_IN_PROGRESS))


def main(name: str, seconds: str, response_url: str) -> None:
    """Wait for a builder until that many virtual seconds have passed and the function reports a failure."""
    queue = [_event(name, seconds, response_url)]
    module_name, _, handler_name = HANDLER.rpartition(".")
    clients, clock = _Clients(queue), _Clock()
    boto3.client = clients.make  # type: ignore[assignment]
    module = importlib.import_module(module_name)
    invocations = 0
    while queue:
        invocations += 1
        getattr(module, handler_name)(queue.pop(0), _Context())
    print(
        json.dumps(
            {
                "peak_mib": round(_peak_kib() / 1024, 1),
                "invocations": invocations,
                "calls": clients.appstream_calls,
                "virtual_seconds": round(clock.now() - clock.began_at, 1),
                "code": module.__file__,
            }
        )
    )


def _peak_kib() -> int:
    """Return the peak of this program alone: rusage's also counts the process that started it, before the exec."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


def _event(name: str, seconds: str, response_url: str) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "ResponseURL": response_url,
        "StackId": "arn:aws:cloudformation:eu-central-1:000000000000:stack/stack/0f0e0d",
        "RequestId": "request",
        "LogicalResourceId": "Builder",
        "ResourceType": "Custom::AppStreamRunningImageBuilder",
        "ResourceProperties": {"ServiceToken": _ARN, "Name": name, "TimeoutSeconds": seconds},
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
