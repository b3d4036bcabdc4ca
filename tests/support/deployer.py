"""Deploys the end-to-end scenarios with the real CDK CLI, and reads what became of them."""

import json
import shutil
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from appstream_local.process.cdk import Cdk, CdkResult
from appstream_local.process.engine import Engine
from support.paths import PROJECT_DIR


class Deployer:
    """Deploys and destroys steps of the scenarios with the real CDK CLI, and reads what became of them."""

    def __init__(self, engine: Engine, assembly: Path) -> None:
        """Use an engine and a synthesized assembly."""
        self._engine = engine
        self._assembly = assembly
        self.cloudformation = self.client("cloudformation")

    def client(self, service: str) -> Any:
        """Return a boto3 client of one of the engine's services."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service
            endpoint_url=self._engine.endpoint_url,
            verify=str(self._engine.ca_bundle),
            region_name=self._engine.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard"}, proxies={}),
        )

    def deploy(self, step: str) -> CdkResult:
        """Run ``cdk deploy`` for one step; the result tells whether it worked."""
        return self._cdk().deploy(step, arguments=["--exclusively"])

    def destroy(self, step: str) -> CdkResult:
        """Run ``cdk destroy`` for one step."""
        return self._cdk().destroy(step, arguments=["--exclusively"])

    def events(self, stack_name: str) -> list[tuple[str, str, str]]:
        """Return the events of the stack's custom resource, oldest first: status, physical id, reason."""
        events = self.cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
        return [
            (each["ResourceStatus"], each.get("PhysicalResourceId", ""), each.get("ResourceStatusReason", ""))
            for each in sorted(events, key=lambda each: each["Timestamp"])
            if each["ResourceType"] == "Custom::AppStreamRunningImageBuilder"
        ]

    def status(self, stack_name: str) -> str:
        """Return the stack's status."""
        return str(self.cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"])

    def without(self, action: str, tmp_path: Path) -> "Deployer":
        """Return a deployer of the same scenarios whose roles lack one permission."""
        edited = tmp_path / "assembly"
        shutil.copytree(self._assembly, edited)
        remove_permission(edited, action)
        return Deployer(self._engine, edited)

    def _cdk(self) -> Cdk:
        return Cdk(engine=self._engine, project_dir=PROJECT_DIR, app=self._assembly)


def remove_permission(assembly: Path, action: str) -> None:
    """Take an action out of every policy of an assembly; fail where none has it."""
    removed = 0
    for template in assembly.glob("*.template.json"):
        content = json.loads(template.read_text())
        for resource in content["Resources"].values():
            if resource["Type"] not in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                continue
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                if action in actions:
                    removed += 1
                    # A statement needs an action; this one is harmless.
                    statement["Action"] = [each for each in actions if each != action] or ["sts:GetCallerIdentity"]
        template.write_text(json.dumps(content))
    assert removed, f"no policy has {action}"
