"""What the tests of the local engine share: a virtual clock, clients without a user, one real engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from appstream_local.process.admin_client import AdminClient
from appstream_local.process.aws_cli import AwsCli, installed
from appstream_local.process.engine import Engine
from appstream_local.service.builders import ImageBuilders
from appstream_local.service.in_process import VirtualClock, route
from appstream_local.service.service import AppStreamService

if TYPE_CHECKING:
    from mypy_boto3_appstream import AppStreamClient


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that stands still."""
    return VirtualClock()


@pytest.fixture
def builders(clock: VirtualClock) -> ImageBuilders:
    """Return the builders of one account and Region, none yet."""
    return ImageBuilders(now=clock)


@pytest.fixture
def service(clock: VirtualClock) -> AppStreamService:
    """Return AppStream in virtual time."""
    return AppStreamService(now=clock)


@pytest.fixture
def without_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the AWS configuration of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def in_process_client(without_user: None, service: AppStreamService) -> Callable[..., AppStreamClient]:
    """Return a maker of botocore clients that the service answers in process."""

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
    """Return one real engine for the whole run, over real HTTPS and with IAM enforced."""
    with Engine() as running:
        yield running


@pytest.fixture
def admin(engine: Engine) -> AdminClient:
    """Return the engine's admin, after it forgot what earlier tests left behind."""
    engine.admin.reset()
    return engine.admin


@pytest.fixture
def engine_client(without_user: None, engine: Engine) -> Callable[..., Any]:
    """Return a maker of boto3 clients of any service of the engine; without keys, as the account's root."""

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


@pytest.fixture(scope="session")
def aws_clis() -> list[AwsCli]:
    """Return every AWS CLI on the PATH, the newest first."""
    return installed(os.environ.get("PATH", ""))


@pytest.fixture
def aws_cli(aws_clis: list[AwsCli]) -> AwsCli:
    """Return the newest AWS CLI, version 2 where there is one."""
    if not aws_clis:
        pytest.skip("no AWS CLI on the PATH")
    return aws_clis[0]


@pytest.fixture
def aws_cli_2(aws_cli: AwsCli) -> AwsCli:
    """Return an AWS CLI of version 2."""
    if aws_cli.release[0] < 2:
        pytest.skip(f"needs version 2 of the AWS CLI, and the PATH has only {aws_cli.version}")
    return aws_cli


@pytest.fixture
def aws(aws_cli: AwsCli, engine: Engine, admin: AdminClient) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return `aws appstream` against the engine, in an environment without the user's configuration."""

    def run(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return aws_cli.run(
            "appstream",
            *arguments,
            "--endpoint-url",
            engine.endpoint_url,
            environment=engine.environment if environment is None else environment,
        )

    return run
