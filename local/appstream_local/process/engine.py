"""Starts and stops one engine process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from . import environment as env
from .admin_client import AdminClient
from .certificate import make_certificate
from .errors import EngineError
from .loopback import responds, usable_port
from .state_directory import StateDirectory
from .supervised_process import SupervisedProcess

_SERVE = "appstream_local.ministack"
_READY_PATH = "/_ministack/ready"
_POLL = 0.1
# The engine's state is in memory only, so there is nothing to wait for.
_GRACE = 0.2
# Another process may take a free port before the engine does.
_ATTEMPTS = 3
_TAKEN = "already in use"
_START_SECONDS = 60.0


class Engine:
    """A local AWS engine with AppStream, on loopback only, which ends with this process.

    Use it as a context manager, or call `start` and `stop`. A started engine has:

    Attributes:
        endpoint_url: the HTTPS endpoint of every AWS service.
        ca_bundle: the certificate to trust, for AWS_CA_BUNDLE and NODE_EXTRA_CA_CERTS.
        region: the Region.
        account: the account's id.
        environment: everything that a `cdk` or `aws` process needs to use this engine and no other.
        admin: sets image builders and faults, and returns what was called.
        state_dir: the directory that this engine and its clients write to; `stop` deletes it.
        log_path: the log of the engine and its functions.
    """

    region = env.REGION
    account = env.ACCOUNT
    endpoint_url: str
    ca_bundle: Path
    environment: dict[str, str]
    admin: AdminClient
    state_dir: Path
    log_path: Path

    def __init__(
        self,
        *,
        port: int | None = None,
        state_dir: Path | None = None,
        inherited: Mapping[str, str] | None = None,
        node_path: Path | None = None,
    ) -> None:
        """Prepare an engine; nothing happens before `start`.

        Args:
            port: the loopback port; by default a free one.
            state_dir: an empty or missing directory; by default a temporary one.
            inherited: the environment with PATH and the language; by default `os.environ`.
            node_path: a node_modules with the AWS SDK, which Lambda's Node runtime includes; only functions on Node
                need it.
        """
        self._port = port
        self._given_state_dir = state_dir
        self._inherited = os.environ if inherited is None else inherited
        self._node_path = node_path
        self._process: SupervisedProcess | None = None
        self._directory: StateDirectory | None = None

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the engine and wait until it is ready.

        Raises:
            EngineError: it doesn't start; nothing is left behind.
        """
        if self._process is not None:
            raise EngineError("the local engine is running already")
        attempts = _ATTEMPTS if self._port is None else 1
        for attempt in range(1, attempts + 1):
            try:
                self._start()
                return
            except BaseException as error:
                self.stop()
                if attempt == attempts or _TAKEN not in str(error):
                    raise

    def stop(self) -> None:
        """End the engine and its functions, and delete its directory."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        directory, self._directory = self._directory, None
        if directory is not None:
            directory.remove()

    def check(self) -> None:
        """Raise EngineError if the engine isn't running."""
        if self._process is None or self._directory is None:
            raise EngineError("the local engine is not running")
        code = self._process.exit_code()
        if code is not None:
            reason = self._directory.last_words()
            raise EngineError(f"the local engine ended with exit code {code}: {reason}")

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of one of the engine's services, whatever the user's own AWS configuration says.

        Args:
            service: the service's name.
            **options: options of `boto3.client` in addition to or instead of the usual ones.
        """
        make: Any = boto3.client
        usual = {
            "endpoint_url": self.endpoint_url,
            "verify": str(self.ca_bundle),
            "region_name": self.region,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "config": Config(retries={"mode": "standard"}, proxies={}, max_pool_connections=60),
        }
        return make(service, **{**usual, **options})

    def keep_log(self) -> Path:
        """Copy the log of a running engine to a file that `stop` doesn't delete, and return its path."""
        if self._directory is None:
            raise EngineError("the local engine is not running")
        return self._directory.keep_log()

    def _start(self) -> None:
        port = usable_port(self._port)
        self._directory = directory = StateDirectory(self._given_state_dir)
        self.state_dir, self.log_path = directory.path, directory.log
        base = env.base_environment(state_dir=directory.path, inherited=self._inherited)
        certificate, key = make_certificate(directory.path, environment=base)
        self.endpoint_url, self.ca_bundle = f"https://{env.LOOPBACK}:{port}", certificate
        self.environment = env.client_environment(base, endpoint_url=self.endpoint_url, ca_bundle=certificate)
        with directory.log.open("wb") as log:
            self._process = SupervisedProcess(
                [sys.executable, "-m", _SERVE],
                environment=env.engine_environment(
                    base,
                    state_dir=directory.path,
                    port=port,
                    certificate=certificate,
                    key=key,
                    node_path=self._node_path,
                ),
                output=log,
                cwd=directory.path,
                grace=_GRACE,
                remove=directory.path,
            )
        self._wait_until_ready(directory)
        self.admin = AdminClient(endpoint_url=self.endpoint_url, ca_bundle=certificate)

    def _wait_until_ready(self, directory: StateDirectory) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not responds(self.endpoint_url + _READY_PATH, ca_bundle=self.ca_bundle):
            self.check()
            if time.monotonic() > deadline:
                raise EngineError(
                    f"the local engine did not respond within {_START_SECONDS:.0f} s: {directory.last_words()}"
                )
            time.sleep(_POLL)
