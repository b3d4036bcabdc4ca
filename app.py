"""The deployable app: settings from context, one stack, outputs; looks nothing up and decides nothing else."""

import sys
from math import nan

from aws_cdk import App, CfnOutput, Duration, Stack

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

OPTIONS = "-c imageBuilderName=NAME [-c appstreamAgentVersion=VERSION] [-c timeoutMinutes=30] [-c onDelete=STOP]"


def stack(app: App) -> Stack:
    """Return the stack that the context describes.

    Raises:
        ValueError: A setting is missing or malformed; the message shows the option to give.
    """
    name = app.node.try_get_context("imageBuilderName")
    if not name:
        raise ValueError("imageBuilderName is missing: give the name of an image builder")
    made = Stack(app, "RunningImageBuilder", description="Keeps an AppStream image builder RUNNING")
    builder = RunningImageBuilder(
        made,
        "ImageBuilder",
        image_builder_name=str(name),
        appstream_agent_version=app.node.try_get_context("appstreamAgentVersion"),
        timeout=minutes(app.node.try_get_context("timeoutMinutes")),
        on_delete=on_delete(app.node.try_get_context("onDelete")),
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
    for output_id, (value, description) in outputs.items():
        CfnOutput(made, output_id, value=value, description=description)
    return made


def minutes(value: object) -> Duration | None:
    """Return the timeout in whole seconds, None where the context has none."""
    if value is None:
        return None
    try:
        number = float(str(value))
    except ValueError:
        number = nan
    # Here, because Duration itself fails in many lines on what is negative, infinite or not a number.
    if not 1 <= number <= 59:
        raise ValueError(f"timeoutMinutes is {value!r}: give a number of minutes from 1 to 59")
    return Duration.seconds(round(number * 60))


def on_delete(value: object) -> OnDelete:
    """Return what deleting does; the builder is left running where the context has nothing."""
    try:
        return OnDelete.LEAVE_RUNNING if value is None else OnDelete(value)
    except ValueError:
        choice = " or ".join(choice.value for choice in OnDelete)
        raise ValueError(f"onDelete is {value!r}: give {choice}") from None


if __name__ == "__main__":
    main_app = App()
    try:
        stack(main_app)
    except ValueError as error:
        sys.exit(f"app.py: {error}; options: {OPTIONS}")
    main_app.synth()
