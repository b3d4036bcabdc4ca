"""AppStream as a function from request to response, over a given clock."""

from collections.abc import Callable, Mapping
from random import Random
from threading import Lock
from typing import Any, Final
from uuid import UUID

from . import admin_api
from .arns import authorized_resource
from .builders import ImageBuilders
from .errors import ApiError
from .faults import Fault
from .logs import Call
from .paging import page
from .region_state import RegionState
from .validation import parse, parse_json, unknown_operation
from .wire import Response, dropped, failure, success

TARGET_PREFIX: Final = "PhotonAdminProxyService"
ADMIN_PREFIX: Final = "AppStreamLocal"

# Of everything random: faults and request ids.
_SEED: Final = 0

_Params = Mapping[str, Any]


class AppStreamService:
    """AppStream for any number of accounts and Regions."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        """Start empty, with a clock in epoch seconds; it is the only source of time."""
        self._now = now
        self._random = Random(_SEED)
        self._regions: dict[tuple[str, str], RegionState] = {}
        self._lock = Lock()

    def region_state(self, *, account: str, region: str) -> RegionState:
        """Return the state of one account and Region, which is created on first use."""
        with self._lock:
            key = (account, region)
            if key not in self._regions:
                # Seeded by name: one Region's faults do not shift another's.
                random = Random(f"{_SEED}{key}")
                self._regions[key] = RegionState(account=account, region=region, now=self._now, random=random)
            return self._regions[key]

    def reset(self) -> None:
        """Forget every account and Region."""
        with self._lock:
            self._regions.clear()

    def handle(self, *, target: str, body: bytes, account: str, region: str, principal: str = "") -> Response:
        """Return the response to one request; never raises for what a caller sends.

        Args:
            target: The X-Amz-Target header: `PhotonAdminProxyService.`, or `AppStreamLocal.` for the
                admin API, and the operation.
            body: The request's body.
            account: The caller's account.
            region: The Region of the request.
            principal: ARN of the caller, for the log and for errors.
        """
        prefix, _, operation = target.partition(".")
        region_state = self.region_state(account=account, region=region)
        if prefix == ADMIN_PREFIX:
            return self._administer(region_state, operation, body)
        try:
            request = parse_json(body)
        except ApiError:
            request = {}
        names = _names(request)
        arrived = self._now()
        fault = region_state.faults.pick(operation, names)
        error: ApiError | None = None
        result: Mapping[str, Any] = {}
        try:
            if fault is None or fault.after_effect:
                result = _execute(region_state, operation, body)
            if fault is not None and not fault.drops:
                raise _refusal(region_state, fault, operation, request, principal)
        except ApiError as refused:
            error = refused
        response = self._response(result, error, drop=fault is not None and fault.drops)
        call = Call(
            operation=operation,
            name=",".join(names),
            principal=principal,
            time=arrived,
            status=None if response.drop else response.status,
            error=error.code if error is not None and not response.drop else "",
            request=request,
        )
        region_state.calls.add(call)
        return response

    def _administer(self, region_state: RegionState, operation: str, body: bytes) -> Response:
        error: ApiError | None = None
        result: Mapping[str, Any] = {}
        try:
            result = admin_api.execute(region_state, operation, parse_json(body))
        except ApiError as refused:
            error = refused
        return self._response(result, error, drop=False)

    def _response(self, result: Mapping[str, Any], error: ApiError | None, *, drop: bool) -> Response:
        with self._lock:
            request_id = str(UUID(int=self._random.getrandbits(128), version=4))
        if drop:
            return dropped(request_id=request_id)
        if error is not None:
            return failure(error, request_id=request_id)
        return success(result, request_id=request_id)


def _refusal(region_state: RegionState, fault: Fault, operation: str, request: _Params, principal: str) -> ApiError:
    account, region = region_state.account, region_state.region
    resource = authorized_resource(operation=operation, params=request, account=account, region=region)
    caller = principal or f"arn:aws:iam::{account}:root"
    return fault.error(principal=caller, operation=operation, resource=resource)


def _names(request: _Params) -> list[str]:
    """Return the image builders that a request names."""
    listed = request.get("Names")
    candidates = listed if isinstance(listed, list) else [request.get("Name")]
    return [name for name in candidates if isinstance(name, str)]


def _execute(region_state: RegionState, operation: str, body: bytes) -> Mapping[str, Any]:
    params = parse(operation, body)
    if operation not in _OPERATIONS:
        raise unknown_operation(operation)
    return _OPERATIONS[operation](region_state.builders, params)


def _describe(builders: ImageBuilders, params: _Params) -> Mapping[str, Any]:
    size = params.get("MaxResults", builders.behavior.page_size)
    found = builders.describe(params.get("Names", ()))
    shown, token = page(found, size=size, token=params.get("NextToken"))
    return {"ImageBuilders": shown, **({"NextToken": token} if token else {})}


_OPERATIONS: Final[Mapping[str, Callable[[ImageBuilders, _Params], Mapping[str, Any]]]] = {
    "CreateImageBuilder": lambda builders, p: {"ImageBuilder": builders.create(p)},
    "DeleteImageBuilder": lambda builders, p: {"ImageBuilder": builders.delete(p["Name"])},
    "DescribeImageBuilders": _describe,
    "StartImageBuilder": lambda builders, p: {
        "ImageBuilder": builders.start(p["Name"], p.get("AppstreamAgentVersion"))
    },
    "StopImageBuilder": lambda builders, p: {"ImageBuilder": builders.stop(p["Name"])},
}
