"""A boto3 client of the service that a test module names in ``SERVICE``, with nobody's credentials."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from running_image_builder_function.aws.client import CONFIG


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Any:
    """Return the client."""
    make: Any = boto3.client
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return make(request.module.SERVICE, region_name="eu-central-1", config=CONFIG, **keys)


@pytest.fixture
def stubber(client: Any) -> Iterator[Stubber]:
    """Respond in the service's place; check at the end that all expected calls were made."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()
