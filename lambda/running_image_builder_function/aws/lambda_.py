"""The Lambda call."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from running_image_builder_function.aws.client import UnreadableResponse, checked, translated_errors

_QUEUED = 202


class SelfInvoker:
    """Invokes this function asynchronously.

    Args:
        client: Returns the boto3 client; called at the first invocation, since most requests need none.
    """

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = cache(client)

    def invoke(self, function_arn: str, event: Mapping[str, Any]) -> None:
        """Queue one invocation.

        Raises:
            AwsCallError: Lambda didn't accept it, or may have.
        """
        with translated_errors("lambda:InvokeFunction"):
            payload = json.dumps(event).encode()
            response = self._client().invoke(FunctionName=function_arn, InvocationType="Event", Payload=payload)
            if checked(response).get("StatusCode") != _QUEUED:
                raise UnreadableResponse(lacks=f"status {_QUEUED}")
