"""Makes AWS clients from the command line and the environment, by the AWS CLI's rules."""

import warnings
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from appstream_image_builder_cli.arguments import Arguments

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=20)


class Session:
    """Makes the clients, each at its first use.

    boto3 reads AWS_PROFILE, AWS_ENDPOINT_URL, AWS_CA_BUNDLE and others itself, but not AWS_REGION, which the AWS CLI
    prefers to AWS_DEFAULT_REGION.

    Raises:
        BotoCoreError: There is no such profile.
    """

    def __init__(self, arguments: Arguments, environment: Mapping[str, str]) -> None:
        region = arguments.region or environment.get("AWS_REGION") or None
        self._session = boto3.Session(profile_name=arguments.profile, region_name=region)
        self._endpoint_url = arguments.endpoint_url
        self._verify: bool | str | None = arguments.ca_bundle
        self._clients: dict[str, Any] = {}
        if not arguments.verify_ssl:
            self._verify = False
            # The user asked for it, and a warning with each request would hide the view.
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")

    @property
    def region(self) -> str:
        """The Region in use, "" if none is set."""
        return self._session.region_name or ""

    def client(self, service: str) -> Any:
        """Return the client of a service.

        Raises:
            BotoCoreError: No Region is known.
        """
        if service not in self._clients:
            make: Any = self._session.client
            self._clients[service] = make(service, endpoint_url=self._endpoint_url, verify=self._verify, config=_CONFIG)
        return self._clients[service]
