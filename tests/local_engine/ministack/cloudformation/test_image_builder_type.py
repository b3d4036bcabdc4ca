"""The resource type AWS::AppStream::ImageBuilder."""

from typing import Any

import pytest

from appstream_local.ministack.cloudformation import image_builder_type
from appstream_local.service.in_process import VirtualClock
from appstream_local.service.service import AppStreamService
from appstream_local.service.wire import Response, dropped

_PROPERTIES: dict[str, Any] = {
    "Name": "made",
    "ImageName": "an-image",
    "InstanceType": "stream.standard.small",
    "Tags": [{"Key": "team", "Value": "desktop"}],
}


@pytest.fixture
def send(service: AppStreamService) -> image_builder_type.Send:
    """Return what sends CloudFormation's requests to AppStream."""

    def handle(target: str, body: bytes) -> Response:
        return service.handle(target=target, body=body, account="000000000000", region="us-east-1")

    return handle


def test_create_starts_a_builder(send: image_builder_type.Send, service: AppStreamService) -> None:
    """Its physical id is the name, its attribute the streaming URL, and it has the tags."""
    physical_id, attributes = image_builder_type.create(send, _PROPERTIES)

    builder, state = service.region_state(account="000000000000", region="us-east-1").builders.observe("made")
    assert ("made", ["StreamingUrl"]) == (physical_id, list(attributes))
    assert ("PENDING", {"team": "desktop"}) == (state, builder.tags)


def test_a_failed_create_says_why(send: image_builder_type.Send) -> None:
    """With AppStream's code and message."""
    image_builder_type.create(send, _PROPERTIES)

    with pytest.raises(image_builder_type.AppStreamError, match=r"^ResourceAlreadyExistsException: .*made"):
        image_builder_type.create(send, _PROPERTIES)


def test_a_running_builder_cannot_be_deleted(
    send: image_builder_type.Send, service: AppStreamService, clock: VirtualClock
) -> None:
    """A stopped one can, and one that is gone is a success."""
    image_builder_type.create(send, _PROPERTIES)
    clock.advance(10_000)
    with pytest.raises(image_builder_type.AppStreamError, match="made is RUNNING, not FAILED or STOPPED"):
        image_builder_type.delete(send, "made")
    builders = service.region_state(account="000000000000", region="us-east-1").builders

    builders.stop("made")
    clock.advance(10_000)
    image_builder_type.delete(send, "made")
    clock.advance(10_000)

    assert [] == builders.describe()
    image_builder_type.delete(send, "made")


def test_a_lost_response_fails_the_resource() -> None:
    """CloudFormation can't know whether there is a builder."""
    with pytest.raises(image_builder_type.AppStreamError, match="closed the connection"):
        image_builder_type.create(lambda target, body: dropped(request_id="1"), _PROPERTIES)
