"""A crhelper function with poll functions: starts the builder, and looks once a minute, which is its shortest."""

from typing import Any

import boto3
from crhelper import CfnResource

helper = CfnResource(polling_interval=1)

try:
    appstream: Any = boto3.client("appstream")
except Exception as error:
    helper.init_failure(error)


@helper.create
@helper.update
def start(event: dict[str, Any], _context: object) -> str:
    """Start the builder if it is stopped."""
    name = event["ResourceProperties"]["ImageBuilderName"]
    if _builder(name)["State"] == "STOPPED":
        appstream.start_image_builder(Name=name)
    return str(name)


@helper.poll_create
@helper.poll_update
def poll(event: dict[str, Any], _context: object) -> str | None:
    """Return the id when the builder is RUNNING; until then nothing, so that crhelper asks again."""
    builder = _builder(event["ResourceProperties"]["ImageBuilderName"])
    if builder["State"] != "RUNNING":
        return None
    helper.Data.update({"Arn": builder["Arn"], "State": builder["State"]})
    return str(builder["Name"])


@helper.delete
def leave(_event: dict[str, Any], _context: object) -> None:
    """Leave the builder as it is."""


def _builder(name: str) -> dict[str, Any]:
    builder: dict[str, Any] = appstream.describe_image_builders(Names=[name])["ImageBuilders"][0]
    return builder


def handler(event: dict[str, Any], context: object) -> None:
    """What Lambda calls."""
    helper(event, context)
