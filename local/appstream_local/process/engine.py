"""Starts and stops one engine for one machine; knows nothing of CDK, stacks or image builders."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from . import environment as env
from .admin_client import AdminClient
from .certificate import CertificateError, make_certificate
from .loopback import PortError, answers, usable_port
from .state_directory import StateDirectory, StateDirectoryError
from .supervised_process import SupervisedProcess

_SERVE = "appstream_local.ministack"
_READY_PATH = "/_ministack/ready"
_POLL = 0.1
# All that the engine holds is in memory and dies with it: there is nothing to wait for.
_GRACE = 0.2
# Between finding a free port and taking it, another process may take it.
_ATTEMPTS = 3
_TAKEN = "already in use"


class EngineError(Exception):
    """The engine could not start, or is gone; the text is one line for a person."""


class Engine:
    """A local AWS engine with AppStream in it, on loopback only, gone when this process is gone.

    Use it as a context manager, or call `start` and `stop`. Once started, it has:

    Attributes:
        endpoint_url: where every AWS service answers, over TLS.
        ca_bundle: the certificate to trust, for AWS_CA_BUNDLE and NODE_EXTRA_CA_CERTS.
        region: the Region to work in.
        account: the account's id.
        environment: all that a `cdk` or `aws` process needs to use this engine, and no other.
        admin: sets image builders and faults, and tells what was called.
        state_dir: everything this engine and its clients write; deleted by `stop`.
        log_path: what the engine and the functions it runs wrote.
    """

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
        region: str = env.REGION,
        account: str = env.ACCOUNT,
        inherited: Mapping[str, str] | None = None,
        start_timeout: float = 60.0,
        node_path: Path | None = None,
        retry_pause: float = 1.0,
    ) -> None:
        """Prepare an engine; nothing happens before `start`.

        Args:
            port: the loopback port to serve on; a free one where not given.
            state_dir: an empty or missing directory to use; a temporary one where not given.
            region: the Region to work in.
            account: the account's id, twelve digits.
            inherited: where PATH and the language are taken from; `os.environ` by default.
            start_timeout: seconds to wait for the engine's first answer.
            retry_pause: seconds before Lambda tries a failed asynchronous event again, and twice that before the last
                try; AWS takes 60.
            node_path: a node_modules with what Lambda's Node runtime brings, the AWS SDK; only functions on Node
                need it.
        """
        self.region = region
        self.account = account
        self._port = port
        self._given_state_dir = state_dir
        self._inherited = os.environ if inherited is None else inherited
        self._start_timeout = start_timeout
        self._node_path = node_path
        self._retry_pause = retry_pause
        self._process: SupervisedProcess | None = None
        self._directory: StateDirectory | None = None

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the engine and wait until it answers.

        Raises:
            EngineError: it does not start; nothing is left behind.
        """
        if self._process is not None:
            raise EngineError("the local engine is running already")
        attempts = _ATTEMPTS if self._port is None else 1
        for attempt in range(1, attempts + 1):
            try:
                self._start()
                return
            except (CertificateError, PortError, StateDirectoryError) as error:
                self.stop()
                raise EngineError(str(error)) from None
            except EngineError as error:
                self.stop()
                if attempt == attempts or _TAKEN not in str(error):
                    raise
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """End the engine and every function it runs, and delete what it wrote."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        directory, self._directory = self._directory, None
        if directory is not None:
            directory.remove()

    def check(self) -> None:
        """Raise EngineError where the engine is not running, or not any more."""
        if self._process is None or self._directory is None:
            raise EngineError("the local engine is not running")
        code = self._process.exit_code()
        if code is not None:
            reason = self._directory.last_words()
            raise EngineError(f"the local engine ended with exit code {code}: {reason}")

    def keep_log(self) -> Path:
        """Copy the log of a running engine to where `stop` does not delete it."""
        if self._directory is None:
            raise EngineError("the local engine is not running")
        return self._directory.keep_log()

    def _start(self) -> None:
        port = usable_port(self._port)
        self._directory = directory = StateDirectory(self._given_state_dir)
        self.state_dir, self.log_path = directory.path, directory.log
        target = {"region": self.region, "account": self.account}
        base = env.base_environment(state_dir=directory.path, inherited=self._inherited)
        certificate, key = make_certificate(directory.path, environment=base)
        self.endpoint_url, self.ca_bundle = f"https://{env.LOOPBACK}:{port}", certificate
        self.environment = env.client_environment(base, endpoint_url=self.endpoint_url, ca_bundle=certificate, **target)
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
                    retry_pause=self._retry_pause,
                    **target,
                ),
                output=log,
                cwd=directory.path,
                grace=_GRACE,
                remove=directory.path,
            )
        self._wait_until_ready(directory)
        self.admin = AdminClient(endpoint_url=self.endpoint_url, ca_bundle=certificate, **target)

    def _wait_until_ready(self, directory: StateDirectory) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not answers(self.endpoint_url + _READY_PATH, ca_bundle=self.ca_bundle):
            self.check()
            if time.monotonic() > deadline:
                raise EngineError(
                    f"the local engine gave no answer within {self._start_timeout:.0f} s: {directory.last_words()}"
                )
            time.sleep(_POLL)
