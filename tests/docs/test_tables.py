"""The documentation says what the code does."""

import re

from running_image_builder_function import contract
from running_image_builder_function.reconcile.states import STATES
from support.paths import PROJECT_DIR

DOCS = PROJECT_DIR / "docs"


def test_the_state_table_is_the_codes_table() -> None:
    """The documented table of states is the one that decides."""
    page = (DOCS / "behavior.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \| (\w+) \|$", page, flags=re.MULTILINE)

    assert [(state, row.when_starting.value, row.when_stopping.value) for state, row in STATES.items()] == documented


def test_every_attribute_is_documented() -> None:
    """The documented attributes are those of every response, except Name, which is the resource's Ref."""
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    section = page.partition("## Attributes")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `image_builder_\w+` \| `(\w+)` \|", section, flags=re.MULTILINE)

    assert [name for name in contract.ATTRIBUTES if name != "Name"] == documented


def test_every_property_of_the_resource_is_documented() -> None:
    """The documented properties are those that the function reads, and two that only CloudFormation compares."""
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    section = page.partition("## The custom resource")[2].partition("\n## ")[0]

    assert [
        contract.NAME,
        contract.APPSTREAM_AGENT_VERSION,
        contract.RESTART_TO_UPDATE_AGENT,
        contract.TIMEOUT_SECONDS,
        contract.POLL_INTERVAL_SECONDS,
        contract.ON_DELETE,
        contract.TRIGGERS,
        contract.DEPLOY_NONCE,
        contract.STOP_AFTER_SECONDS,
        contract.SCHEDULE_NAME,
        contract.SCHEDULER_ROLE_ARN,
    ] == re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert contract.RESOURCE_TYPE in section
