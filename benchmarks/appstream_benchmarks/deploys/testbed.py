"""An engine of one contender: started, bootstrapped, with the assets published by the CDK CLI; and its AWS clients."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from appstream_benchmarks.baselines.names import STACK_KINDS
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine

PROJECT_DIR = Path(__file__).parents[3]
BENCHMARKS_DIR = Path(__file__).parents[2]
# What Lambda's Node runtime brings, the AWS SDK, has to be somewhere here.
NODE_MODULES = BENCHMARKS_DIR / "node_modules"


class Lab:
    """One engine for the stacks of one kind.

    Args:
        kind: the contender's name.
        assembly: where the contenders were synthesized to.
        builders: the most image builders that the account may hold.
    """

    def __init__(self, kind: str, assembly: Path, *, builders: int = 100) -> None:
        self.kind = kind
        self.assembly = assembly
        self._builders = builders
        self.engine = Engine(node_path=NODE_MODULES)

    def __enter__(self) -> Lab:
        self.engine.start()
        try:
            self._prepare()
        except BaseException:
            self.engine.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.engine.stop()

    def client(self, service: str) -> Any:
        """Return a boto3 client for the engine, whatever the user's own AWS configuration says."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs list each service by its literal name
            endpoint_url=self.engine.endpoint_url,
            verify=str(self.engine.ca_bundle),
            region_name=self.engine.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the engine takes any
            config=Config(retries={"mode": "standard"}, proxies={}, max_pool_connections=60),
        )

    def cool_functions(self) -> None:
        """Let every function be loaded anew when it is invoked next, by writing a setting that it has already."""
        functions = self.client("lambda")
        for page in functions.get_paginator("list_functions").paginate():
            for each in page["Functions"]:
                functions.update_function_configuration(FunctionName=each["FunctionName"], Timeout=each["Timeout"])

    def _prepare(self) -> None:
        self.engine.admin.set_behavior(quota=self._builders)
        if self.kind not in STACK_KINDS:
            return
        cdk = Cdk(engine=self.engine, project_dir=PROJECT_DIR)
        cdk.bootstrap().check()
        stacks = [path.name.removesuffix(".assets.json") for path in self.assembly.glob(f"{self.kind}-*.assets.json")]
        cdk.run(
            "publish-assets", *sorted(stacks), "--app", str(self.assembly), "--unstable=publish-assets", "--exclusively"
        ).check()


def synthesize(output_dir: Path, kinds: tuple[str, ...] = STACK_KINDS) -> Path:
    """Synthesize contenders with the CDK CLI, and return where they are.

    Args:
        output_dir: an empty directory.
        kinds: which of them.
    """
    with Engine() as engine:
        engine.environment["PYTHONPATH"] = str(BENCHMARKS_DIR)
        command = "python3 -m appstream_benchmarks.baselines.app"
        cdk = Cdk(engine=engine, project_dir=PROJECT_DIR, app=command, output_dir=output_dir)
        cdk.run(
            "synth", "--app", command, "--output", str(output_dir), "--quiet", "-c", f"kinds={','.join(kinds)}"
        ).check()
    return output_dir
