"""A typed client for the admin operations; knows the wire format, and nothing of the engine."""

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
    """An admin operation was refused, or the engine could not be reached."""


@dataclass(frozen=True)
class Observed:
    """What the engine knows about one image builder.

    Attributes:
        description: What DescribeImageBuilders shows of it.
        state: The state it is in, even while describe lags behind.
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
    """Sets up and watches image builders in a running engine.

    It reads neither the user's AWS configuration nor proxy settings: it talks to the engine only.
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
            endpoint_url: The engine's address.
            ca_bundle: The engine's certificate, for an https address.
            region: The Region meant where a call names none.
            account: The account meant; the engine takes twelve digits as an access key for it.
        """
        self._endpoint = endpoint_url
        self._region = region
        key = "test" if account == _DEFAULT_ACCOUNT else account
        self._credentials = Credentials(key, "test")
        # botocore takes a path here as well; the stubs know only True and False.
        verify: Any = str(ca_bundle) if ca_bundle else True
        self._session = URLLib3Session(verify=verify, timeout=30)

    def put_image_builder(
        self, name: str, *, state: str = "STOPPED", region: str | None = None, **fields: Any
    ) -> Mapping[str, Any]:
        """Put a builder in place, in any state; a field of None is absent from descriptions.

        Args:
            name: Its name; a builder that has it already is replaced.
            state: Its state.
            region: Its Region.
            **fields: Fields of ImageBuilder, such as `VpcConfig`; timestamps as epoch seconds.

        Returns:
            Its description.
        """
        params = {"Name": name, "State": state, "Fields": fields}
        answer: Mapping[str, Any] = self._call("PutImageBuilder", region, params)["ImageBuilder"]
        return answer

    def image_builder(self, name: str, *, region: str | None = None) -> Observed:
        """Return what the engine knows about a builder."""
        answer = self._call("GetImageBuilder", region, {"Name": name})
        return Observed(
            description=answer["ImageBuilder"],
            state=answer["State"],
            starts=answer["Starts"],
            stops=answer["Stops"],
            tags=answer["Tags"],
        )

    def set_state(
        self,
        name: str,
        state: str,
        *,
        then: Sequence[tuple[float, str]] = (),
        region: str | None = None,
    ) -> None:
        """Force a state now, and those that follow: (seconds after the one before, state)."""
        steps = [{"AfterSeconds": seconds, "State": following} for seconds, following in then]
        self._call("SetState", region, {"Name": name, "State": state, "Then": steps})

    def begin_transition(self, name: str, transition: str, *, region: str | None = None) -> None:
        """Send a builder into a transition of `states.TRANSITIONS`, such as `reboot`."""
        self._call("BeginTransition", region, {"Name": name, "Transition": transition})

    def set_start_outcome(self, name: str, kind: str, *, region: str | None = None, **details: Any) -> None:
        """Say how the next starts of a builder end; see `outcomes.StartOutcome`."""
        self._call("SetStartOutcome", region, {"Name": name, "kind": kind, **details})

    def set_durations(self, *, region: str | None = None, **seconds: float) -> None:
        """Change how long things take from now on; see `settings.Durations`."""
        self._call("SetDurations", region, seconds)

    def set_behavior(self, *, region: str | None = None, **settings: Any) -> None:
        """Change answers AWS does not document; see `settings.Behavior`."""
        self._call("SetBehavior", region, settings)

    def add_fault(self, kind: str, *, region: str | None = None, **details: Any) -> None:
        """Switch a fault on; see `faults.Fault`."""
        self._call("AddFault", region, {"kind": kind, **details})

    def limit_rate(self, per_second: float | None, *, burst: float | None = None, region: str | None = None) -> None:
        """Throttle beyond a rate of AppStream requests; None lifts the limit."""
        self._call("LimitRate", region, {"PerSecond": per_second, "Burst": burst})

    def clear_faults(self, *, region: str | None = None) -> None:
        """Switch every fault and the rate limit off."""
        self._call("ClearFaults", region, {})

    def calls(self, *, region: str | None = None) -> list[Call]:
        """Return the AppStream calls received so far; admin operations are not among them."""
        return [Call(**call) for call in self._call("Calls", region, {})["Calls"]]

    def clear_calls(self, *, region: str | None = None) -> None:
        """Forget the calls received so far."""
        self._call("ClearCalls", region, {})

    def iam_checks(self, *, region: str | None = None) -> list[IamCheck]:
        """Return the permissions that calls of any service needed so far, each once; root may do everything."""
        return [IamCheck(**check) for check in self._call("IamChecks", region, {})["IamChecks"]]

    def clear_iam_checks(self, *, region: str | None = None) -> None:
        """Forget the permissions needed so far."""
        self._call("ClearIamChecks", region, {})

    def run_schedules(self, at: float, *, region: str | None = None) -> None:
        """Run every schedule of EventBridge Scheduler that is due at a moment, as if it had come.

        Args:
            at: Seconds since the epoch.
            region: The Region the request is made in; schedules of all Regions run.
        """
        self._call("RunSchedules", region, {"At": at})

    def running_invocations(self, *, region: str | None = None) -> dict[str, int]:
        """Return how many invocations of each Lambda function run now, by its name; those without any are left out."""
        return dict(self._call("RunningInvocations", region, {}))

    def reset(self, *, region: str | None = None) -> None:
        """Forget builders, faults, calls and settings of the account in one Region."""
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
