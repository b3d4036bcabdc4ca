"""A typed client for the engine's admin API."""

from __future__ import annotations

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

_DEFAULT_ACCOUNT = "000000000000"


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

    def __init__(
        self,
        *,
        endpoint_url: str,
        ca_bundle: str | Path | None = None,
        region: str = "us-east-1",
        account: str = _DEFAULT_ACCOUNT,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            endpoint_url: The engine's URL.
            ca_bundle: The engine's certificate, for an https URL.
            region: The Region for calls without one.
            account: The account; the engine takes an access key of twelve digits as an account.
        """
        self._endpoint = endpoint_url
        self._region = region
        key = "test" if account == _DEFAULT_ACCOUNT else account
        self._credentials = Credentials(key, "test")
        # botocore also accepts a path here, but the stubs don't.
        verify: Any = str(ca_bundle) if ca_bundle else True
        self._session = URLLib3Session(verify=verify, timeout=30)

    def put_image_builder(
        self, name: str, *, state: str = "STOPPED", region: str | None = None, **fields: Any
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
        description: Mapping[str, Any] = self._call("PutImageBuilder", region, params)["ImageBuilder"]
        return description

    def image_builder(self, name: str, *, region: str | None = None) -> Observed:
        """Return a builder as the engine knows it."""
        found = self._call("GetImageBuilder", region, {"Name": name})
        return Observed(found["ImageBuilder"], found["State"], found["Starts"], found["Stops"], found["Tags"])

    def set_state(
        self,
        name: str,
        state: str,
        *,
        then: Sequence[tuple[float, str]] = (),
        region: str | None = None,
    ) -> None:
        """Force a state now, then others: (seconds after the previous one, state)."""
        steps = [{"AfterSeconds": seconds, "State": following} for seconds, following in then]
        self._call("SetState", region, {"Name": name, "State": state, "Then": steps})

    def begin_transition(self, name: str, transition: str, *, region: str | None = None) -> None:
        """Begin a transition in `states.TRANSITIONS`, such as `reboot`."""
        self._call("BeginTransition", region, {"Name": name, "Transition": transition})

    def set_start_outcome(self, name: str, kind: str, *, region: str | None = None, **details: Any) -> None:
        """Set how the next starts of a builder end; see `outcomes.StartOutcome`."""
        self._call("SetStartOutcome", region, {"Name": name, "kind": kind, **details})

    def set_durations(self, *, region: str | None = None, **seconds: float) -> None:
        """Set how long things take from now on; see `settings.Durations`."""
        self._call("SetDurations", region, seconds)

    def set_behavior(self, *, region: str | None = None, **settings: Any) -> None:
        """Set what AWS doesn't document; see `settings.Behavior`."""
        self._call("SetBehavior", region, settings)

    def add_fault(self, kind: str, *, region: str | None = None, **details: Any) -> None:
        """Inject a fault; see `faults.Fault`."""
        self._call("AddFault", region, {"kind": kind, **details})

    def limit_rate(self, per_second: float | None, *, burst: float | None = None, region: str | None = None) -> None:
        """Throttle AppStream requests beyond a rate; None removes the limit."""
        self._call("LimitRate", region, {"PerSecond": per_second, "Burst": burst})

    def clear_faults(self, *, region: str | None = None) -> None:
        """Remove every fault and the rate limit."""
        self._call("ClearFaults", region, {})

    def calls(self, *, region: str | None = None) -> list[Call]:
        """Return the AppStream calls so far, without admin operations."""
        return [Call(**call) for call in self._call("Calls", region, {})["Calls"]]

    def clear_calls(self, *, region: str | None = None) -> None:
        """Clear the log of calls."""
        self._call("ClearCalls", region, {})

    def iam_checks(self, *, region: str | None = None) -> list[IamCheck]:
        """Return the permissions that calls of any service needed so far, each once; root has all."""
        return [IamCheck(**check) for check in self._call("IamChecks", region, {})["IamChecks"]]

    def clear_iam_checks(self, *, region: str | None = None) -> None:
        """Clear the log of permissions."""
        self._call("ClearIamChecks", region, {})

    def run_schedules(self, at: float, *, region: str | None = None) -> None:
        """Run every schedule of EventBridge Scheduler that is due at a moment.

        Args:
            at: Seconds since the epoch.
            region: The Region of the request; schedules of all Regions run.
        """
        self._call("RunSchedules", region, {"At": at})

    def running_invocations(self, *, region: str | None = None) -> dict[str, int]:
        """Return how many invocations of each Lambda function are running, by function name."""
        return dict(self._call("RunningInvocations", region, {}))

    def reset(self, *, region: str | None = None) -> None:
        """Reset builders, faults, logs and settings of the account in one Region."""
        self._call("Reset", region, {})

    def _call(self, operation: str, region: str | None, params: Mapping[str, Any]) -> Any:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AppStreamLocal.{operation}",
        }
        data = json.dumps(params).encode()
        request = AWSRequest(method="POST", url=self._endpoint, headers=headers, data=data)
        SigV4Auth(self._credentials, "appstream", region or self._region).add_auth(request)
        try:
            response = self._session.send(request.prepare())
        except BotoCoreError as error:
            raise AdminError(f"{operation} did not reach {self._endpoint}: {error}") from error
        if response.status_code != 200:
            raise AdminError(f"{operation} was refused ({response.status_code}): {response.text}")
        return json.loads(response.content)
