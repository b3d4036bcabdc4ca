"""Fixtures of stacks with custom resources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_engine.custom_resource_stack import CustomResourceStack


@pytest.fixture
def stack(engine_client: Callable[..., Any], tmp_path: Path) -> Callable[[str], CustomResourceStack]:
    """Return a factory of stacks that don't exist yet."""
    return lambda name: CustomResourceStack(engine_client, name, tmp_path)


@pytest.fixture
def created(stack: Callable[[str], CustomResourceStack]) -> Callable[..., CustomResourceStack]:
    """Return a factory of created stacks."""

    def make(name: str, **resources: dict[str, Any]) -> CustomResourceStack:
        made = stack(name)
        made.create(**resources)
        assert "CREATE_COMPLETE" == made.wait_until_done()
        return made

    return make
