"""A stack for each set of options that changes what the function may do, and its update; and a hundred builders."""

from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_

from cdk_appstream_image_builder import OnDelete, RunningImageBuilder

HUNDRED = 100

OPTIONS: dict[str, dict[str, Any]] = {
    "Default": {},
    "Stop": {"on_delete": OnDelete.STOP},
    "Restart": {"appstream_agent_version": "LATEST", "restart_to_update_agent": True},
    "StopAndRestart": {
        "on_delete": OnDelete.STOP,
        "appstream_agent_version": "LATEST",
        "restart_to_update_agent": True,
    },
    "Ends": {"on_delete": OnDelete.STOP, "stop_after": Duration.minutes(15)},
}


def life(app: App, name: str, step: str, options: dict[str, Any]) -> None:
    """Add one version of a stack, with a function so short-lived that a start needs a self-invocation."""
    stack = Stack(app, f"{name}{step}", stack_name=f"life-{name}")
    builder = RunningImageBuilder(
        stack,
        "Builder",
        image_builder_name=f"life-{name}",
        timeout=Duration.minutes(2),
        triggers={"step": step},
        **options,
    )
    function = builder.provider.function.node.default_child
    assert isinstance(function, lambda_.CfnFunction)
    function.timeout = 8


app = App()
for set_name, set_of_options in OPTIONS.items():
    life(app, set_name, "Created", set_of_options)
    life(app, set_name, "Updated", set_of_options)
hundred = Stack(app, "Hundred", stack_name="hundred")
for number in range(HUNDRED):
    RunningImageBuilder(
        hundred,
        f"Builder{number}",
        image_builder_name=f"hundred-{number}",
        timeout=Duration.minutes(5),
        poll_interval=Duration.seconds(1),
    )
app.synth()
