"""The Lambda calls over boto3."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from running_image_builder_function.aws.client import AwsClient, unreadable

ACTION = "lambda:InvokeFunction"
"""The IAM action of a hand-over, on the function itself."""

_QUEUED = 202


class SelfInvoker:
    """Fresh invocations of a function over boto3.

    Args:
        client: Returns the boto3 Lambda client; called at the first hand-over only.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        """Keep the factory."""
        self._client = AwsClient(client, service="lambda")

    def invoke(self, function_arn: str, event: Mapping[str, Any]) -> None:
        """Queue one invocation.

        Raises:
            AwsCallError: Lambda did not take it, or may have.
        """
        answer = self._client.call(
            "Invoke",
            action="InvokeFunction",
            FunctionName=function_arn,
            InvocationType="Event",
            Payload=json.dumps(event).encode(),
        )
        if answer.get("StatusCode") != _QUEUED:
            raise unreadable(lacks=f"status {_QUEUED}", action=ACTION)
