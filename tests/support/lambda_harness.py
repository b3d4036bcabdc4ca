"""Lambda's and CloudFormation's side of one function in virtual time: contexts, events, self-invocations, responses."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from running_image_builder_function.custom_resource.function import (
    CustomResourceFunction,
    ResponseNotSent,
    SelfInvocationFailed,
)
from running_image_builder_function.observability.metrics import Metrics
from support.fake_appstream import FUNCTION_ARN, NAME, FakeAppStream
from support.fake_schedules import FakeSchedules
from support.fake_stacks import FakeStacks
from support.virtual_time import VirtualClock

RESPONSE_URL = "https://cloudformation-custom-resource-response.s3.test/arn%3Aaws%3Astack%2F1?X-Amz-Signature=5ec7e7"
STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/stack-1/0f0e0d"
LOGICAL_ID = "ImageBuilderAD143916"

RETRY_PAUSES = (60.0, 120.0, 0.0)
"""Seconds until Lambda tries an event again whose invocation ended badly; after the third try it gives up."""


class Killed(BaseException):
    """Lambda ended the process."""


def event(request_type: str = "Create", *, physical_id: str | None = None, **properties: Any) -> dict[str, Any]:
    """Return an event as CloudFormation sends it: primitive properties are strings. A property of None is absent."""
    given: dict[str, Any] = {"ServiceToken": FUNCTION_ARN, "Name": NAME, **properties}
    made: dict[str, Any] = {
        "RequestType": request_type,
        "ResponseURL": RESPONSE_URL,
        "StackId": STACK_ID,
        "RequestId": "request-1",
        "LogicalResourceId": LOGICAL_ID,
        "ResourceType": "Custom::AppStreamRunningImageBuilder",
        "ResourceProperties": {key: value for key, value in given.items() if value is not None},
    }
    if physical_id is None and request_type != "Create":
        physical_id = NAME
    if physical_id is not None:
        made["PhysicalResourceId"] = physical_id
    if request_type == "Update":
        made["OldResourceProperties"] = made["ResourceProperties"]
    return made


def update_event(before: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    """Return an Update of a resource that had other properties before."""
    return {**event("Update", **properties), "OldResourceProperties": {"Name": NAME, **before}}


def issued(made: dict[str, Any], appstream: FakeAppStream, *, seconds_ago: float = 0.0) -> dict[str, Any]:
    """Return an event with a ResponseURL that tells when CloudFormation signed it, as the real ones do."""
    signed = datetime.fromtimestamp(appstream.clock.now - seconds_ago, tz=timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return {**made, "ResponseURL": f"{RESPONSE_URL}&X-Amz-Date={signed}"}


def issued_event(appstream: FakeAppStream, *, seconds_ago: float = 0.0, **properties: Any) -> dict[str, Any]:
    """Return such a Create."""
    return issued(event(**properties), appstream, seconds_ago=seconds_ago)


class FakeContext:
    """Lambda's context for one invocation with a limit in virtual seconds."""

    def __init__(self, clock: VirtualClock, limit: float = 900.0, function_arn: str = FUNCTION_ARN) -> None:
        self._clock = clock
        self._ends_at = clock.time() + limit
        self.invoked_function_arn = function_arn
        self.aws_request_id = "invocation-1"
        self.function_name = "provider"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""
        return int((self._ends_at - self._clock.time()) * 1000)


