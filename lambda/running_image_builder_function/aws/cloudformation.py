"""The CloudFormation calls over boto3: what a resource, its stack and its neighbors are in; decides nothing."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.aws.client import AwsClient, unreadable
from running_image_builder_function.reconcile.ports import ResourceStatus

_GONE = ("DELETE_", "ROLLBACK_", "IMPORT_ROLLBACK_", "CREATE_FAILED", "IMPORT_FAILED")
"""How the status of a resource begins that has nothing, or gives up what it has."""

_MOST_PAGES = 50
"""A stack has at most 500 resources, a page about 100 of them: an answer that goes on for longer never ends."""


class Stacks:
    """What CloudFormation says about a resource and its stack, over boto3.

    A stack that is deleted or rolled back while a builder is waited for does not tell the waiting function. Neither
    does Lambda, when it delivers the same event again hours later. Asked before a start, CloudFormation prevents a
    builder that nobody waits for any more from being started, and paid for.

    Args:
        client: Returns the boto3 client; called at the first look only.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        """Keep the factory."""
        self._client = AwsClient(client, service="cloudformation")

    def resource(self, stack_id: str, logical_id: str) -> ResourceStatus:
        """Return the status of a resource.

        Args:
            stack_id: The stack's id.
            logical_id: The resource's logical id in it.

        Raises:
            AwsCallError: CloudFormation did not tell.
        """
        operation = "DescribeStackResource"
        answer = self._client.call(operation, StackName=stack_id, LogicalResourceId=logical_id)
        detail: Mapping[str, Any] = self._client.member(answer, "StackResourceDetail", dict, operation=operation)
        changed = detail.get("LastUpdatedTimestamp")
        return ResourceStatus(
            status=str(detail.get("ResourceStatus") or ""),
            changed_at=changed.timestamp() if isinstance(changed, datetime) else None,
        )

    def stack_status(self, stack_id: str) -> str:
        """Return the status of a stack.

        Raises:
            AwsCallError: CloudFormation did not tell.
        """
        operation = "DescribeStacks"
        answer = self._client.call(operation, StackName=stack_id)
        for stack in self._client.member(answer, "Stacks", list, operation=operation)[:1]:
            if isinstance(stack, Mapping) and stack.get("StackStatus"):
                return str(stack["StackStatus"])
        raise unreadable(lacks="StackStatus", action=f"cloudformation:{operation}")

    def has_another(self, stack_id: str, logical_id: str, name: str) -> bool:
        """Return whether another resource of this type has a builder, in the same stack.

        Args:
            stack_id: The stack's id.
            logical_id: The logical id of the resource that asks.
            name: The builder's name, which is the physical id of a resource that has it.

        Raises:
            AwsCallError: CloudFormation did not tell, or not to the end.
        """
        return any(
            each.get("ResourceType") == contract.RESOURCE_TYPE
            and each.get("LogicalResourceId") != logical_id
            and each.get("PhysicalResourceId") == name
            and not str(each.get("ResourceStatus") or "").startswith(_GONE)
            for each in self._resources(stack_id)
        )

    def _resources(self, stack_id: str) -> Iterator[Mapping[str, Any]]:
        operation = "ListStackResources"
        page: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._client.call(operation, StackName=stack_id, **page)
            for each in self._client.member(answer, "StackResourceSummaries", list, operation=operation):
                if isinstance(each, Mapping):
                    yield each
            if not answer.get("NextToken"):
                return
            page = {"NextToken": str(answer["NextToken"])}
        raise unreadable(lacks="end", action=f"cloudformation:{operation}")
