"""Fixtures of the local engine's tests: a virtual clock, clients, one engine."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from mypy_boto3_appstream import AppStreamClient

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from appstream_local.service.builders import ImageBuilders
from appstream_local.service.in_process import VirtualClock, route
from appstream_local.service.service import AppStreamService


@pytest.fixture
def clock() -> VirtualClock:
    """Return a virtual clock."""
    return VirtualClock()


@pytest.fixture
def builders(clock: VirtualClock) -> ImageBuilders:
    """Return the builders of one account and Region, without any."""
    return ImageBuilders(now=clock)


@pytest.fixture
def service(clock: VirtualClock) -> AppStreamService:
    """Return AppStream in virtual time."""
    return AppStreamService(now=clock)


@pytest.fixture
def in_process_client(service: AppStreamService) -> Callable[..., AppStreamClient]:
    """Return a factory of botocore clients of the service in this process."""

    def make(
        *, region: str = "us-east-1", account: str = "000000000000", principal: str = "", attempts: int = 1
    ) -> AppStreamClient:
        client = boto3.client(
            "appstream",
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
        )
        route(client, service, account=account, principal=principal)
        return client

    return make


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Return one engine for the whole run, with HTTPS and IAM."""
    with Engine() as running:
        yield running


@pytest.fixture
def admin(engine: Engine) -> AdminClient:
    """Return the engine's admin client, after a reset."""
    engine.admin.reset()
    return engine.admin


@pytest.fixture
def engine_client(engine: Engine) -> Callable[..., Any]:
    """Return a factory of boto3 clients of any service of the engine; without keys, of the account's root."""

    def make(service: Any, *keys: str) -> Any:
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        given: dict[str, Any] = dict(zip(names, keys, strict=False))
        return engine.client(service, config=Config(retries={"total_max_attempts": 1}), **given)

    return make