class LambdaHarness:
    """Runs a function as Lambda does, until nothing is queued, and takes its responses as CloudFormation does.

    Attributes:
        world: The AppStream it works on.
        responded_at: When each response arrived, in seconds since the world began.
        limit: Seconds that one invocation may last.
        function_arn: The ARN that Lambda calls it by.
        responses: Every response, decoded, in order.
        bodies: The same, as sent.
        self_invoked: The event of each self-invocation.
        stacks: The resource and its stack.
        put_results: Statuses or errors that the next responses meet before one is accepted.
        invoke_errors: Errors that the next self-invocations meet.
        on_self_invocation: Called at each self-invocation that was taken.
        on_death: Called at each invocation's bad end.
        lines: Every line of standard output.
        deaths: How often an invocation ended in an error or was killed.
        metrics: What writes them.
        schedules: The scheduled stops.
        function: The function.
    """

    def __init__(
        self,
        appstream: FakeAppStream,
        *,
        limit: float = 900.0,
        log_level: str | None = None,
        random: Callable[[], float] = lambda: 0.5,
    ) -> None:
        """Wire a function to a world; chance is a constant unless given."""
        self._random = random
        self._options: dict[str, Any] = {} if log_level is None else {"log_level": log_level}
        self.appstream = appstream
        self.limit = limit
        self.function_arn = FUNCTION_ARN
        self.responses: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.self_invoked: list[dict[str, Any]] = []
        self.stacks = FakeStacks(appstream.clock)
        self.put_results: list[int | Exception] = []
        self.invoke_errors: list[Exception] = []
        self.responded_at: list[float] = []
        self.on_self_invocation: Callable[[], None] = lambda: None
        self.on_death: Callable[[], None] = lambda: None
        self.deaths = 0
        self.lines: list[str] = []
        self.metrics = Metrics(self.lines.append, function=FUNCTION_ARN.rsplit(":", 1)[1])
        self.schedules = FakeSchedules(appstream)
        self._queue: list[dict[str, Any]] = []
        self.function = self._cold()

    def run(self, first: dict[str, Any]) -> dict[str, Any]:
        """Deliver an event, then every self-invocation that follows; return the one response."""
        self.deliver(first)
        assert len(self.responses) == 1, f"{len(self.responses)} responses: {self.responses}"
        return self.responses[0]

    def deliver(self, first: dict[str, Any]) -> None:
        """Deliver an event, then every self-invocation that follows; each is tried again twice where it ends badly."""
        if first.get("RequestType") == "Delete" and self.stacks.status == "UPDATE_IN_PROGRESS":
            # Unless the test is about an update's clean-up, the whole stack is deleted.
            self.stacks.status = "DELETE_IN_PROGRESS"
        self._queue.append(first)
        while self._queue:
            self._invoke_with_retries(self._queue.pop(0))

    def kill(self) -> None:
        """End the running invocation as Lambda does at its time-out or out of memory: no code of it runs any more."""
        raise Killed

    def _invoke_with_retries(self, queued: dict[str, Any]) -> None:
        for pause in RETRY_PAUSES:
            try:
                context = FakeContext(self.appstream.clock, self.limit, self.function_arn)
                # Through JSON, as on the wire.
                self.function(json.loads(json.dumps(queued)), context)
            except (Killed, ResponseNotSent, SelfInvocationFailed):
                self.deaths += 1
                self.on_death()
                self.function = self._cold()
                self.appstream.clock.sleep(pause)
            else:
                return

    def _cold(self) -> CustomResourceFunction:
        return CustomResourceFunction(
            builders=self.appstream.builders,
            schedules=self.schedules,
            stacks=self.stacks,
            invoke=self._invoke,
            clock=self.appstream.clock,
            random=self._random,
            metrics=self.metrics,
            **self._options,
            put=self._put,
        )

    def _invoke(self, function_arn: str, handed: Mapping[str, Any], /) -> None:
        assert function_arn == self.function_arn
        if self.invoke_errors:
            raise self.invoke_errors.pop(0)
        copy = json.loads(json.dumps(handed))
        self.self_invoked.append(copy)
        self._queue.append(copy)
        self.on_self_invocation()

    def _put(self, url: str, body: bytes, /) -> int:
        assert url.startswith(RESPONSE_URL)
        if self.put_results:
            result = self.put_results.pop(0)
            if isinstance(result, Exception):
                raise result
            if result != 200:
                return result
        self.bodies.append(body)
        self.responded_at.append(self.appstream.elapsed())
        self.responses.append(json.loads(body))
        return 200
