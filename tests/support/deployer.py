"""Deploys the end-to-end scenarios with the real CDK CLI, and reads what became of them."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appstream_local.process.cdk import Cdk, CdkResult
from appstream_local.process.engine import Engine
from support.paths import PROJECT_DIR
from support.waiting import wait_until


class Deployer:
    """Deploys and destroys steps of the scenarios with the real CDK CLI, and reads what became of them."""

    def __init__(self, engine: Engine, assembly: Path) -> None:
        self._engine = engine
        self._assembly = assembly
        self.client = engine.client
        self.cloudformation = engine.client("cloudformation")

    def deploy(self, step: str) -> CdkResult:
        """Run ``cdk deploy`` for one step; the result tells whether it worked."""
        return self._cdk().deploy(step, arguments=["--exclusively"])

    @contextmanager
    def deploying(self, step: str) -> Iterator[None]:
        """Deploy in the background, and wait for the CDK CLI's end."""
        deploy = threading.Thread(target=self.deploy, args=[step])
        deploy.start()
        try:
            yield
        finally:
            deploy.join()

    @contextmanager
    def slow(self, *, start: float = 6, stop: float = 3) -> Iterator[None]:
        """Let starts or stops take longer meanwhile."""
        self._engine.admin.set_durations(start=start, stop=stop)
        try:
            yield
        finally:
            self._engine.admin.set_durations(start=6, stop=3)

    def cancel(self, stack_name: str) -> None:
        """Cancel the update, and wait until the stack is what it was."""
        self.cloudformation.cancel_update_stack(StackName=stack_name)
        wait_until(lambda: self.status(stack_name) == "UPDATE_ROLLBACK_COMPLETE")

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

    def failure(self, stack_name: str) -> tuple[str, str]:
        """Return the physical id and the reason of the custom resource's one failed create."""
        [(_, physical_id, reason)] = [each for each in self.events(stack_name) if each[0] == "CREATE_FAILED"]
        return physical_id, reason

    def resources(self, stack_name: str) -> list[dict[str, Any]]:
        """Return the stack's resources, as CloudFormation describes them."""
        return list(self.cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"])

    def types(self, stack_name: str) -> list[str]:
        """Return the types of the stack's resources."""
        return [each["ResourceType"] for each in self.resources(stack_name)]

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
