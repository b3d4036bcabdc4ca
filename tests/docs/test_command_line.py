"""The commands' documentation says what the code does."""

import re

import pytest

from appstream_image_builder_cli import exit_codes
from running_image_builder_function.model.error_messages import cause, remedy
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.paths import PROJECT_DIR

COMMAND_LINE = (PROJECT_DIR / "docs" / "command-line.md").read_text(encoding="utf-8")
TROUBLESHOOTING = (PROJECT_DIR / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
WALKED = {
    "AccessDeniedException": ErrorKind.DENIED,
    "LimitExceededException": ErrorKind.REFUSED,
    "InvalidAccountStatusException": ErrorKind.INVALID,
}


def test_every_exit_code_is_documented() -> None:
    """Scripts rely on them; the order is the code's."""
    documented = re.findall(r"^\| (\d+) \| ", COMMAND_LINE, flags=re.MULTILINE)

    assert [value for name, value in vars(exit_codes).items() if name.isupper()] == [int(code) for code in documented]


@pytest.mark.parametrize("code", WALKED)
def test_first_errors_quote_the_functions_remedies(code: str) -> None:
    """The page quotes what the code says."""
    error = AwsCallError(WALKED[code], action="appstream:StartImageBuilder", code=code, detail="any")

    assert f"(STOPPED): {cause(error)}. {remedy(error)}" in TROUBLESHOOTING
