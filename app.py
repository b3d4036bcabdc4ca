"""The deployable app: settings from context, one stack, outputs; looks nothing up and decides nothing else."""

import json
import os
import sys
from collections.abc import Mapping
from math import nan
from typing import Any

from aws_cdk import App, CfnOutput, Duration, Stack

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

OPTIONS = (
    "-c imageBuilderName=NAME [-c appstreamAgentVersion=VERSION] [-c restartToUpdateAgent=true] [-c timeoutMinutes=30] "
    '[-c pollIntervalSeconds=2] [-c onDelete=STOP] [-c stopAfterMinutes=480] [-c triggers=\'{"name": "value"}\'] '
    "[-c startOnEveryDeploy=true]"
)


def stack(app: App) -> Stack:
    """Return the stack that the context describes.

    Raises:
        ValueError: A setting is missing or malformed; the message shows the option to specify.
    """
    setting = app.node.try_get_context
    name = setting("imageBuilderName")
    if name in (None, ""):
        raise ValueError("imageBuilderName is missing: specify the name of an image builder")
    made = Stack(app, "RunningImageBuilder", description="Keeps an AppStream image builder RUNNING")
    builder = RunningImageBuilder(
        made,
        "ImageBuilder",
        image_builder_name=str(name) if type(name) is int else name,  # cdk.json may have a number
        appstream_agent_version=setting("appstreamAgentVersion"),
        restart_to_update_agent=flag("restartToUpdateAgent", setting("restartToUpdateAgent")),
        timeout=duration("timeoutMinutes", setting("timeoutMinutes"), unit="minutes", seconds=60, low=1, high=59),
        poll_interval=duration(
            "pollIntervalSeconds", setting("pollIntervalSeconds"), unit="seconds", seconds=1, low=1, high=60
        ),
        on_delete=on_delete(setting("onDelete")),
        stop_after=duration(
            "stopAfterMinutes", setting("stopAfterMinutes"), unit="minutes", seconds=60, low=15, high=43200
        ),
        triggers=triggers(setting("triggers")),
        start_on_every_deploy=flag("startOnEveryDeploy", setting("startOnEveryDeploy")),
    )
    outputs = {
        "Arn": (builder.image_builder_arn, "The image builder's ARN"),
        "State": (builder.image_builder_state, "The image builder's state at the end of the deploy"),
        "EniPrivateIpAddress": (
            builder.image_builder_eni_private_ip_address,
            "The private IP address of its network interface; empty without a VPC",
        ),
        "EniId": (builder.image_builder_eni_id, "The id of its network interface; empty without a VPC"),
        "LogGroupName": (builder.provider.log_group.log_group_name, "Where the function logs what it did"),
    }
    if setting("stopAfterMinutes") is not None:
        outputs["ScheduledStopTime"] = (builder.scheduled_stop_time, "When it will be stopped by itself")
    for output_id, (value, description) in outputs.items():
        CfnOutput(made, output_id, value=value, description=description)
    return made


def duration(key: str, value: object, *, unit: str, seconds: int, low: int, high: int) -> Duration | None:
    """Return a duration in whole seconds, None where the context has none."""
    if value is None:
        return None
    try:
        number = float(str(value))
    except ValueError:
        number = nan
    # Here, because Duration itself fails in many lines on what is negative, infinite or not a number.
    if not low <= number <= high:
        raise ValueError(f"{key} is {value!r}: specify a number of {unit} from {low} to {high}")
    return Duration.seconds(round(number * seconds))


def flag(key: str, value: object) -> bool:
    """Return a flag; False where the context has none."""
    if value is not None and not isinstance(value, bool) and value not in ("true", "false"):
        raise ValueError(f"{key} is {value!r}: specify true or false")
    return value in (True, "true")


def on_delete(value: object) -> OnDelete:
    """Return what deleting does; the builder is left running where the context has nothing."""
    try:
        return OnDelete.LEAVE_RUNNING if value is None else OnDelete(value)
    except ValueError:
        choice = " or ".join(choice.value for choice in OnDelete)
        raise ValueError(f"onDelete is {value!r}: specify {choice}") from None


def triggers(value: Any) -> dict[str, str] | None:
    """Return the triggers, which are an object in cdk.json and JSON on the command line."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        found = value
    if found is not None and not (isinstance(found, dict) and all(isinstance(each, str) for each in found.values())):
        raise ValueError(f"triggers is {value!r}: specify a JSON object with strings as values")
    return found


def no_account(environment: Mapping[str, str]) -> str:
    """Return what to do where the CDK CLI has found no AWS account, "" where it has or where it does not run this.

    A synth needs none; of a deploy the CLI says only that it is "unable to resolve AWS account to use".
    """
    if "CDK_CLI_VERSION" not in environment or environment.get("CDK_DEFAULT_ACCOUNT"):
        return ""
    return "app.py: no AWS credentials; to deploy, run `aws configure` or `aws sso login`, or specify --profile NAME"


if __name__ == "__main__":
    main_app = App()
    if hint := no_account(os.environ):
        sys.stderr.write(f"{hint}\n")
    try:
        stack(main_app)
    except (TypeError, ValueError) as error:
        sys.exit(f"app.py: {error}; options: {OPTIONS}")
    main_app.synth()
