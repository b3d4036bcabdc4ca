"""What is committed of the benchmarks is what their data gives: nobody has written it by hand."""

import pytest

from appstream_benchmarks.machine import PROJECT_DIR
from appstream_benchmarks.reporting import page as report

DOCS = PROJECT_DIR / "docs" / "benchmarks"


def test_the_page_is_what_the_data_gives() -> None:
    """`make bench` writes both."""
    assert report.render(report.load(DOCS / "data")) == (DOCS / "README.md").read_text(encoding="utf-8")


def test_the_table_in_the_readme_is_what_the_data_gives() -> None:
    """`make bench` writes that as well."""
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")

    assert report.with_table(readme, report.load(DOCS / "data")) == readme


def test_a_changed_figure_changes_both() -> None:
    """So that these tests can fail."""
    data = report.load(DOCS / "data")
    readme, page = (PROJECT_DIR / "README.md").read_text(encoding="utf-8"), report.render(data)
    for start in data["deploys"]["starts"]:
        start["lag_median"] = 1234

    assert page != report.render(data)
    assert readme != report.with_table(readme, data)


def test_a_readme_without_marks_is_refused() -> None:
    """The message says what to do."""
    with pytest.raises(ValueError, match="put <!-- benchmark table --> and <!-- end --> where it belongs"):
        report.with_table("# Title\n", {})


def test_every_picture_is_there_and_every_one_there_is_shown() -> None:
    """Those that the page names, and no others."""
    page = (DOCS / "README.md").read_text(encoding="utf-8")

    pictures = [path.name for path in DOCS.glob("*.svg")]
    assert pictures
    assert [] == [name for name in pictures if f"({name})" not in page]
    assert [] == [
        name
        for name in page.split("](")
        if name.split(")")[0].endswith(".svg") and not (DOCS / name.split(")")[0]).is_file()
    ]
