"""The CloudFormation calls: the status of a resource and its stack, and the stack's other resources."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from running_image_builder_function import contract
from running_image_builder_function.aws.client import UnreadableResponse, checked, translated_errors
from running_image_builder_function.model.errors import AwsCallError
from running_image_builder_function.reconcile.ports import NOT_IN_STACK, ResourceStatus

_GONE = ("DELETE_", "ROLLBACK_", "IMPORT_ROLLBACK_", "CREATE_FAILED", "IMPORT_FAILED")
"""How the status of a resource begins that has nothing, or gives up what it has."""

_DOES_NOT_EXIST = "does not exist"
"""CloudFormation has no error code of its own for this: "Resource X does not exist for stack Y"."""

_MAX_PAGES = 50
"""A stack has at most 500 resources, a page about 100 of them: a longer list never ends."""


class CloudFormation:
    """What CloudFormation says about a resource and its stack.

    Args:
        client: Returns the boto3 client; called at the first call.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = cache(client)

    def resource(self, stack_id: str, logical_id: str) -> ResourceStatus:
        """Return the status of a resource, ``NOT_IN_STACK`` where there is none of that logical id.

        Raises:
            AwsCallError: CloudFormation didn't say.
        """
        try:
            with translated_errors("cloudformation:DescribeStackResource"):
                response = self._client().describe_stack_resource(StackName=stack_id, LogicalResourceId=logical_id)
                detail = checked(response, StackResourceDetail=dict)["StackResourceDetail"]
        except AwsCallError as error:
            if error.code == "ValidationError" and _DOES_NOT_EXIST in error.detail:
                return NOT_IN_STACK
            raise
        changed_at = detail.get("LastUpdatedTimestamp")
        return ResourceStatus(
            status=str(detail.get("ResourceStatus") or ""),
            changed_at=changed_at.timestamp() if isinstance(changed_at, datetime) else None,
        )

    def stack_status(self, stack_id: str) -> str:
        """Return the status of a stack.

        Raises:
            AwsCallError: CloudFormation didn't say.
        """
        with translated_errors("cloudformation:DescribeStacks"):
            stacks = checked(self._client().describe_stacks(StackName=stack_id), Stacks=list)["Stacks"]
            for stack in stacks[:1]:
                if isinstance(stack, Mapping) and stack.get("StackStatus"):
                    return str(stack["StackStatus"])
            raise UnreadableResponse(lacks="StackStatus")

    def another_owner(self, stack_id: str, logical_id: str, name: str, *, physical_id: str) -> str:
        """Return the logical id of another resource of this type that has a builder, in the same stack; "" for none.

        Where the resource that asks has it by another physical id, its own logical id comes first.

        Args:
            stack_id: The stack's id.
            logical_id: The logical id of the resource that asks.
            name: The builder's name, which is the physical id of a resource that has it.
            physical_id: The physical id that is asked for. Without rollback, a resource whose Create failed gets
                another one, and then the Delete of the old one.

        Raises:
            AwsCallError: CloudFormation didn't say, or not to the end.
        """
        for _ in range(2):
            pages, owner = 0, ""
            for page in self._pages(stack_id):
                pages += 1
                owners = {
                    str(each.get("LogicalResourceId"))
                    for each in page
                    if each.get("ResourceType") == contract.RESOURCE_TYPE
                    and (each.get("LogicalResourceId") != logical_id or physical_id != name)
                    and each.get("PhysicalResourceId") == name
                    and not str(each.get("ResourceStatus")).startswith(_GONE)
                }
                if logical_id in owners:
                    return logical_id
                owner = owner or min(owners, default="")
                if owner and physical_id == name:
                    return owner
            if owner or pages == 1:
                return owner
            # Several pages are no snapshot: a resource that is deleted between two of them can hide another.
        return ""

    def _pages(self, stack_id: str) -> Iterator[list[Mapping[str, Any]]]:
        token: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            with translated_errors("cloudformation:ListStackResources"):
                response = self._client().list_stack_resources(StackName=stack_id, **token)
                page = checked(response, StackResourceSummaries=list)
            yield [each for each in page["StackResourceSummaries"] if isinstance(each, Mapping)]
            if not page.get("NextToken"):
                return
            token = {"NextToken": str(page["NextToken"])}
        with translated_errors("cloudformation:ListStackResources"):
            raise UnreadableResponse(lacks="end")
