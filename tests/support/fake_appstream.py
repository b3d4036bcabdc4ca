"""AppStream in virtual time behind the function's own interface: the local engine's state machine, without sockets."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from appstream_local.service.faults import Fault
from appstream_local.service.outcomes import StartOutcome
from appstream_local.service.service import AppStreamService
from running_image_builder_function.aws.client import translate
from running_image_builder_function.model.image_builder import ImageBuilder
from support.virtual_time import VirtualClock

ACCOUNT = "123456789012"
REGION = "eu-central-1"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:provider"
NAME = "builder-1"
ARN = f"arn:aws:appstream:{REGION}:{ACCOUNT}:image-builder/{NAME}"


class FakeImageBuilders:
    """The three calls of the function, answered by the engine's service in the same process.

    Attributes:
        latency: Virtual seconds that each call takes.
        before_change: What somebody else does just before the first start or stop arrives.
    """

    def __init__(self, service: AppStreamService, clock: VirtualClock, *, latency: float = 0.0) -> None:
        self._service = service
        self._clock = clock
        self.latency = latency
        self.before_change: Callable[[], None] | None = None

    def describe(self, name: str) -> ImageBuilder | None:
        """Return the builder."""
        try:
            found = self._call("DescribeImageBuilders", Names=[name])["ImageBuilders"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise translate(error, action="appstream:DescribeImageBuilders") from error
        except ConnectionClosedError as error:
            raise translate(error, action="appstream:DescribeImageBuilders") from error
        return ImageBuilder(_with_times(found[0])) if found else None

    def start(self, name: str, agent_version: str | None) -> None:
        """Start the builder."""
        version = {} if agent_version is None else {"AppstreamAgentVersion": agent_version}
        self._change("StartImageBuilder", Name=name, **version)

    def stop(self, name: str) -> None:
        """Stop the builder."""
        self._change("StopImageBuilder", Name=name)

    def _change(self, operation: str, **request: Any) -> None:
        meanwhile, self.before_change = self.before_change, None
        if meanwhile is not None:
            meanwhile()
        try:
            self._call(operation, **request)
        except (ClientError, ConnectionClosedError) as error:
            raise translate(error, action=f"appstream:{operation}") from error

    def _call(self, operation: str, **request: Any) -> Any:
        self._clock.pass_until(self._clock.time() + self.latency)
        response = self._service.handle(
            target=f"PhotonAdminProxyService.{operation}",
            body=json.dumps(request).encode(),
            account=ACCOUNT,
            region=REGION,
        )
        if response.drop:
            raise ConnectionClosedError(endpoint_url="https://appstream.test")
        answer = json.loads(response.body)
        if response.status != 200:
            raise ClientError(
                {
                    "Error": {"Code": answer["__type"], "Message": answer.get("message") or answer.get("Message", "")},
                    "ResponseMetadata": {
                        "HTTPStatusCode": response.status,
                        "RequestId": "",
                        "HostId": "",
                        "HTTPHeaders": {},
                        "RetryAttempts": 0,
                    },
                },
                operation,
            )
        return answer


class FakeAppStream:
    """One account and Region in virtual time.

    Attributes:
        clock: The time of everything in it.
        began_at: When it began, in seconds since the epoch.
        service: The engine's AppStream.
        place: Its builders, faults and calls; set them up here.
        builders: The function's calls to it.
    """

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.began_at = self.clock.time()
        self.service = AppStreamService(now=self.clock.time)
        self.region = self.service.region_state(account=ACCOUNT, region=REGION)
        self.builders = FakeImageBuilders(self.service, self.clock)

    def put(self, state: str = "STOPPED", *, name: str = NAME, **fields: Any) -> None:
        """Put a builder in place as if it had been in that state for long; a field of None is absent."""
        self.region.builders.put(name, state=state, fields=fields)

    def move(self, state: str, *then: tuple[float, str], name: str = NAME) -> None:
        """Force a builder into a state now, and into those that follow: seconds after the one before, state."""
        self.region.builders.set_state(name, state, list(then))

    def show(self, *, name: str = NAME, **fields: Any) -> None:
        """Let descriptions show other values from now on, even a state that AWS has not got; None hides a field."""
        self.region.builders.observe(name)[0].fields.update(fields)

    def durations(self, **seconds: float) -> None:
        """Change how long things take; see the engine's Durations."""
        self.region.builders.durations = replace(self.region.builders.durations, **seconds)

    def behave(self, **settings: Any) -> None:
        """Change answers that AWS does not document; see the engine's Behavior."""
        self.region.builders.behavior = replace(self.region.builders.behavior, **settings)

    def starts_end(self, kind: str, **details: Any) -> None:
        """Say how the next starts end; see the engine's StartOutcome."""
        self.region.builders.set_start_outcome(NAME, StartOutcome(kind, **details))

    def fault(self, kind: str, operation: str = "*", **details: Any) -> None:
        """Switch a fault on; see the engine's Fault. An operation may be given without "ImageBuilder(s)"."""
        full = {"Describe": "DescribeImageBuilders", "Start": "StartImageBuilder", "Stop": "StopImageBuilder"}
        self.region.faults.add(Fault(kind, full.get(operation, operation), **details))

    def elapsed(self) -> float:
        """Return the seconds since the world began."""
        return self.clock.time() - self.began_at

    def state(self, name: str = NAME) -> str:
        """Return the state that a builder really is in."""
        return self.region.builders.observe(name)[1]

    def starts(self, name: str = NAME) -> int:
        """Return how many starts of a builder were accepted."""
        return self.region.builders.observe(name)[0].starts

    def stops(self, name: str = NAME) -> int:
        """Return how many stops of a builder were accepted."""
        return self.region.builders.observe(name)[0].stops

    def calls(self, operation: str | None = None) -> list[str]:
        """Return the operations that were called, in order; or those calls of one operation."""
        all_calls = [call.operation for call in self.region.calls.all()]
        return [each for each in all_calls if operation in (None, each)]


def _with_times(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a description with moments as boto3 gives them."""

    def moment(value: float) -> datetime:
        return datetime.fromtimestamp(value, tz=timezone.utc)

    fields = dict(fields)
    if "CreatedTime" in fields:
        fields["CreatedTime"] = moment(fields["CreatedTime"])
    if "ImageBuilderErrors" in fields:
        fields["ImageBuilderErrors"] = [
            {**error, "ErrorTimestamp": moment(error["ErrorTimestamp"])} if "ErrorTimestamp" in error else error
            for error in fields["ImageBuilderErrors"]
        ]
    return fields
