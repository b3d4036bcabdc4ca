"""Makes boto3 clients for a local engine."""

from typing import Any

import boto3
from botocore.config import Config

from appstream_local.process.engine import Engine


def engine_client(engine: Engine, service: str) -> Any:
    """Return a client for the engine, whatever the user's own AWS configuration says."""
    return boto3.client(
        service,  # type: ignore[call-overload]  # the stubs list each service by its literal name
        endpoint_url=engine.endpoint_url,
        verify=str(engine.ca_bundle),
        region_name=engine.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the engine takes any
        config=Config(retries={"mode": "standard"}, proxies={}, max_pool_connections=60),
    )
