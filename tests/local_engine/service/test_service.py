"""The service from request to answer: wire format, call log, lost answers, accounts and Regions, admin."""

import json
from typing import Any

import pytest

from appstream_local.service.in_process import VirtualClock
from appstream_local.service.service import AppStreamService
from appstream_local.service.wire import Response

_ROLE = "arn:aws:sts::111122223333:assumed-role/deployer/session"


class _Caller:
    """Calls one service as one principal in one account and Region."""

    def __init__(self, service: AppStreamService, *, region: str = "eu-west-1") -> None:
        self._service = service
        self._region = region

    def send(self, target: str, body: bytes) -> Response:
        return self._service.handle(
            target=target, body=body, account="111122223333", region=self._region, principal=_ROLE
        )

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        response = self.send(f"PhotonAdminProxyService.{operation}", json.dumps(params).encode())
        result: dict[str, Any] = {} if response.drop else json.loads(response.body)
        return result

    def admin(self, operation: str, /, **params: Any) -> dict[str, Any]:
        response = self.send(f"AppStreamLocal.{operation}", json.dumps(params).encode())
        result: dict[str, Any] = json.loads(response.body)
        return result


@pytest.fixture
def caller(service: AppStreamService) -> _Caller:
    """Return a caller where one image builder is stopped."""
    made = _Caller(service)
    made.admin("PutImageBuilder", Name="cad")
    return made


def test_a_success_is_aws_json(caller: _Caller) -> None:
    """Content type, request id, timestamps as numbers."""
    response = caller.send("PhotonAdminProxyService.DescribeImageBuilders", b"{}")

    assert (200, False) == (response.status, response.drop)
    assert "application/x-amz-json-1.1" == response.headers["Content-Type"]
    assert 36 == len(response.headers["x-amzn-requestid"])
    [builder] = json.loads(response.body)["ImageBuilders"]
    assert isinstance(builder["CreatedTime"], float)


def test_a_refusal_is_aws_json(caller: _Caller) -> None:
    """The code is in the body and in a header; a modeled error has its text in Message."""
    response = caller.send("PhotonAdminProxyService.StartImageBuilder", b'{"Name": "nobody"}')

    assert 404 == response.status
    assert "ResourceNotFoundException" == response.headers["x-amzn-ErrorType"]
    assert {"__type", "Message"} == set(json.loads(response.body))


def test_an_operation_only_aws_has_says_so(caller: _Caller) -> None:
    """It has status 501, unlike an operation that AWS doesn't have either."""
    theirs = caller.send("PhotonAdminProxyService.DescribeFleets", b"{}")
    nobodys = caller.send("PhotonAdminProxyService.FlyImageBuilder", b"{}")

    assert (501, 400) == (theirs.status, nobodys.status)
    assert {"UnknownOperationException"} == {each.headers["x-amzn-ErrorType"] for each in (theirs, nobodys)}


def test_every_call_is_logged(caller: _Caller, clock: VirtualClock) -> None:
    """Operation, name, principal, time, status, error and request; admin operations are not."""
    caller.call("StartImageBuilder", Name="cad")
    clock.advance(3)
    caller.call("DescribeImageBuilders", Names=["cad", "nobody"])
    started, described = caller.admin("Calls")["Calls"]

    expected = {
        "operation": "StartImageBuilder",
        "name": "cad",
        "principal": _ROLE,
        "time": clock() - 3,
        "status": 200,
        "error": "",
        "request": {"Name": "cad"},
    }
    assert expected == started
    assert "cad,nobody" == described["name"]
    assert (404, "ResourceNotFoundException") == (described["status"], described["error"])
    caller.admin("ClearCalls")
    assert [] == caller.admin("Calls")["Calls"]


@pytest.mark.parametrize(("after_effect", "starts"), [(False, 0), (True, 1)])
def test_a_start_may_succeed_although_its_response_is_lost(caller: _Caller, *, after_effect: bool, starts: int) -> None:
    """A dropped start changes nothing, unless only its answer was lost."""
    caller.admin("AddFault", kind="drop", operation="StartImageBuilder", after_effect=after_effect, times=1)
    response = caller.send("PhotonAdminProxyService.StartImageBuilder", b'{"Name": "cad"}')

    assert response.drop
    assert starts == caller.admin("GetImageBuilder", Name="cad")["Starts"]
    assert None is caller.admin("Calls")["Calls"][0]["status"]


