"""The templates that many tests look at."""

import pytest

from synth.stacks import Json, template_with


@pytest.fixture(scope="session")
def default() -> Json:
    """Return the template of a builder with nothing but a name, which no test changes."""
    return template_with()
