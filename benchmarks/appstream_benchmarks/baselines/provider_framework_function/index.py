"""The two handlers of CDK's Provider framework: one starts the builder, the other tells whether it is RUNNING."""

from typing import Any

import boto3

appstream: Any = boto3.client("appstream")


def on_event(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Start the builder if it is stopped; leave it as it is on delete."""
    name = event["ResourceProperties"]["ImageBuilderName"]
    if event["RequestType"] != "Delete" and _builder(name)["State"] == "STOPPED":
        appstream.start_image_builder(Name=name)
    return {"PhysicalResourceId": name}


def is_complete(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Tell whether the builder is RUNNING, with its attributes then."""
    if event["RequestType"] == "Delete":
        return {"IsComplete": True}
    builder = _builder(event["ResourceProperties"]["ImageBuilderName"])
    if builder["State"] != "RUNNING":
        return {"IsComplete": False}
    return {"IsComplete": True, "Data": {"Arn": builder["Arn"], "State": builder["State"]}}


def _builder(name: str) -> dict[str, Any]:
    builder: dict[str, Any] = appstream.describe_image_builders(Names=[name])["ImageBuilders"][0]
    return builder