def test_an_error_may_follow_a_successful_start(caller: _Caller) -> None:
    """A 500 after an accepted start: a trap for callers that rely on responses."""
    caller.admin("AddFault", kind="server_error", after_effect=True, times=1)

    assert "InternalFailure" == caller.call("StartImageBuilder", Name="cad")["__type"]
    assert "PENDING" == caller.admin("GetImageBuilder", Name="cad")["State"]


def test_a_denied_call_names_the_image_builder(caller: _Caller) -> None:
    """The injected error reads like IAM's, with Region and account."""
    caller.admin("AddFault", kind="access_denied")

    message = caller.call("StopImageBuilder", Name="cad")["message"]
    assert f"User: {_ROLE} is not authorized to perform: appstream:StopImageBuilder" in message
    assert "arn:aws:appstream:eu-west-1:111122223333:image-builder/cad" in message
    assert "on resource: * because" in caller.call("DescribeImageBuilders")["message"]


def test_regions_share_nothing(caller: _Caller, service: AppStreamService) -> None:
    """One Region doesn't see builders, faults and calls of another."""
    caller.admin("AddFault", kind="throttle")
    elsewhere = _Caller(service, region="us-gov-west-1")

    assert [] == elsewhere.call("DescribeImageBuilders")["ImageBuilders"]
    assert [] == caller.admin("Calls")["Calls"]
    arn = elsewhere.admin("PutImageBuilder", Name="cad")["ImageBuilder"]["Arn"]
    assert "arn:aws-us-gov:appstream:us-gov-west-1:111122223333:image-builder/cad" == arn


def test_a_reset_forgets_everything(caller: _Caller) -> None:
    """There is no builder, call or fault, and settings have their defaults."""
    caller.admin("SetDurations", start=1)
    caller.admin("AddFault", kind="throttle")
    caller.call("DescribeImageBuilders")
    caller.admin("Reset")

    assert [] == caller.admin("Calls")["Calls"]
    assert [] == caller.call("DescribeImageBuilders")["ImageBuilders"]
    caller.admin("PutImageBuilder", Name="cad")
    caller.call("StartImageBuilder", Name="cad")


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("Fly", {}, "UnknownOperationException"),
        ("PutImageBuilder", {}, "ValidationException"),
        ("PutImageBuilder", {"Name": "x", "Fields": {"Color": "red"}}, "ValidationException"),
        ("PutImageBuilder", {"Name": "x", "Fields": {"Platform": "AMIGA"}}, "ValidationException"),
        ("PutImageBuilder", {"Name": "x", "State": "ASLEEP"}, "ValidationException"),
        ("SetState", {"Name": "cad"}, "ValidationException"),
        ("SetState", {"Name": "nobody", "State": "STOPPED"}, "ResourceNotFoundException"),
        ("SetDurations", {"begin": 1}, "ValidationException"),
        ("SetDurations", {"start": -1}, "ValidationException"),
        ("SetBehavior", {"quota": "many"}, "ValidationException"),
        ("SetStartOutcome", {"Name": "cad", "kind": "sideways"}, "ValidationException"),
        ("SetStartOutcome", {"Name": "cad", "times": 0}, "ValidationException"),
    ],
)
def test_an_invalid_admin_operation_is_refused(
    caller: _Caller, operation: str, params: dict[str, Any], code: str
) -> None:
    """A test that is set up wrongly fails where it is set up."""
    assert code == caller.admin(operation, **params)["__type"]


@pytest.mark.parametrize("params", [{"NextToken": "page 2"}, {"MaxResults": 0}])
def test_a_page_there_is_not_is_refused(caller: _Caller, params: dict[str, Any]) -> None:
    """An unknown token and an empty page are ValidationException."""
    assert "ValidationException" == caller.call("DescribeImageBuilders", **params)["__type"]
