"""Pages: together they are the whole list, whatever happens between two of them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from appstream_local.service.paging import page

_NAMES = st.lists(st.text(alphabet="abcXYZ09_.-", min_size=1, max_size=8), unique=True, max_size=30)


def _items(names: list[str]) -> list[dict[str, Any]]:
    return [{"Name": name} for name in sorted(names)]


@given(names=_NAMES, size=st.integers(min_value=1, max_value=31))
def test_pages_add_up_to_the_whole(names: list[str], size: int) -> None:
    """Every item is on exactly one page, and no page is too long."""
    items = _items(names)
    seen: list[dict[str, Any]] = []
    shown, token = page(items, size=size, token=None)
    while True:
        assert size >= len(shown)
        seen += shown
        if token is None:
            break
        shown, token = page(items, size=size, token=token)

    assert items == seen


def test_a_deleted_item_does_not_hide_another() -> None:
    """If the last item of a page is deleted before the next page is requested, nothing is skipped."""
    _, token = page(_items(["a", "b", "c"]), size=2, token=None)

    assert ([{"Name": "c"}], None) == page(_items(["a", "c"]), size=2, token=token)
