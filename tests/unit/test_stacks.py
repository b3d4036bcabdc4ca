"""Whether CloudFormation still waits: what its status of the resource means."""

from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.stub import Stubber

from running_image_builder_function.aws_errors import CONFIG
from running_image_builder_function.stacks import Stacks
from support.lambda_side import LOGICAL_ID, STACK_ID

BEGAN = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)


@pytest.fixture
def client() -> Any:
    """Return a CloudFormation client of nobody's."""
    return boto3.client(
        "cloudformation",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=CONFIG,
    )


def look(client: Any, status: str, *, seconds_later: float) -> str:
    """Return what is made of a status that the resource got some seconds after the request began."""
    detail = {
        "LogicalResourceId": LOGICAL_ID,
        "ResourceType": "any",
        "ResourceStatus": status,
        "LastUpdatedTimestamp": BEGAN + timedelta(seconds=seconds_later),
    }
    with Stubber(client) as stubber:
        stubber.add_response(
            "describe_stack_resource",
            {"StackResourceDetail": detail},
            {"StackName": STACK_ID, "LogicalResourceId": LOGICAL_ID},
        )
        return ended(client)


def ended(client: Any) -> str:
    """Return the answer to one look."""
    return Stacks(lambda: client).ended(STACK_ID, LOGICAL_ID, began_at=BEGAN.timestamp())


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS"])
@pytest.mark.parametrize("seconds_later", [-1, 0, 1])
def test_a_resource_in_progress_is_waited_for(client: Any, status: str, seconds_later: float) -> None:
    """The request is going on."""
    assert "" == look(client, status, seconds_later=seconds_later)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_FAILED"])
def test_a_resource_that_came_to_an_end_later_is_not_waited_for(client: Any, status: str) -> None:
    """It was answered, or CloudFormation gave up."""
    assert status == look(client, status, seconds_later=1)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE"])
@pytest.mark.parametrize("seconds_later", [-1, 0])
def test_an_end_from_before_the_request_is_another_requests(client: Any, status: str, seconds_later: float) -> None:
    """CloudFormation's own status may lag behind."""
    assert "" == look(client, status, seconds_later=seconds_later)


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED", "DELETE_SKIPPED"])
@pytest.mark.parametrize("seconds_later", [-1, 1])
def test_a_resource_that_is_deleted_is_not_waited_for(client: Any, status: str, seconds_later: float) -> None:
    """Whenever that began: nothing follows a deletion."""
    assert status == look(client, status, seconds_later=seconds_later)


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationError", "Throttling"])
def test_not_knowing_means_going_on(client: Any, code: str, caplog: pytest.LogCaptureFixture) -> None:
    """A missing permission must not fail a deploy; the log says that nobody looked."""
    caplog.set_level("INFO")
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_stack_resource", code)
        assert "" == ended(client)

    assert ["no look at the stack: ClientError"] == [record.getMessage() for record in caplog.records]


def test_a_dropped_connection_means_going_on(client: Any) -> None:
    """As any other way of not knowing."""

    def drop(request: Any, **_: Any) -> None:
        raise ConnectionClosedError(endpoint_url=request.url)

    client.meta.events.register("before-send.cloudformation", drop)

    assert "" == ended(client)


@pytest.mark.parametrize(
    "detail",
    [
        None,
        {},
        {"ResourceStatus": "CREATE_COMPLETE"},
        {"ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": None},
        {"LastUpdatedTimestamp": BEGAN + timedelta(seconds=1)},
        {"ResourceStatus": None, "LastUpdatedTimestamp": BEGAN + timedelta(seconds=1)},
    ],
)
def test_an_answer_without_what_was_asked_for_means_going_on(detail: object) -> None:
    """Local engines leave out much."""

    class Client:
        def describe_stack_resource(self, **_: str) -> dict[str, object]:
            return {} if detail is None else {"StackResourceDetail": detail}

    assert "" == ended(Client())


def test_the_client_is_made_at_the_first_look_and_only_once(client: Any) -> None:
    """A running builder needs none."""
    made = []

    def make() -> Any:
        made.append(client)
        return client

    stacks = Stacks(make)
    before = len(made)
    with Stubber(client) as stubber:
        for _ in range(2):
            stubber.add_client_error("describe_stack_resource", "AccessDenied")
            stacks.ended(STACK_ID, LOGICAL_ID, began_at=0)

    assert (0, 1) == (before, len(made))
