"""Runs tests/integ in the account that was confirmed, and in no other; knows nothing of what it deploys."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from integ_observations import Finding, table
from integ_second_case import STACK, CaseFailed, SecondCase, remove_schedule

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "tests/integ/integ_running_image_builder.py"
SECOND_PROGRAM = "tests/integ/integ_changes.py"
RESULT = "AssertionResults"
"""What the ids of the outputs begin with that CDK's integ-tests library makes of its assertions."""

BASE = "AppStream-WinServer2022-"
LOOK_EVERY = 15.0
"""Seconds between two looks of the second case."""


def main() -> None:
    """Check the account, choose the image, run both cases."""
    parser = argparse.ArgumentParser(description="Run the integration test in a real account; it costs money.")
    parser.add_argument("--account-confirmed", default="", help="the account's number, as a confirmation")
    parser.add_argument("--region", default="")
    parser.add_argument("--image-name", default="", help="default: the newest public Windows Server 2022 base image")
    parser.add_argument("--case", default="", choices=["", "1", "2"], help="default: both, one after the other")
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
    environment = {**os.environ, "IMAGE_NAME": image, "AWS_REGION": given.region, "AWS_DEFAULT_REGION": given.region}
    failed = None
    if given.case != "2":
        print(
            f"integ: creates a builder from {image} in account {account}, {given.region}; 30 to 60 minutes", flush=True
        )
        failed = verdict(run(environment))
    if given.case != "1" and not failed:
        print(f"integ: creates another builder from {image}; 90 to 150 minutes", flush=True)
        failed = second_verdict(run_second(environment, given.region))
    sys.exit(failed)


def run(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Deploy, and remove everything again whatever happened; return the outputs by stack, none where it failed.

    With the CDK CLI: the newest `integ-runner` (2.197.10) reads assemblies up to schema 53, and this library writes 55.
    """
    with _removed_after(PROGRAM, "RunningImageBuilderInteg", environment) as cdk:
        return cdk.deploy()


def run_second(environment: Mapping[str, str], region: str) -> list[Finding]:
    """Run the second case, and remove everything again whatever happened; return what was seen."""

    def client(service: str) -> Any:
        return boto3.client(service, region_name=region)  # type: ignore[call-overload]  # any service

    with _removed_after(SECOND_PROGRAM, STACK, environment) as cdk:
        case = SecondCase(
            client=client,
            deploy=lambda step: cdk.deploy("--context", f"step={step}").get(STACK, {}),
            pause=lambda due: time.sleep(LOOK_EVERY),
        )
        try:
            return case.run()
        except (CaseFailed, BotoCoreError, ClientError) as error:
            sys.exit(f"integ: FAILED: {error}")
        finally:
            remove_schedule(client)


class _Cdk:
    """Deploys and destroys one app with the CDK CLI."""

    def __init__(self, program: str, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._outputs = folder / "outputs.json"
        self._common = ("--all", "--app", f"{sys.executable} {program}", "--output", str(folder / "cdk.out"))

    def deploy(self, *more: str) -> dict[str, dict[str, str]]:
        """Deploy; return the outputs by stack, none where it failed."""
        self._outputs.unlink(missing_ok=True)
        ways = ("--require-approval", "never", "--outputs-file", str(self._outputs))
        if self._run("deploy", *ways, *more) or not self._outputs.is_file():
            return {}
        return dict(json.loads(self._outputs.read_text(encoding="utf-8")))

    def destroy(self) -> bool:
        """Remove the app; return whether it is gone."""
        return self._run("destroy", "--force") == 0

    def _run(self, command: str, *more: str) -> int:
        whole = ["cdk", command, *self._common, *more]
        return subprocess.run(whole, cwd=ROOT, env=self._environment, check=False).returncode


@contextmanager
def _removed_after(program: str, stack: str, environment: Mapping[str, str]) -> Iterator[_Cdk]:
    """Give what deploys an app, and remove the app at the end."""
    with tempfile.TemporaryDirectory() as folder:
        cdk = _Cdk(program, environment, Path(folder))
        try:
            yield cdk
        finally:
            removed = cdk.destroy()
            if not removed:
                print(
                    f"integ: not everything could be removed: delete the stack {stack}, it is billed", file=sys.stderr
                )
        if not removed:
            sys.exit(1)


def verdict(outputs: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return what went wrong, None where every assertion held."""
    results = [text for each in outputs.values() for key, text in each.items() if key.startswith(RESULT)]
    failed = [text for text in results if json.loads(text).get("status") != "success"]
    if failed or not results:
        return "integ: FAILED: " + ("; ".join(failed) or "the deploy failed: see above")
    print(f"integ: {len(results)} assertions held, everything is removed")
    return None


def second_verdict(findings: Sequence[Finding]) -> str | None:
    """Print the assumptions with what was seen; return those that are wrong, None where there are none."""
    print(table(findings))
    wrong = [each.assumption for each in findings if each.holds is False]
    return "integ: wrong assumptions: " + "; ".join(wrong) if wrong else None


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
