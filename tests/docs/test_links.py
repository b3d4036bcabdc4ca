"""Every link inside the repository points to an existing file and heading."""

import re
from pathlib import Path

import pytest

from support.paths import PROJECT_DIR

PAGES = sorted(
    path.relative_to(PROJECT_DIR).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md", "tests/**/*.md")
    for path in PROJECT_DIR.glob(pattern)
)

_LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def text(path: Path) -> str:
    """Return a page without its blocks of code."""
    return _CODE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", text(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    found = []
    for target in (first or second for first, second in _LINK.findall(text(page))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_no_link_is_broken(page: str) -> None:
    """Neither the file nor the heading is missing."""
    assert [] == broken(PROJECT_DIR / page)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page in ("CONTRIBUTING.md", "SECURITY.md") or "docs/" in page]
)
def test_files_that_a_page_names_exist(page: str) -> None:
    """Paths in backticks, from the root of the repository."""
    named = re.findall(r"`((?:constructs|docs|lambda|local|tests|tools|\.github)/[\w./-]+)`", text(PROJECT_DIR / page))
    assert [] == [path for path in named if not (PROJECT_DIR / path).exists()]


def test_the_rooms_are_the_folders() -> None:
    """Every folder of the product's packages is in the table of rooms, and no other."""
    page = (PROJECT_DIR / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| `([\w/]+)/` \|", page.partition("## Rooms")[2].partition("\n## ")[0], flags=re.MULTILINE)
    folders = {
        path.parent.relative_to(PROJECT_DIR).as_posix()
        for root in ("constructs", "lambda")
        for path in (PROJECT_DIR / root).rglob("__init__.py")
    }
    assert folders | {"local/appstream_local"} == set(rooms)


def test_a_broken_link_would_be_found(tmp_path: Path) -> None:
    """A missing file, a missing heading, and both kinds of links."""
    page = tmp_path / "page.md"
    page.write_text("# A Heading, here\n[a](gone.md) [b](#a-heading-here) [c](page.md#gone)\n\n[d]: lost.md\n")
    assert ["gone.md", "page.md#gone", "lost.md"] == broken(page)
