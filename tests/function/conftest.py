"""What the unit tests share: the fixtures for virtual time, and another time zone."""

import time
from collections.abc import Iterator

import pytest

from support.fixtures import appstream, harness, logging_as_before

__all__ = ["appstream", "harness", "in_tokyo", "logging_as_before"]


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the machine's clock to another time zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
