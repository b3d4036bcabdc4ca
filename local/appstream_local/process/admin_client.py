"""A typed client for the engine's admin API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from appstream_local.service.logs import Call, IamCheck

from .environment import REGION


class AdminError(Exception):
    """An admin operation failed, or the engine could not be reached."""


@dataclass(frozen=True)
class Observed:
    """One image builder as the engine knows it.

    Attributes:
        description: What DescribeImageBuilders shows.
        state: Its actual state, even while DescribeImageBuilders lags.
        starts: Accepted starts.
        stops: Accepted stops.
        tags: Its tags.
    """

    description: Mapping[str, Any]
    state: str
    starts: int
    stops: int
    tags: Mapping[str, str]


class AdminClient:
    """Sets up and observes image builders in a running engine.

    It ignores the user's AWS configuration and proxy settings.
    """

    def __init__(self, *, endpoint_url: str, ca_bundle: Path) -> None:
        """Prepare; nothing is sent yet.

        Args:
            endpoint_url: The engine's URL.
            ca_bundle: The engine's certificate.
        """
        self._endpoint = endpoint_url
        self._credentials = Credentials("test", "test")
        # botocore also accepts a path here, but the stubs don't.
        verify: Any = str(ca_bundle)
        self._session = URLLib3Session(verify=verify, timeout=30)

    def put_image_builder(
        self, name: str, *, state: str = "STOPPED", region: str = REGION, **fields: Any
    ) -> Mapping[str, Any]:
        """Add a builder in any state; a field of None is absent from descriptions.

        Args:
            name: Its name; replaces a builder of this name.
            state: Its state.
            region: Its Region.
            **fields: Fields of ImageBuilder, such as `VpcConfig`; timestamps as epoch seconds.

        Returns:
            Its description.
        """
        params = {"Name": name, "State": state, "Fields": fields}
        description: Mapping[str, Any] = self._call("PutImageBuilder", params, region)["ImageBuilder"]
        return description

    def image_builder(self, name: str, *, region: str = REGION) -> Observed:
        """Return a builder as the engine knows it."""
        found = self._call("GetImageBuilder", {"Name": name}, region)
        return Observed(found["ImageBuilder"], found["State"], found["Starts"], found["Stops"], found["Tags"])

    def set_state(self, name: str, state: str, *, then: Sequence[tuple[float, str]] = ()) -> None:
        """Force a state now, then others: (seconds after the previous one, state)."""
        steps = [{"AfterSeconds": seconds, "State": following} for seconds, following in then]
        self._call("SetState", {"Name": name, "State": state, "Then": steps})

    def set_start_outcome(self, name: str, kind: str, **details: Any) -> None:
        """Set how the next starts of a builder end; see `outcomes.StartOutcome`."""
        self._call("SetStartOutcome", {"Name": name, "kind": kind, **details})

    def set_durations(self, **seconds: float) -> None:
        """Set how long things take from now on; see `settings.Durations`."""
        self._call("SetDurations", seconds)

    def set_behavior(self, **settings: Any) -> None:
        """Set what AWS doesn't document; see `settings.Behavior`."""
        self._call("SetBehavior", settings)

    def add_fault(self, kind: str, **details: Any) -> None:
        """Inject a fault; see `faults.Fault`."""
        self._call("AddFault", {"kind": kind, **details})

    def limit_rate(self, per_second: float | None) -> None:
        """Throttle AppStream requests beyond a rate; None removes the limit."""
        self._call("LimitRate", {"PerSecond": per_second})

    def calls(self) -> list[Call]:
        """Return the AppStream calls so far, without admin operations."""
        return [Call(**call) for call in self._call("Calls")["Calls"]]

    def clear_calls(self) -> None:
        """Clear the log of calls."""
        self._call("ClearCalls")

    def iam_checks(self) -> list[IamCheck]:
        """Return the permissions that calls of any service needed so far, each once; root has all."""
        return [IamCheck(**check) for check in self._call("IamChecks")["IamChecks"]]

    def run_schedules(self, at: float) -> None:
        """Run every schedule of EventBridge Scheduler that is due at a moment (epoch seconds), in all Regions."""
        self._call("RunSchedules", {"At": at})

    def running_invocations(self) -> dict[str, int]:
        """Return how many invocations of each Lambda function are running, by function name."""
        return dict(self._call("RunningInvocations"))

    def reset(self, *, region: str = REGION) -> None:
        """Reset builders, faults, logs and settings of the account in one Region."""
        self._call("Reset", {}, region)

    def _call(self, operation: str, params: Mapping[str, Any] | None = None, region: str = REGION) -> Any:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AppStreamLocal.{operation}",
        }
        data = json.dumps(params or {}).encode()
        request = AWSRequest(method="POST", url=self._endpoint, headers=headers, data=data)
        SigV4Auth(self._credentials, "appstream", region).add_auth(request)
        try:
            response = self._session.send(request.prepare())
        except BotoCoreError as error:
            raise AdminError(f"{operation} did not reach {self._endpoint}: {error}") from error
        if response.status_code != 200:
            raise AdminError(f"{operation} was refused ({response.status_code}): {response.text}")
        return json.loads(response.content)
