"""Fixtures for tests that run the function in virtual time; a folder's conftest.py imports the ones it needs."""

import logging
from collections.abc import Iterator

import pytest

from running_image_builder_function.cloudformation.crhelper_adapter import SILENT
from running_image_builder_function.observability.logs import Redaction
from support.lambda_side import LambdaSide
from support.world import World


@pytest.fixture
def world() -> World:
    """Return AppStream in virtual time, without image builders."""
    return World()


@pytest.fixture
def side(world: World) -> LambdaSide:
    """Return Lambda's and CloudFormation's side of that world."""
    return LambdaSide(world)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a function does to the logging of its process, which in these tests is everybody's."""
    loggers = [logging.getLogger(name) for name in ("", "boto", "boto3", "botocore", "urllib3", *SILENT)]
    before = [(logger.level, list(logger.filters)) for logger in loggers]
    yield
    for logger, (level, filters) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.filters[:] = filters
    for handler in logging.getLogger().handlers:
        handler.filters[:] = [each for each in handler.filters if not isinstance(each, Redaction)]
