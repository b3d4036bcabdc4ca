"""Synthesizes the stacks of the approaches: one for updates, one with short-lived functions, and one for each size.

The context key `approaches` names the approaches, separated by commas; without it all are synthesized.
"""

from collections.abc import Callable

from aws_cdk import App, CfnParameter, Stack

from appstream_benchmarks.baselines import aws_custom_resource, plain_crhelper, provider_framework, this_project
from appstream_benchmarks.baselines.names import (
    CRHELPER,
    FRAMEWORK,
    FUNCTION_LIMIT,
    SIZES,
    STACK_APPROACHES,
    STOP_AFTER,
    THIS,
    builder_names,
    stack_name,
)

ADDERS: dict[str, Callable[..., None]] = {
    THIS: this_project.add,
    CRHELPER: plain_crhelper.add,
    FRAMEWORK: provider_framework.add,
    "aws-custom-resource": aws_custom_resource.add,
}
"""What adds an approach's builders to a stack.

Each takes the stack, the builders' names, `trigger`: a value whose change runs the update, and `function_limit`: the
seconds that a function may run, or None for what the approach's documentation has.
"""


def main() -> None:
    """Synthesize."""
    app = App()
    chosen = app.node.try_get_context("approaches")
    for approach in chosen.split(",") if chosen else STACK_APPROACHES:
        add = ADDERS[approach]
        updated = Stack(app, stack_name(approach, "updated"))
        trigger = CfnParameter(updated, "Trigger", default="0").value_as_string
        add(updated, builder_names(updated.stack_name, 1), trigger=trigger, function_limit=None)
        limited = Stack(app, stack_name(approach, "limited"))
        add(limited, builder_names(limited.stack_name, 1), trigger=None, function_limit=FUNCTION_LIMIT)
        for size in SIZES:
            stack = Stack(app, stack_name(approach, str(size)))
            add(stack, builder_names(stack.stack_name, size), trigger=None, function_limit=None)
            if approach == THIS:
                stopping = Stack(app, stack_name(approach, f"{STOP_AFTER}-{size}"))
                this_project.add_stopping(stopping, builder_names(stopping.stack_name, size))
    app.synth()


if __name__ == "__main__":
    main()
