"""docs/troubleshooting.md explains every message that a user can see, and no other."""

import re
from pathlib import Path

from docs import messages
from running_image_builder_function.model import error_messages
from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from support.paths import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def documented(start: str, end: str) -> list[tuple[str, str, str]]:
    """Return the rows of the tables between two headings: message, meaning, remedy."""
    part = PAGE.partition(start)[2].partition(end)[0]
    return re.findall(r"^\| `([^`]+)` \| (.+) \| (.+) \|$", part, flags=re.MULTILINE)


def test_every_message_of_the_code_is_explained() -> None:
    """A new message fails this until it has its row; so does a row whose message is gone."""
    collected = set[str]().union(*(messages.messages(path) for path in messages.SOURCES))
    codes = {row[0] for row in documented("### AWS error codes", "\n## ")}

    rows = {row[0] for row in documented("## Messages of the function", "\n## Reading the log")} - codes
    assert collected - rows == set()
    assert rows - collected == set()


def test_every_code_with_its_own_remedy_is_explained() -> None:
    """The remedy in the reason depends on the code."""
    part = PAGE.partition("### AWS error codes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \| .+ \| .+ \|$", part, flags=re.MULTILINE)
    told = {(code, "any", words[0]) for code, words in error_messages._CREDENTIALS.items()}
    told |= {
        (code, service, words[0]) for service, codes in error_messages._BY_CODE.items() for code, words in codes.items()
    }
    assert told == set(rows)


def test_every_kind_of_refusal_is_explained() -> None:
    """For each service, every kind: throttling and outages are in the way at the deadline."""
    part = PAGE.partition("Any other code")[2].partition("\n\nThrottling")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| (\w+) \| ([^|]+) \| .+ \|$", part, flags=re.MULTILINE)
    told = {
        (
            kind.value,
            service,
            error_messages.cause(AwsCallError(kind, action=f"{service}:Any", code="any", detail="any")),
        )
        for kind in ErrorKind
        for service in error_messages._NAMES
        if kind is not ErrorKind.DENIED
    }
    denied = AwsCallError(ErrorKind.DENIED, action="any", code="any", detail="any")
    assert told | {("denied", "any", error_messages.cause(denied))} == set(rows) - {
        ("kind", "service", "cause in the message")
    }


def test_no_row_is_empty() -> None:
    """Each message has a meaning and a remedy."""
    rows = documented("## Messages of the function", "\n## Reading the log")
    assert [] == [row for row in rows if not (row[1].strip() and row[2].strip())]


def test_the_collector_finds_what_it_should(tmp_path: Path) -> None:
    """Messages in names, alternatives and placeholders, so that no new message goes unnoticed."""
    source = tmp_path / "module.py"
    source.write_text(
        '_SILENT = "no reason"\n'
        "def f(self, x):\n"
        '    cause = f"it is {x}"\n'
        "    if x:\n"
        '        raise self.failed(cause, "Do it.")\n'
        '    raise ValueError(f"{x!r}: " "give one")\n'
        "def g(self, x):\n"
        '    logger.error("%s is gone", x)\n'
        '    return self.failed(f"failed: {x() or _SILENT}", "Do it.")\n'
    )
    assert {"no reason", "it is …", "…: give one", "… is gone", "failed: …"} == messages.messages(source)
