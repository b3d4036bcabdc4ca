"""A local engine for one approach, bootstrapped and with the assets published by the CDK CLI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appstream_benchmarks.baselines.names import SCRIPT
from appstream_benchmarks.machine import PROJECT_DIR
from appstream_local.process.cdk import Cdk
from appstream_local.process.engine import Engine

# Lambda's Node runtime brings the AWS SDK; here it comes from these modules.
_NODE_MODULES = PROJECT_DIR / "benchmarks" / "node_modules"
_BUILDERS_QUOTA = 100


class Testbed:
    """One engine with the stacks of one approach.

    Args:
        approach: The approach's name.
        assembly: The synthesized stacks.
    """

    def __init__(self, approach: str, assembly: Path) -> None:
        self.approach = approach
        self.assembly = assembly
        self.engine = Engine(node_path=_NODE_MODULES)

    def __enter__(self) -> Testbed:
        self.engine.start()
        try:
            self._prepare()
        except BaseException:
            self.engine.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.stop()

    def client(self, service: str) -> Any:
        """Return a boto3 client for the engine."""
        return self.engine.client(service)

    def cool_functions(self) -> None:
        """Force cold starts at the next invocations, by writing a setting that each function already has."""
        functions = self.client("lambda")
        for page in functions.get_paginator("list_functions").paginate():
            for each in page["Functions"]:
                functions.update_function_configuration(FunctionName=each["FunctionName"], Timeout=each["Timeout"])

    def _prepare(self) -> None:
        self.engine.admin.set_behavior(quota=_BUILDERS_QUOTA)
        if self.approach == SCRIPT:
            return
        cdk = Cdk(engine=self.engine, project_dir=PROJECT_DIR)
        cdk.bootstrap().check()
        assets = self.assembly.glob(f"{self.approach}-*.assets.json")
        stacks = sorted(path.name.removesuffix(".assets.json") for path in assets)
        options = ("--app", str(self.assembly), "--unstable=publish-assets", "--exclusively")
        cdk.run("publish-assets", *stacks, *options).check()
