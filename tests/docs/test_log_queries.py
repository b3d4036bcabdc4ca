"""The Logs Insights queries of docs/troubleshooting.md against the lines that the function really writes."""

import logging
import re

import pytest

from support.fake_appstream import NAME, FakeAppStream
from support.lambda_harness import LambdaHarness, event
from support.paths import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def queries(heading: str) -> list[str]:
    """Return the queries of a section."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```text\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)


QUERIES = queries("Reading the log")
PLAIN_QUERIES = queries("Reading a plain-text log")

AS_TEXT = "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(request)s\t%(message)s\n"
"""What Lambda's text format makes of a line; it takes the request's id from elsewhere."""

OF_LAMBDA = {"@timestamp", "level", "message", "requestId"}
"""What Lambda's JSON format has in each line, and Logs Insights itself."""

_WORDS = {"fields", "filter", "stats", "sort", "parse", "by", "as", "and", "like", "asc", "desc"}
_CALLS = {"count", "avg", "pct", "max"}


@pytest.fixture
def lines(
    appstream: FakeAppStream, harness: LambdaHarness, caplog: pytest.LogCaptureFixture
) -> list[dict[str, object]]:
    """Return the log of a start with a self-invocation and a refused call, and of one that failed."""
    harness.limit = 300
    appstream.put("STOPPED")
    appstream.fault("throttle", "Describe", times=1)
    harness.run(event())
    harness.responses.clear()
    appstream.put("FAILED")
    harness.run(event())
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


@pytest.fixture
def plain_lines(lines: list[dict[str, object]], caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the same log as Lambda's text format writes it."""
    assert lines
    formatter = logging.Formatter(AS_TEXT, "%Y-%m-%dT%H:%M:%S")
    for record in caplog.records:
        record.request = "5a1b6b1e-0000-0000-0000-000000000000"
    return [formatter.format(record) for record in caplog.records]


def test_there_are_queries_for_plain_text() -> None:
    """What happened to a builder, and what failed."""
    assert 2 == len(PLAIN_QUERIES)


@pytest.mark.parametrize("query", PLAIN_QUERIES)
def test_a_plain_text_query_finds_and_parses_a_line(query: str, plain_lines: list[str]) -> None:
    """Its filter matches, and each group of its pattern has a value: the builder, and what was said of it."""
    condition, pattern = re.findall(r"/(.+?)/", query.replace("my-builder", NAME))
    found = [line for line in plain_lines if re.search(condition, line)]
    assert found
    for line in found:
        parsed = re.search(pattern.replace("(?<", "(?P<"), line)
        assert parsed is not None
        assert NAME == parsed["builder"]
        assert all(parsed.groupdict().values())


def test_plain_text_keeps_the_words_without_the_fields(plain_lines: list[str]) -> None:
    """The state is still told; how much time is left is not."""
    assert any(f"{NAME}: state STOPPED" in line for line in plain_lines)
    assert not any("remainingSeconds" in line or "elapsedSeconds" in line for line in plain_lines)
