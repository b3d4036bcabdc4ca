"""The resource type `AWS::AppStream::ImageBuilder`."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services.cloudformation import provisioners

from appstream_local.service.service import TARGET_PREFIX
from appstream_local.service.wire import Response

_TYPE: Final = "AWS::AppStream::ImageBuilder"
_GONE: Final = "ResourceNotFoundException"

Send = Callable[[str, bytes], Response]
"""Sends a request to AppStream, given its X-Amz-Target and body."""


class AppStreamError(ValueError):
    """A call failed; the text is the resource's status reason."""


def register(send: Send) -> None:
    """Add the type to ministack's CloudFormation."""
    provisioners._RESOURCE_HANDLERS[_TYPE] = {
        "create": lambda _logical_id, properties, _stack: create(send, properties),
        "delete": lambda physical_id, _properties: delete(send, physical_id),
    }


def create(send: Send, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create the builder and return its physical id and attributes.

    It returns while the builder is PENDING. AWS doesn't document whether CloudFormation waits for RUNNING.

    Raises:
        AppStreamError: The call failed.
    """
    params = {**properties}
    if "Tags" in params:
        params["Tags"] = {tag["Key"]: tag["Value"] for tag in params["Tags"]}
    name = _call(send, "CreateImageBuilder", params)["ImageBuilder"]["Name"]
    return name, {"StreamingUrl": f"https://appstream.local/{name}"}


def delete(send: Send, name: str) -> None:
    """Delete the builder, unless it is gone.

    Raises:
        AppStreamError: The builder is neither stopped nor failed.
    """
    try:
        _call(send, "DeleteImageBuilder", {"Name": name})
    except AppStreamError as error:
        if _GONE not in str(error):
            raise


def _call(send: Send, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    response = send(f"{TARGET_PREFIX}.{operation}", json.dumps(params).encode())
    if response.drop:
        raise AppStreamError(f"{operation}: AppStream closed the connection.")
    answer: dict[str, Any] = json.loads(response.body)
    if "__type" in answer:
        raise AppStreamError(f"{answer['__type']}: {answer.get('Message') or answer.get('message', '')}")
    return answer
