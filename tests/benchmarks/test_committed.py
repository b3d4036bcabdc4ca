"""What is committed of the benchmarks is what their data gives: nobody has written it by hand."""

from typing import Any

import pytest

from appstream_benchmarks.machine import PROJECT_DIR
from appstream_benchmarks.reporting import data, growth, page

DOCS = PROJECT_DIR / "docs" / "benchmarks"


@pytest.fixture
def measured() -> dict[str, Any]:
    """Return the committed data."""
    return data.load(DOCS / "data")


@pytest.fixture(scope="module")
def readme() -> str:
    """Return the project's README."""
    return (PROJECT_DIR / "README.md").read_text(encoding="utf-8")


def test_all_parts_are_there(measured: dict[str, Any]) -> None:
    """Each with the machine that measured it."""
    assert {"deploys", "footprint", "virtual_time"} == measured.keys()
    assert all({"date", "machine", "Python", "ministack"} <= part["machine"].keys() for part in measured.values())


def test_the_page_is_what_the_data_gives(measured: dict[str, Any]) -> None:
    """`make bench` writes both."""
    assert page.render(measured) == (DOCS / "README.md").read_text(encoding="utf-8")


def test_the_picture_is_what_the_data_gives(measured: dict[str, Any]) -> None:
    """There is one, and the page shows it."""
    assert [DOCS / growth.PICTURE] == list(DOCS.glob("*.svg"))
    assert f"]({growth.PICTURE})" in page.render(measured)
    assert growth.picture(measured["virtual_time"]) == (DOCS / growth.PICTURE).read_text(encoding="utf-8")


def test_the_table_in_the_readme_is_what_the_data_gives(measured: dict[str, Any], readme: str) -> None:
    """`make bench` writes that as well, and the page begins with it."""
    assert page.with_table(readme, measured) == readme
    assert page.summary_table(measured) in page.render(measured)


def test_a_changed_figure_changes_both(measured: dict[str, Any], readme: str) -> None:
    """So that these tests can fail."""
    before = page.render(measured)
    for start in measured["deploys"]["starts"]:
        start["lag_median"] = 1234

    assert before != page.render(measured)
    assert readme != page.with_table(readme, measured)


def test_a_readme_without_marks_is_refused() -> None:
    """The message says what to do."""
    with pytest.raises(ValueError, match="put <!-- benchmark table --> and <!-- end --> where it belongs"):
        page.with_table("# Title\n", {})
