"""AWS::AppStream::ImageBuilder in the local CloudFormation: what it creates, and what it refuses to delete."""

from __future__ import annotations

from typing import Any

import pytest

from appstream_local import cloudformation_type
from appstream_local.in_process import VirtualClock
from appstream_local.service import AppStreamService
from appstream_local.wire import Response, dropped

_PROPERTIES: dict[str, Any] = {
    "Name": "made",
    "ImageName": "an-image",
    "InstanceType": "stream.standard.small",
    "Tags": [{"Key": "team", "Value": "desktop"}],
}


@pytest.fixture
def send(service: AppStreamService) -> cloudformation_type.Send:
    """Return CloudFormation's way to AppStream."""

    def handle(target: str, body: bytes) -> Response:
        return service.handle(target=target, body=body, account="000000000000", region="us-east-1")

    return handle


def test_create_makes_a_builder_that_starts(send: cloudformation_type.Send, service: AppStreamService) -> None:
    """Its id is the name, its only attribute the streaming URL, and its tags are AppStream's."""
    physical_id, attributes = cloudformation_type.create(send, _PROPERTIES)

    builder, state = service.place(account="000000000000", region="us-east-1").builders.observe("made")
    assert ("made", ["StreamingUrl"]) == (physical_id, list(attributes))
    assert ("PENDING", {"team": "desktop"}) == (state, builder.tags)


def test_a_refused_create_says_why(send: cloudformation_type.Send) -> None:
    """The reason is AppStream's code and words."""
    cloudformation_type.create(send, _PROPERTIES)

    with pytest.raises(cloudformation_type.ResourceFailed, match=r"^ResourceAlreadyExistsException: .*made"):
        cloudformation_type.create(send, _PROPERTIES)


def test_a_running_builder_cannot_be_deleted(
    send: cloudformation_type.Send, service: AppStreamService, clock: VirtualClock
) -> None:
    """That is why something has to stop it before; a stopped one goes, and one that is gone is a success."""
    cloudformation_type.create(send, _PROPERTIES)
    clock.advance(10_000)
    with pytest.raises(cloudformation_type.ResourceFailed, match="made is RUNNING, not FAILED or STOPPED"):
        cloudformation_type.delete(send, "made")
    builders = service.place(account="000000000000", region="us-east-1").builders

    builders.stop("made")
    clock.advance(10_000)
    cloudformation_type.delete(send, "made")
    clock.advance(10_000)

    assert [] == builders.describe()
    cloudformation_type.delete(send, "made")


def test_a_lost_answer_fails_the_resource() -> None:
    """CloudFormation does not know then whether there is a builder."""
    with pytest.raises(cloudformation_type.ResourceFailed, match="closed the connection"):
        cloudformation_type.create(lambda target, body: dropped(request_id="1"), _PROPERTIES)
