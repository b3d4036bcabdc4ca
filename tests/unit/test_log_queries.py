"""The Logs Insights queries of docs/operations.md against the lines that the function really writes."""

import re

import pytest

from support.lambda_side import LambdaSide, event
from support.paths import PROJECT_DIR
from support.world import NAME, World

SECTION = (
    (PROJECT_DIR / "docs" / "operations.md")
    .read_text(encoding="utf-8")
    .partition("## Reading the log")[2]
    .partition("\n## ")[0]
)
QUERIES = re.findall(r"^```text\n(.*?)^```", SECTION, flags=re.MULTILINE | re.DOTALL)

OF_LAMBDA = {"@timestamp", "level", "message", "requestId"}
"""What Lambda's JSON format has in each line, and Logs Insights itself."""

_WORDS = {"fields", "filter", "stats", "sort", "parse", "by", "as", "and", "like", "asc", "desc"}
_CALLS = {"count", "avg", "pct", "max"}


@pytest.fixture
def lines(world: World, side: LambdaSide, caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """Return the log of a start with a hand-over and a refused call, and of one that failed."""
    side.limit = 300
    world.put("STOPPED")
    world.fault("throttle", "Describe", times=1)
    side.run(event())
    side.answers.clear()
    world.put("FAILED")
    side.run(event())
    return [{**vars(record), "level": record.levelname, "message": record.getMessage()} for record in caplog.records]


def names(query: str) -> set[str]:
    """Return the fields that a query reads, without those that it makes itself."""
    made = set(re.findall(r"(?:as |\?<)(\w+)", query))
    bare = re.sub(r"/.*?/|\"[^\"]*\"", "", query, flags=re.DOTALL)
    return set(re.findall(r"@?[A-Za-z]\w*", bare)) - made - _WORDS - _CALLS


def test_the_queries_are_there() -> None:
    """One for each question that the section has."""
    assert 5 == len(QUERIES)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_reads_fields_that_the_log_has(query: str, lines: list[dict[str, object]]) -> None:
    """A field that no line has would find nothing, silently."""
    ours = {"builder", "state", "elapsedSeconds", "remainingSeconds", "invocation"}
    assert set() == names(query) - OF_LAMBDA - ours
    assert [] == [line for line in lines if not ours <= line.keys()]


@pytest.mark.parametrize("query", QUERIES)
def test_a_querys_filter_finds_a_line(query: str, lines: list[dict[str, object]]) -> None:
    """Each pattern matches something that was logged, and each group of it has a value."""
    found = lines
    for pattern in re.findall(r"/(.+?)/", query):
        found = [each for each in found if re.search(pattern.replace("(?<", "(?P<"), str(each["message"]))]
    for field, value in re.findall(r'(\w+) = "([^"]+)"', query):
        wanted = NAME if field == "builder" else value
        found = [each for each in found if each[field] == wanted]
    assert found
