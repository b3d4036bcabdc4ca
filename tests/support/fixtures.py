"""Fixtures for tests that run the function in virtual time; a folder's conftest.py imports the ones it needs."""

import logging
from collections.abc import Iterator

import pytest

from running_image_builder_function.cloudformation.crhelper_adapter import SILENCED_LOGGERS
from running_image_builder_function.observability.redaction import RedactingFilter
from support.fake_appstream import FakeAppStream
from support.lambda_harness import LambdaHarness


@pytest.fixture
def appstream() -> FakeAppStream:
    """Return AppStream in virtual time, without image builders."""
    return FakeAppStream()


@pytest.fixture
def harness(appstream: FakeAppStream) -> LambdaHarness:
    """Return Lambda's and CloudFormation's side of that world."""
    return LambdaHarness(appstream)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a function does to the logging of its process, which in these tests is everybody's."""
    loggers = [logging.getLogger(name) for name in ("", "boto", "boto3", "botocore", "urllib3", *SILENCED_LOGGERS)]
    before = [(logger.level, list(logger.filters)) for logger in loggers]
    yield
    for logger, (level, filters) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.filters[:] = filters
    for handler in logging.getLogger().handlers:
        handler.filters[:] = [each for each in handler.filters if not isinstance(each, RedactingFilter)]
