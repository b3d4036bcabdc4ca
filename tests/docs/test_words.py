"""The pages use the field's words: one word for one thing, as AWS's and CDK's own documentation does."""

import re

import pytest

from docs.test_links import PAGES, text
from support.paths import PROJECT_DIR

INSTEAD = {
    r"hand-?overs?|handed over|hands over": "self-invocation",
    r"roll-backs?": "rollback",
    r"mend(s|ed)?": "fix",
    r"is to be (given|done)": "specify, or what the reader does",
    r"answers? CloudFormation|the answer to CloudFormation": "response",
}
"""What to write instead of which words."""


def prose(page: str) -> str:
    """Return a page without code, quotes and tables' quoted messages."""
    return re.sub(r"`[^`]*`|\"[^\"]*\"", "", text(PROJECT_DIR / page))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_uses_the_fields_words(page: str) -> None:
    """A word that has a better one is named, with the better one."""
    found = {
        match[0]: better
        for word, better in INSTEAD.items()
        for match in re.finditer(rf"\b({word})\b", prose(page), flags=re.IGNORECASE)
    }
    assert {} == found
