"""One service's boto3 client: made at its first call, every failure translated; knows no operation by itself."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore import xform_name

from running_image_builder_function.aws_errors import translate, unreadable

_Kind = TypeVar("_Kind")


class AwsClient:
    """A client whose calls end in an answer of the right form, or in CallFailed.

    Args:
        make: Returns the boto3 client; called at the first call only, since making one takes time and few requests
            need every service.
        service: The service's IAM prefix, such as "appstream".
    """

    def __init__(self, make: Callable[[], Any], *, service: str) -> None:
        """Keep the factory."""
        self._make = make
        self._service = service
        self._client: Any = None

    def call(self, operation: str, *, action: str = "", **arguments: Any) -> Mapping[str, Any]:
        """Call an operation and return its answer.

        Args:
            operation: Such as "StartImageBuilder".
            action: The IAM action where it has another name than the operation.
            arguments: The operation's own.

        Raises:
            CallFailed: The call failed, or its answer is none.
        """
        action = f"{self._service}:{action or operation}"
        try:
            if self._client is None:
                self._client = self._make()
            answer = getattr(self._client, xform_name(operation))(**arguments)
        except Exception as error:
            # Any: what is no answer of AWS's (a proxy's page, a cut body, "null") fails inside botocore's parsers in
            # ways of their own, and none of these is a bug of ours. Only botocore runs in this block.
            raise translate(error, action=action) from error
        if not isinstance(answer, Mapping):
            raise unreadable(lacks="structure", action=action)
        if _is_page(answer):
            raise unreadable(lacks="data, but a page,", action=action)
        return answer

    def member(self, answer: Mapping[str, Any], name: str, kind: type[_Kind], *, operation: str) -> _Kind:
        """Return what an answer of an operation must have.

        Raises:
            CallFailed: It has not: somebody else has answered, or the answer was cut, so that the call may have taken
                effect.
        """
        value = answer.get(name)
        if not isinstance(value, kind):
            raise unreadable(lacks=name, action=f"{self._service}:{operation}")
        return value


def _is_page(answer: Mapping[str, Any]) -> bool:
    """Return whether an answer is a web page: botocore reads one with status 200 as an answer in which nothing is."""
    headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    return str(headers.get("content-type") or "").lower().startswith("text/html")
