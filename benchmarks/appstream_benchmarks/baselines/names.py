"""The contenders' names, and those of their stacks and builders; knows nothing of how any of them works."""

from typing import Final

THIS: Final = "this-project"
SHELL: Final = "shell-script"

TITLES: Final = {
    THIS: "this project",
    "plain-crhelper": "plain crhelper",
    "provider-framework": "Provider framework",
    "aws-custom-resource": "AwsCustomResource",
    SHELL: "shell script",
}
"""How each is called in tables; the order is theirs too."""

STACK_KINDS: Final = tuple(kind for kind in TITLES if kind != SHELL)
"""Those that deploy stacks."""

SIZES: Final = (1, 2, 10, 50)
"""For each of them there is a stack with so many builders."""

STOP_AFTER: Final = "stop-after"
"""Stands before the size in the name of this project's stacks whose builders have `stop_after`; nobody else has it."""

FUNCTION_LIMIT: Final = 20
"""Seconds for which the functions of the stacks called "limited" may run."""


def stack_name(kind: str, variant: str) -> str:
    """Return the name of a contender's stack: one of the sizes, `updated` or `limited`."""
    return f"{kind}-{variant}"


def builder_names(stack: str, size: int) -> list[str]:
    """Return the names of a stack's builders."""
    return [f"{stack}-{number}" for number in range(size)]
