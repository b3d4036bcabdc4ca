"""Fixtures of the local engine's tests: a virtual clock, clients without the user's configuration, one engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.engine import Engine
from appstream_local.service.builders import ImageBuilders
from appstream_local.service.in_process import VirtualClock, route
from appstream_local.service.service import AppStreamService

if TYPE_CHECKING:
    from mypy_boto3_appstream import AppStreamClient


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
def without_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the user's AWS configuration."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def in_process_client(without_user: None, service: AppStreamService) -> Callable[..., AppStreamClient]:
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
def engine_client(without_user: None, engine: Engine) -> Callable[..., Any]:
    """Return a factory of boto3 clients of any service of the engine; without keys, of the account's root."""

    def make(service: Any, *keys: str) -> Any:
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        given: dict[str, Any] = dict(zip(names, keys or ("test", "test"), strict=False))
        return boto3.client(
            service,
            endpoint_url=engine.endpoint_url,
            verify=str(engine.ca_bundle),
            region_name=engine.region,
            config=Config(retries={"total_max_attempts": 1}),
            **given,
        )

    return make
