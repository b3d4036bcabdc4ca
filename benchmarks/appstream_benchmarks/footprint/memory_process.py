"""One process as Lambda would have it: the function's package, boto3 over HTTPS, and a wait whose sleeps are virtual.

Started by `footprint_memory` with the package first on its path; prints its peak memory as JSON. Everything that the
function imports and every AppStream call is real. Not real are the pauses, CloudFormation's and Lambda's answers (given
by a hook, after botocore has made, signed and parsed everything), and where the answer is put.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from running_image_builder_function import handler
from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.aws.client import CONFIG
from running_image_builder_function.aws.cloudformation import Stacks
from running_image_builder_function.aws.lambda_ import SelfInvoker
from running_image_builder_function.aws.scheduler import Schedules
from running_image_builder_function.custom_resource import Function
from running_image_builder_function.observability.metrics import Metrics

LIMIT_SECONDS = 900
_ARN = "arn:aws:lambda:eu-central-1:000000000000:function:provider"
_GOING_ON = b"""<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>
<ResourceStatus>CREATE_IN_PROGRESS</ResourceStatus></StackResourceDetail></DescribeStackResourceResult>
</DescribeStackResourceResponse>"""


class _Clock:
    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class _Context:
    invoked_function_arn = _ARN
    function_name = "provider"
    aws_request_id = "invocation"

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._ends_at = clock.now + LIMIT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends_at - self._clock.now) * 1000)


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Any:
        yield self._content


def main(name: str, seconds: float) -> None:
    """Wait for a builder until that many virtual seconds have passed, and then be told that time is up."""
    clock, queue, answers, looks = _Clock(), [_event(name, seconds)], [], 0

    def hooked(service: str, status: int, body: bytes) -> Any:
        make: Any = boto3.client
        client = make(service, config=CONFIG)

        def answer(request: Any, **_: Any) -> AWSResponse:
            if service == "lambda":
                queue.append(json.loads(request.body))
            return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body))

        client.meta.events.register("before-send", answer)
        return client

    def put(_url: str, body: bytes, /) -> int:
        answers.append(json.loads(body))
        return 200

    appstream = boto3.client("appstream", config=CONFIG)

    def count(**_: Any) -> None:
        nonlocal looks
        looks += 1

    appstream.meta.events.register("before-send", count)
    function = Function(
        builders=AppStream(lambda: appstream),
        schedules=Schedules(lambda: None),
        stacks=Stacks(lambda: hooked("cloudformation", 200, _GOING_ON)),
        invoke=SelfInvoker(lambda: hooked("lambda", 202, b"")).invoke,
        clock=clock,
        random=lambda: 0.5,
        metrics=Metrics(lambda _line: None, function=_Context.function_name),
        put=put,
    )
    invocations = 0
    while queue:
        invocations += 1
        function(queue.pop(0), _Context(clock))
    print(
        json.dumps(
            {
                "peak_mib": _peak_kib() / 1024,
                "invocations": invocations,
                "calls": looks,
                "virtual_seconds": clock.now - _Clock.now,
                "reason": answers[0].get("Reason", ""),
                "code": handler.__file__,
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


def _event(name: str, seconds: float) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "ResponseURL": "https://cloudformation.test/answer?X-Amz-Signature=0",
        "StackId": "arn:aws:cloudformation:eu-central-1:000000000000:stack/stack/0f0e0d",
        "RequestId": "request",
        "LogicalResourceId": "Builder",
        "ResourceType": "Custom::AppStreamRunningImageBuilder",
        "ResourceProperties": {"ServiceToken": _ARN, "Name": name, "TimeoutSeconds": str(int(seconds))},
    }


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
