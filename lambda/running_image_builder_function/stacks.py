"""Whether CloudFormation still waits for a request; the only module that knows boto3's CloudFormation client."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

ACTION = "cloudformation:DescribeStackResource"
"""The IAM action of the look, on the resource's own stack."""

_GOING_ON = "_IN_PROGRESS"
_DELETION = "DELETE_"

logger = logging.getLogger("running_image_builder")


class Stacks:
    """What CloudFormation says about a resource, over boto3.

    A stack that is deleted or rolled back while a builder is waited for does not tell the waiting function. Neither
    does Lambda, when it delivers the same event again hours later. Asked before a start, CloudFormation prevents a
    builder that nobody waits for any more from being started, and paid for.

    Args:
        client: Returns the boto3 client; called at the first look only.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        """Keep the factory."""
        self._make = client
        self._client: Any = None

    def ended(self, stack_id: str, logical_id: str, *, began_at: float) -> str:
        """Return how a create or update has ended already, "" where it is going on or where nothing is certain.

        Args:
            stack_id: The stack's id.
            logical_id: The resource's logical id in it.
            began_at: When the request began, in seconds since the epoch: what ended earlier was another request.
        """
        try:
            if self._client is None:
                self._client = self._make()
            answer = self._client.describe_stack_resource(StackName=stack_id, LogicalResourceId=logical_id)
        except (ClientError, BotoCoreError) as error:
            # Not knowing must not fail a deploy: the request is then taken to be going on.
            logger.info("no look at the stack: %s", type(error).__name__)
            return ""
        detail = answer.get("StackResourceDetail") or {}
        status = str(detail.get("ResourceStatus") or "")
        if status.startswith(_DELETION):
            return status
        changed = detail.get("LastUpdatedTimestamp")
        is_later = isinstance(changed, datetime) and changed.timestamp() > began_at
        return status if is_later and not status.endswith(_GOING_ON) else ""
