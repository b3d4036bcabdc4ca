"""The AppStream calls."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from running_image_builder_function.aws.client import UnreadableResponse, checked, not_found_ignored, translated_errors
from running_image_builder_function.model.image_builder import ImageBuilder


class AppStream:
    """Image builders.

    Args:
        client: Returns the boto3 client; called at the first call, since a Delete that leaves the builder needs none.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = cache(client)

    def describe(self, name: str) -> ImageBuilder | None:
        """Return the builder; None where AppStream says not found or (some callers saw it) lists nothing.

        Raises:
            AwsCallError: AppStream didn't say, or an entry that can't be read may be the builder's.
        """
        with not_found_ignored(), translated_errors("appstream:DescribeImageBuilders"):
            response = self._client().describe_image_builders(Names=[name])
            return _builder(checked(response, ImageBuilders=list)["ImageBuilders"], name)
        return None

    def start(self, name: str, agent_version: str | None) -> None:
        """Start the builder, with an agent version where one is given.

        Raises:
            AwsCallError: AppStream didn't accept it, or may have.
        """
        version = {} if agent_version is None else {"AppstreamAgentVersion": agent_version}
        with translated_errors("appstream:StartImageBuilder"):
            checked(self._client().start_image_builder(Name=name, **version), ImageBuilder=dict)

    def stop(self, name: str) -> None:
        """Stop the builder.

        Raises:
            AwsCallError: AppStream didn't accept it, or may have.
        """
        with translated_errors("appstream:StopImageBuilder"):
            checked(self._client().stop_image_builder(Name=name), ImageBuilder=dict)


def _builder(listed: list[Any], name: str) -> ImageBuilder | None:
    entries = [each for each in listed if isinstance(each, Mapping) and isinstance(each.get("Name"), str)]
    found = [each for each in entries if each["Name"] == name]
    if not found and len(entries) < len(listed):
        raise UnreadableResponse(lacks="name of a builder")
    return ImageBuilder(found[0]) if found else None
