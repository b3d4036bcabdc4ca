"""Runs tests/integ in the account that was confirmed, and in no other; knows nothing of what it deploys."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "tests/integ/integ_running_image_builder.py"
RESULT = "AssertionResults"
"""What the ids of the outputs begin with that CDK's integ-tests library makes of its assertions."""

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
    environment = {**os.environ, "IMAGE_NAME": image, "AWS_REGION": given.region, "AWS_DEFAULT_REGION": given.region}
    sys.exit(verdict(run(environment)))


def run(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Deploy, and remove everything again whatever happened; return the outputs by stack, none where it failed.

    With the CDK CLI: the newest `integ-runner` (2.197.10) reads assemblies up to schema 53, and this library writes 55.
    """
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.json"
        common = ("--all", "--app", f"{sys.executable} {PROGRAM}", "--output", str(Path(folder) / "cdk.out"))
        deploy = ["cdk", "deploy", *common, "--require-approval", "never", "--outputs-file", str(outputs)]
        try:
            deployed = subprocess.run(deploy, cwd=ROOT, env=environment, check=False).returncode == 0
        finally:
            removed = subprocess.run(["cdk", "destroy", *common, "--force"], cwd=ROOT, env=environment, check=False)
        if removed.returncode:
            sys.exit("integ: not everything could be removed: delete the stack RunningImageBuilderInteg, it is billed")
        return dict(json.loads(outputs.read_text(encoding="utf-8"))) if deployed else {}


def verdict(outputs: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return what went wrong, None where every assertion held."""
    results = [text for each in outputs.values() for key, text in each.items() if key.startswith(RESULT)]
    failed = [text for text in results if json.loads(text).get("status") != "success"]
    if failed or not results:
        return "integ: FAILED: " + ("; ".join(failed) or "the deploy failed: see above")
    print(f"integ: {len(results)} assertions held, everything is removed")
    return None


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
