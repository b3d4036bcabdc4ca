"""Synthesizes the contenders' stacks: one for updates, one whose functions may run 20 s only, and one for each size.

This project has one more for each size, with `stop_after`: they are counted and not deployed.

The context `kinds` names the contenders, separated by commas; all of them without it.
"""

from collections.abc import Callable

from aws_cdk import App, CfnParameter, Stack

from appstream_benchmarks.baselines import aws_custom_resource, plain_crhelper, provider_framework, this_project
from appstream_benchmarks.baselines.names import (
    FUNCTION_LIMIT,
    SIZES,
    STACK_KINDS,
    STOP_AFTER,
    THIS,
    builder_names,
    stack_name,
)

ADDERS: dict[str, Callable[..., None]] = {
    "this-project": this_project.add,
    "plain-crhelper": plain_crhelper.add,
    "provider-framework": provider_framework.add,
    "aws-custom-resource": aws_custom_resource.add,
}
"""What adds a contender's builders to a stack.

Each takes the stack, the builders' names, `trigger`: a value whose change runs the update, and `function_limit`: the
seconds that a function may run, where they are not to be what the contender's documentation has.
"""


def main() -> None:
    """Synthesize."""
    app = App()
    kinds = app.node.try_get_context("kinds")
    for kind in kinds.split(",") if kinds else STACK_KINDS:
        add = ADDERS[kind]
        updated = Stack(app, stack_name(kind, "updated"))
        trigger = CfnParameter(updated, "Trigger", default="0").value_as_string
        add(updated, builder_names(updated.stack_name, 1), trigger=trigger, function_limit=None)
        limited = Stack(app, stack_name(kind, "limited"))
        add(limited, builder_names(limited.stack_name, 1), trigger=None, function_limit=FUNCTION_LIMIT)
        for size in SIZES:
            stack = Stack(app, stack_name(kind, str(size)))
            add(stack, builder_names(stack.stack_name, size), trigger=None, function_limit=None)
            if kind == THIS:
                ending = Stack(app, stack_name(kind, f"{STOP_AFTER}-{size}"))
                this_project.add_ending(ending, builder_names(ending.stack_name, size))
    app.synth()


if __name__ == "__main__":
    main()
