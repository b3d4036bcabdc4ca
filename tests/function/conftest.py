"""What the unit tests share: the fixtures for virtual time, and another time zone."""

import time
from collections.abc import Iterator

import pytest

from support.fixtures import logging_as_before, side, world

__all__ = ["in_tokyo", "logging_as_before", "side", "world"]


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the machine's clock to another time zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
