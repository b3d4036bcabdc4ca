"""Names of the compared approaches, of their stacks and of their image builders."""

from typing import Final

THIS: Final = "this-project"
CRHELPER: Final = "plain-crhelper"
FRAMEWORK: Final = "provider-framework"
SCRIPT: Final = "shell-script"

TITLES: Final = {
    THIS: "this project",
    CRHELPER: "plain crhelper",
    FRAMEWORK: "Provider framework",
    "aws-custom-resource": "AwsCustomResource",
    SCRIPT: "shell script",
}
"""Each approach's title, in the order of the tables."""

STACK_APPROACHES: Final = tuple(approach for approach in TITLES if approach != SCRIPT)
"""The approaches that deploy a stack."""

SIZES: Final = (1, 2, 50)
"""The numbers of builders for which each approach has a stack."""

STOP_AFTER: Final = "stop-after"
"""The prefix of the sizes of this project's stacks whose builders have `stop_after`; only their templates count."""

FUNCTION_LIMIT: Final = 20
"""Seconds that the functions of the stacks called "limited" may run."""


def stack_name(approach: str, variant: str) -> str:
    """Return the name of an approach's stack: one of the sizes, `updated` or `limited`."""
    return f"{approach}-{variant}"


def builder_names(stack: str, size: int) -> list[str]:
    """Return the names of a stack's builders."""
    return [f"{stack}-{number}" for number in range(size)]
