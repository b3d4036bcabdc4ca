"""The AppStream calls over boto3; the only module that knows boto3's AppStream client."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from running_image_builder_function.aws_errors import translate
from running_image_builder_function.errors import CallFailed, Trouble
from running_image_builder_function.image_builder import ImageBuilder


class AppStream:
    """Image builders over boto3.

    Args:
        client: Returns the boto3 client; called at the first call only, since making it takes time and a Delete that
            leaves the builder alone needs none.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        """Keep the factory."""
        self._make = client
        self._client: Any = None

    def describe(self, name: str) -> ImageBuilder | None:
        """Return the builder; None where AppStream says not found or (some callers saw it) lists nothing."""
        try:
            answer = self._call("DescribeImageBuilders", "describe_image_builders", Names=[name])
        except CallFailed as error:
            if error.trouble is Trouble.NOT_FOUND:
                return None
            raise
        found = [fields for fields in answer.get("ImageBuilders") or [] if fields.get("Name") == name]
        return ImageBuilder(found[0]) if found else None

    def start(self, name: str, agent_version: str | None) -> None:
        """Start the builder, with an agent version where one is given."""
        version = {} if agent_version is None else {"AppstreamAgentVersion": agent_version}
        self._call("StartImageBuilder", "start_image_builder", Name=name, **version)

    def stop(self, name: str) -> None:
        """Stop the builder."""
        self._call("StopImageBuilder", "stop_image_builder", Name=name)

    def _call(self, operation: str, method: str, **arguments: Any) -> Any:
        try:
            if self._client is None:
                self._client = self._make()
            return getattr(self._client, method)(**arguments)
        except (ClientError, BotoCoreError) as error:
            raise translate(error, action=f"appstream:{operation}") from error
