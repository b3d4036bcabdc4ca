"""Finds the stack that deploys a builder, and describes its latest deploy."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appstream_image_builder_cli.observation import Deploy
from appstream_image_builder_cli.stack_events import latest_deploy
from appstream_image_builder_cli.stack_template import Located, locate, parse
from running_image_builder_function import contract

_IN_PROGRESS = (
    "CREATE_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "DELETE_IN_PROGRESS",
)
_NO_SUCH = "ValidationError"


class Deploys:
    """The deploys of one builder.

    CloudFormation finds a resource by its physical id only at the end of a create. Before that, the stacks with an
    operation in progress are searched.

    Args:
        client: Returns the boto3 client.
        name: The builder's name.
        stack_name: The stack, if the user named it.
    """

    def __init__(self, client: Callable[[], Any], *, name: str, stack_name: str | None) -> None:
        self._make = client
        self._name = name
        self._stack_name = stack_name
        self._others: set[tuple[str, str]] = set()
        self.located: Located | None = None

    def latest(self) -> Deploy | None:
        """Return the latest deploy; None if none is found.

        Raises:
            ClientError: CloudFormation refuses.
            BotoCoreError: CloudFormation cannot be reached.
        """
        self.located = self._find() or self.located
        if self.located is None:
            return None
        pages = self._make().get_paginator("describe_stack_events").paginate(StackName=self.located.stack)
        return latest_deploy((event for page in pages for event in page["StackEvents"]), self.located)

    def _find(self) -> Located | None:
        if self._stack_name is not None:
            if self.located is None:
                return self._in_stack(self._stack_name) if self._exists(self._stack_name) else None
            return None
        for stack in self._stacks_in_progress():
            if self.located is not None and self.located.stack == stack:
                return None
            found = self._in_stack(stack)
            if found is not None:
                return found
        if self.located is None and (stack := self._by_physical_id()):
            return self._in_stack(stack)
        return None

    def _exists(self, stack: str) -> bool:
        """Return whether the stack exists; a first deploy may still create it."""
        try:
            return bool(self._make().describe_stacks(StackName=stack)["Stacks"])
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_SUCH:
                return False
            raise

    def _stacks_in_progress(self) -> Iterator[str]:
        pages = self._make().get_paginator("list_stacks").paginate(StackStatusFilter=list(_IN_PROGRESS))
        for page in pages:
            for stack in page["StackSummaries"]:
                version = str(stack.get("LastUpdatedTime") or stack["CreationTime"])
                if (stack["StackId"], version) not in self._others:
                    self._others.add((stack["StackId"], version))
                    yield stack["StackId"]

    def _by_physical_id(self) -> str:
        try:
            found = self._make().describe_stack_resources(PhysicalResourceId=self._name)["StackResources"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_SUCH:
                return ""
            raise
        return next((str(each["StackId"]) for each in found if each["ResourceType"] == contract.RESOURCE_TYPE), "")

    def _in_stack(self, stack: str) -> Located | None:
        client = self._make()
        try:
            template = client.get_template(StackName=stack)["TemplateBody"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_SUCH:
                return None
            raise
        return locate(parse(template), stack=stack, name=self._name, values=self._values(stack))

    def _values(self, stack: str) -> dict[str, str]:
        client = self._make()
        values: dict[str, str] = {}
        try:
            for page in client.get_paginator("list_stack_resources").paginate(StackName=stack):
                values |= {
                    each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
                    for each in page["StackResourceSummaries"]
                }
            for each in client.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters") or []:
                values[each["ParameterKey"]] = each.get("ResolvedValue") or each.get("ParameterValue", "")
        except (ClientError, BotoCoreError):
            # They are needed only if the name or the log group is not a literal.
            return values
        return values
