"""Runs tests/integ in the account that was confirmed, and in no other; knows nothing of what it deploys."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[1]
RUNNER = "@aws-cdk/integ-runner@2.197.10"
BASE = "AppStream-WinServer2022-"


def main() -> None:
    """Check the account, choose the image, run the integration test."""
    parser = argparse.ArgumentParser(description="Run the integration test in a real account; it costs money.")
    parser.add_argument("--account-confirmed", default="", help="the account's number, as a confirmation")
    parser.add_argument("--region", default="")
    parser.add_argument("--image-name", default="", help="default: the newest public Windows Server 2022 base image")
    given = parser.parse_args()
    if not given.account_confirmed or not given.region:
        sys.exit(
            "integ: this creates and bills an image builder: make integ ACCOUNT_CONFIRMED=<number> REGION=<region>"
        )
    try:
        account = boto3.client("sts", region_name=given.region).get_caller_identity()["Account"]
        if account != given.account_confirmed:
            sys.exit(
                f"integ: the credentials are of account {account}, confirmed is {given.account_confirmed!r}: "
                "confirm that number or use other credentials"
            )
        image = given.image_name or newest(public_images(given.region))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"integ: {error}: give credentials for the account, and a Region that has AppStream")
    print(f"integ: creates a builder from {image} in account {account}, {given.region}; 30 to 60 minutes", flush=True)
    sys.exit(subprocess.run(command(given.region), cwd=ROOT, env={**os.environ, "IMAGE_NAME": image}).returncode)


def command(region: str) -> list[str]:
    """Return how CDK's runner deploys, asserts and removes."""
    return [
        *("npx", "--yes", RUNNER, "--directory", "tests/integ", "--language", "python"),
        *("--app", f"{sys.executable} {{filePath}}", "--parallel-regions", region),
        *("--force", "--disable-update-workflow", "--verbose"),
    ]


def public_images(region: str) -> list[Mapping[str, Any]]:
    """Return the public images of a Region."""
    pages = boto3.client("appstream", region_name=region).get_paginator("describe_images").paginate(Type="PUBLIC")
    return [image for page in pages for image in page["Images"]]


def newest(images: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the newest base image that can be used.

    Raises:
        SystemExit: There is none.
    """
    usable = [each for each in images if each["Name"].startswith(BASE) and each.get("State") == "AVAILABLE"]
    if not usable:
        sys.exit(f"integ: no public image is called {BASE}...: name one with IMAGE_NAME=...")
    return str(max(usable, key=lambda each: each["CreatedTime"])["Name"])


if __name__ == "__main__":
    main()
