"""The ARNs of image builders and images, and which one IAM checks a call against."""

from collections.abc import Mapping
from typing import Any

# DescribeImageBuilders isn't here: it has no resource-level permission.
_CHECKED_AGAINST_ONE_BUILDER = frozenset(
    {"CreateImageBuilder", "DeleteImageBuilder", "StartImageBuilder", "StopImageBuilder"}
)


def partition(region: str) -> str:
    """Return the partition a Region belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def image_builder_arn(*, account: str, region: str, name: str) -> str:
    """Return the ARN of an image builder."""
    return f"arn:{partition(region)}:appstream:{region}:{account}:image-builder/{name}"


def public_image_arn(*, region: str, name: str) -> str:
    """Return the ARN of an image that AWS publishes, which has no account."""
    return f"arn:{partition(region)}:appstream:{region}::image/{name}"


def authorized_resource(*, operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    """Return the ARN that IAM checks a call against, or `*` if the action has no resource."""
    name = params.get("Name")
    if operation in _CHECKED_AGAINST_ONE_BUILDER and isinstance(name, str) and name:
        return image_builder_arn(account=account, region=region, name=name)
    return "*"
