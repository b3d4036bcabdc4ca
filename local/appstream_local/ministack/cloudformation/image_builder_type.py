"""`AWS::AppStream::ImageBuilder` as CloudFormation creates and deletes it; knows nothing of ministack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from appstream_local.service.service import TARGET_PREFIX
from appstream_local.service.wire import Response

TYPE: Final = "AWS::AppStream::ImageBuilder"

_GONE: Final = "ResourceNotFoundException"

Send = Callable[[str, bytes], Response]
"""Answers a request to AppStream, given its X-Amz-Target and body."""


class ResourceFailed(ValueError):
    """AppStream refused; the text is the resource's status reason."""


def create(send: Send, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create the builder and return its physical id and attributes.

    It returns while the builder is PENDING. Whether AWS waits for RUNNING is documented nowhere; who needs a
    running builder must not rely on it.

    Raises:
        ResourceFailed: AppStream refused it.
    """
    params = {**properties}
    if "Tags" in params:
        params["Tags"] = {tag["Key"]: tag["Value"] for tag in params["Tags"]}
    name = _call(send, "CreateImageBuilder", params)["ImageBuilder"]["Name"]
    return name, {"StreamingUrl": f"https://appstream.local/{name}"}


def delete(send: Send, name: str) -> None:
    """Delete the builder; one that is gone needs no deleting.

    Raises:
        ResourceFailed: AppStream refused it: the builder is neither stopped nor failed.
    """
    try:
        _call(send, "DeleteImageBuilder", {"Name": name})
    except ResourceFailed as error:
        if _GONE not in str(error):
            raise


def _call(send: Send, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    response = send(f"{TARGET_PREFIX}.{operation}", json.dumps(params).encode())
    if response.drop:
        raise ResourceFailed(f"{operation}: AppStream closed the connection.")
    answer: dict[str, Any] = json.loads(response.body)
    if "__type" in answer:
        raise ResourceFailed(f"{answer['__type']}: {answer.get('Message') or answer.get('message', '')}")
    return answer
