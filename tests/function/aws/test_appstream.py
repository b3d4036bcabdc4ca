"""The AppStream calls, through the real boto3 client."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.stub import Stubber

from appstream_local.service.in_process import VirtualClock, route
from appstream_local.service.service import AppStreamService
from running_image_builder_function.aws.appstream import AppStream
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.fake_appstream import NAME

SERVICE = "appstream"
CHANGED = {"ImageBuilder": {"Name": NAME}}
"""The response to a start or stop."""


@pytest.fixture
def appstream(client: Any) -> AppStream:
    """Return the adapter under test."""
    return AppStream(lambda: client)


@pytest.mark.parametrize("others", [[], [{"Name": "another"}]])
def test_describe_asks_for_one_name_and_returns_its_fields(
    appstream: AppStream, stubber: Stubber, others: list[dict[str, str]]
) -> None:
    """Whatever else is listed. With the name, there is only one page."""
    fields = {"Name": NAME, "State": "RUNNING"}
    stubber.add_response("describe_image_builders", {"ImageBuilders": [*others, fields]}, {"Names": [NAME]})

    found = appstream.describe(NAME)

    assert found is not None
    assert fields == found.fields


@pytest.mark.parametrize("response", [{"ImageBuilders": []}, {"ImageBuilders": [{"Name": "another"}]}])
def test_a_builder_that_is_not_listed_is_none(appstream: AppStream, stubber: Stubber, response: dict[str, Any]) -> None:
    """Some callers saw an empty list for an unknown name; another builder is never taken for it."""
    stubber.add_response("describe_image_builders", response, {"Names": [NAME]})

    assert appstream.describe(NAME) is None


def test_a_builder_that_appstream_does_not_find_is_none(appstream: AppStream, stubber: Stubber) -> None:
    """It is an error of the API, and a result here."""
    stubber.add_client_error("describe_image_builders", "ResourceNotFoundException", http_status_code=404)

    assert appstream.describe(NAME) is None


@pytest.mark.parametrize(("version", "sent"), [(None, {}), ("LATEST", {"AppstreamAgentVersion": "LATEST"})])
def test_start_sends_a_version_only_where_one_is_given(
    appstream: AppStream, stubber: Stubber, version: str | None, sent: dict[str, str]
) -> None:
    """Without one, AppStream leaves the agent as it is."""
    stubber.add_response("start_image_builder", CHANGED, {"Name": NAME, **sent})

    appstream.start(NAME, version)


def test_stop_sends_the_name(appstream: AppStream, stubber: Stubber) -> None:
    """Nothing else."""
    stubber.add_response("stop_image_builder", CHANGED, {"Name": NAME})

    appstream.stop(NAME)


@pytest.mark.parametrize(
    ("operation", "method", "call"),
    [
        ("DescribeImageBuilders", "describe_image_builders", lambda appstream: appstream.describe(NAME)),
        ("StartImageBuilder", "start_image_builder", lambda appstream: appstream.start(NAME, None)),
        ("StopImageBuilder", "stop_image_builder", lambda appstream: appstream.stop(NAME)),
    ],
)
def test_an_error_names_the_action_of_its_call(
    appstream: AppStream, stubber: Stubber, operation: str, method: str, call: Callable[[AppStream], None]
) -> None:
    """The action is what is missing in a policy."""
    stubber.add_client_error(method, "AccessDeniedException", "Not you.", http_status_code=400)

    with pytest.raises(AwsCallError, match=rf"^appstream:{operation}: AccessDeniedException: Not you\.$") as failed:
        call(appstream)

    assert ErrorKind.DENIED is failed.value.kind


def test_a_dropped_connection_is_a_failed_call(client: Any, appstream: AppStream) -> None:
    """It is made once: the reconcile loop retries."""
    sent = []

    def drop(request: Any, **_: Any) -> None:
        sent.append(request)
        raise ConnectionClosedError(endpoint_url=request.url)

    client.meta.events.register("before-send.appstream", drop)

    with pytest.raises(AwsCallError) as failed:
        appstream.stop(NAME)

    assert (ErrorKind.UNAVAILABLE, "ConnectionClosedError") == (failed.value.kind, failed.value.code)
    assert 1 == len(sent)


def test_a_name_that_botocore_refuses_is_a_failed_call(appstream: AppStream) -> None:
    """Before anything is sent."""
    with pytest.raises(AwsCallError) as failed:
        appstream.start(NAME, "")

    assert ErrorKind.INVALID is failed.value.kind


def test_the_responses_of_the_local_engine_are_understood(client: Any, appstream: AppStream) -> None:
    """Over the wire format, times included."""
    service = AppStreamService(now=VirtualClock())
    route(client, service)
    service.region_state(account="000000000000", region="eu-central-1").builders.put(NAME, state="STOPPED", fields={})

    appstream.start(NAME, "LATEST")
    found = appstream.describe(NAME)

    assert found is not None
    assert ("PENDING", "2027-01-15T08:00:00Z") == (found.state, found.attributes()["CreatedTime"])
