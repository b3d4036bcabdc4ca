"""The documentation says what the code does."""

import re

from running_image_builder_function import contract
from running_image_builder_function.states import STATES
from support.paths import PROJECT_DIR

BEHAVIOUR = (PROJECT_DIR / "docs" / "behaviour.md").read_text(encoding="utf-8")


def test_the_state_table_is_the_codes_table() -> None:
    """The documented table of states is the one that decides."""
    documented = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \| (\w+) \|$", BEHAVIOUR, flags=re.MULTILINE)

    assert [(state, row.to_run.value, row.to_stop.value) for state, row in STATES.items()] == documented


def test_every_attribute_is_documented() -> None:
    """The documented attributes are those that every answer has, in the same order."""
    listed = BEHAVIOUR.split("## Attributes")[1].split("CloudFormation takes")[0].split("`Name`", 1)[1]

    assert list(contract.ATTRIBUTES) == ["Name", *re.findall(r"`(\w+)`", listed)]
