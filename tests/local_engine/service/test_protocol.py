"""What botocore itself makes of the service's answers; in process, so without a socket."""

from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from mypy_boto3_appstream import AppStreamClient

from appstream_local.service.faults import Fault
from appstream_local.service.in_process import VirtualClock
from appstream_local.service.service import AppStreamService

_Maker = Callable[..., AppStreamClient]


def _put(service: AppStreamService, name: str, state: str = "STOPPED") -> None:
    service.region_state(account="000000000000", region="us-east-1").builders.put(name, state=state, fields={})


def _add(service: AppStreamService, fault: Fault) -> None:
    service.region_state(account="000000000000", region="us-east-1").faults.add(fault)


def test_a_builder_lives_through_all_five_operations(in_process_client: _Maker, clock: VirtualClock) -> None:
    """Created, running, stopped, started again, stopped, deleted, gone: hours in milliseconds."""
    client = in_process_client()

    def state() -> str:
        return client.describe_image_builders(Names=["cad"])["ImageBuilders"][0]["State"]

    client.create_image_builder(Name="cad", InstanceType="stream.standard.medium", ImageName="Base")
    for change in (client.stop_image_builder, client.start_image_builder, client.stop_image_builder):
        clock.advance(3600)
        change(Name="cad")
    clock.advance(3600)
    assert "STOPPED" == state()
    client.delete_image_builder(Name="cad")
    clock.advance(3600)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        state()


def test_a_description_parses_into_botocores_types(
    in_process_client: _Maker, service: AppStreamService, clock: VirtualClock
) -> None:
    """A timestamp arrives as a time, a boolean as a boolean."""
    _put(service, "cad")
    [builder] = in_process_client().describe_image_builders()["ImageBuilders"]

    assert datetime.fromtimestamp(clock(), timezone.utc) == builder["CreatedTime"]
    assert False is builder["EnableDefaultInternetAccess"]


def test_botocores_paginator_sees_every_builder(in_process_client: _Maker, service: AppStreamService) -> None:
    """It follows the service's tokens."""
    for number in range(5):
        _put(service, f"builder-{number}")

    pages = in_process_client().get_paginator("describe_image_builders").paginate(PaginationConfig={"PageSize": 2})
    names = [each["Name"] for page in pages for each in page["ImageBuilders"]]
    assert [f"builder-{number}" for number in range(5)] == names


@pytest.mark.parametrize(
    "code",
    ["ConcurrentModificationException", "InvalidAccountStatusException", "IncompatibleImageException"],
)
def test_a_modelled_error_arrives_as_its_exception(
    in_process_client: _Maker, service: AppStreamService, code: str
) -> None:
    """The exception is the class botocore's model has for it, with the message."""
    _put(service, "cad")
    _add(service, Fault("error", code=code, message="Wait a few minutes and try again."))
    client = in_process_client()

    with pytest.raises(getattr(client.exceptions, code), match="Wait a few minutes"):
        client.start_image_builder(Name="cad")


@pytest.mark.parametrize("kind", ["throttle", "server_error", "unavailable", "drop"])
def test_botocore_retries_transient_errors(
    in_process_client: _Maker, service: AppStreamService, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Its standard mode sends the request again, and the second one is answered."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    _put(service, "cad")
    _add(service, Fault(kind, times=1))

    answer = in_process_client(attempts=2).start_image_builder(Name="cad")
    assert ("PENDING", 1) == (answer["ImageBuilder"]["State"], answer["ResponseMetadata"]["RetryAttempts"])


def test_a_retry_after_a_lost_response_finds_it_started(
    in_process_client: _Maker, service: AppStreamService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start took effect, its answer was lost, and botocore's own retry is refused."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    _put(service, "cad")
    _add(service, Fault("drop", after_effect=True, times=1))
    client = in_process_client(attempts=2)

    with pytest.raises(client.exceptions.ResourceNotAvailableException):
        client.start_image_builder(Name="cad")


def test_a_dropped_connection_is_one_to_botocore(in_process_client: _Maker, service: AppStreamService) -> None:
    """Without a retry botocore raises ConnectionClosedError."""
    _add(service, Fault("drop"))

    with pytest.raises(ConnectionClosedError):
        in_process_client().describe_image_builders()


def test_a_denied_call_is_a_client_error(in_process_client: _Maker, service: AppStreamService) -> None:
    """AccessDeniedException isn't in AppStream's model, so only its code identifies it."""
    _add(service, Fault("access_denied"))

    with pytest.raises(ClientError) as denied:
        in_process_client(principal="arn:aws:iam::000000000000:user/u").describe_image_builders()
    assert "AccessDeniedException" == denied.value.response["Error"]["Code"]
    assert "arn:aws:iam::000000000000:user/u" in denied.value.response["Error"]["Message"]
