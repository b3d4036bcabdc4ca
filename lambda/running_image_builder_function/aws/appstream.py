"""The AppStream calls over boto3; the only module that knows boto3's AppStream client."""

from collections.abc import Callable, Mapping
from typing import Any

from running_image_builder_function.aws.client import AwsClient, unreadable
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.model.image_builder import ImageBuilder


class AppStream:
    """Image builders over boto3.

    Args:
        client: Returns the boto3 client; called at the first call only, since making it takes time and a Delete that
            leaves the builder alone needs none.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        """Keep the factory."""
        self._client = AwsClient(client, service="appstream")

    def describe(self, name: str) -> ImageBuilder | None:
        """Return the builder; None where AppStream says not found or (some callers saw it) lists nothing.

        Raises:
            AwsCallError: AppStream did not tell; so too where an entry that cannot be read may be the builder's.
        """
        operation = "DescribeImageBuilders"
        try:
            answer = self._client.call(operation, Names=[name])
        except AwsCallError as error:
            if error.trouble is ErrorKind.NOT_FOUND:
                return None
            raise
        listed = self._client.member(answer, "ImageBuilders", list, operation=operation)
        entries = [each for each in listed if isinstance(each, Mapping) and isinstance(each.get("Name"), str)]
        found = [each for each in entries if each["Name"] == name]
        if not found and len(entries) < len(listed):
            raise unreadable(lacks="name of a builder", action=f"appstream:{operation}")
        return ImageBuilder(found[0]) if found else None

    def start(self, name: str, agent_version: str | None) -> None:
        """Start the builder, with an agent version where one is given.

        Raises:
            AwsCallError: AppStream did not take it, or may have.
        """
        version = {} if agent_version is None else {"AppstreamAgentVersion": agent_version}
        self._change("StartImageBuilder", Name=name, **version)

    def stop(self, name: str) -> None:
        """Stop the builder.

        Raises:
            AwsCallError: AppStream did not take it, or may have.
        """
        self._change("StopImageBuilder", Name=name)

    def _change(self, operation: str, **arguments: Any) -> None:
        answer = self._client.call(operation, **arguments)
        self._client.member(answer, "ImageBuilder", dict, operation=operation)
