"""The public names of cdk-appstream-image-builder."""

from cdk_appstream_image_builder.on_delete import OnDelete
from cdk_appstream_image_builder.provider import RunningImageBuilderProvider
from cdk_appstream_image_builder.running_image_builder import RunningImageBuilder

__all__ = ["OnDelete", "RunningImageBuilder", "RunningImageBuilderProvider"]
