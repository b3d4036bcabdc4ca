"""AppStream in the engine: HTTPS, signatures and dropped connections."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from mypy_boto3_appstream import AppStreamClient

from appstream_local.process.admin_client import AdminClient, AdminError
from appstream_local.process.engine import Engine

pytestmark = pytest.mark.engine

_NAME, _OTHER = "cad", "crm"


@pytest.fixture
def client(engine_client: Callable[..., Any], admin: AdminClient) -> AppStreamClient:
    """Return a client of the account's root; two builders are stopped."""
    for name in (_NAME, _OTHER):
        admin.put_image_builder(name)
    appstream: AppStreamClient = engine_client("appstream")
    return appstream


def test_a_builder_starts_over_https(client: AppStreamClient, admin: AdminClient) -> None:
    """It is RUNNING after the configured time."""
    admin.set_durations(start=0.2)

    assert "PENDING" == client.start_image_builder(Name=_NAME)["ImageBuilder"]["State"]
    time.sleep(0.25)
    [builder] = client.describe_image_builders(Names=[_NAME])["ImageBuilders"]
    assert "RUNNING" == builder["State"]
    assert builder["NetworkAccessConfiguration"]["EniId"].startswith("eni-")
    observed = admin.image_builder(_NAME)
    assert ("RUNNING", 1, 0) == (observed.state, observed.starts, observed.stops)


@pytest.mark.parametrize(("after_effect", "starts"), [(False, 0), (True, 1)])
def test_a_dropped_connection_has_no_response(
    client: AppStreamClient, admin: AdminClient, *, after_effect: bool, starts: int
) -> None:
    """Not one byte arrives, and the next request works."""
    admin.add_fault("drop", operation="StartImageBuilder", after_effect=after_effect, times=1)

    with pytest.raises(ConnectionClosedError):
        client.start_image_builder(Name=_NAME)
    assert starts == admin.image_builder(_NAME).starts
    assert 2 == len(client.describe_image_builders()["ImageBuilders"])


def test_responses_have_one_request_id(client: AppStreamClient) -> None:
    """Ministack's id replaces the service's; two would be joined by a comma."""
    assert 36 == len(client.describe_image_builders()["ResponseMetadata"]["RequestId"])


def test_other_services_still_work(engine: Engine, engine_client: Callable[..., Any]) -> None:
    """And an operation that AppStream lacks is unknown."""
    assert engine.account == engine_client("sts").get_caller_identity()["Account"]
    with pytest.raises(ClientError, match="UnknownOperationException"):
        engine_client("appstream").describe_fleets()


def test_the_admin_client_says_what_went_wrong(engine: Engine, admin: AdminClient) -> None:
    """The reason of an error, or the URL of an engine that doesn't run."""
    with pytest.raises(AdminError, match="ASLEEP"):
        admin.put_image_builder("x", state="ASLEEP")
    nowhere = AdminClient(endpoint_url="https://127.0.0.1:9", ca_bundle=engine.ca_bundle)
    with pytest.raises(AdminError, match=r"Calls did not reach https://127\.0\.0\.1:9"):
        nowhere.calls()
