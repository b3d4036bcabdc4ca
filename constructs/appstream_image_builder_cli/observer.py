"""Observes a builder: AppStream, CloudFormation and the function's log, as far as each can be read."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appstream_image_builder_cli.deploys import Deploys
from appstream_image_builder_cli.function_log import FunctionLog
from appstream_image_builder_cli.observation import Deploy, LogLine, Observation
from running_image_builder_function.model.image_builder import ImageBuilder

_NOT_FOUND = "ResourceNotFoundException"

_PLAIN = (
    "the function's log is plain text, without deadlines and invocation numbers; the deadline is computed from the "
    "template"
)


class NotFound(Exception):
    """There is no such image builder."""


class Observer:
    """Observes one builder again and again.

    Args:
        client: Returns the boto3 client of a service.
        name: The builder's name.
        region: The Region, for messages.
        stack_name: The stack, if the user named it.
        log_group: The function's log group, if the user named it.
        now: Returns the time in seconds since the epoch.
    """

    def __init__(
        self,
        client: Callable[[str], Any],
        *,
        name: str,
        region: str,
        stack_name: str | None,
        log_group: str | None,
        now: Callable[[], float],
    ) -> None:
        self._client = client
        self._name = name
        self._region = region
        self._log_group = log_group
        self._now = now
        self._deploys = Deploys(lambda: client("cloudformation"), name=name, stack_name=stack_name)
        self._log = FunctionLog(lambda: client("logs"), name=name)
        self._notes: list[str] = []
        self._error: Exception | None = None

    def observe(self) -> Observation:
        """Return the current observation; sources that can't be read are noted and skipped."""
        self._notes, self._error = [], None
        builder = self._read("the image builder", self._builder)
        deploy: Deploy | None = self._read("the deploy", self._deploys.latest)
        log = self._read("the function's log", lambda: self._lines(deploy)) or ()
        return Observation(
            at=self._now(), name=self._name, builder=builder, deploy=deploy, log=log, notes=tuple(self._notes)
        )

    def first_observation(self) -> Observation:
        """Return the first observation, which must have found something.

        Raises:
            NotFound: There is no such builder, and no deploy that may create it.
            ClientError: AppStream refuses, and no deploy is found either.
            BotoCoreError: Neither can be reached.
        """
        seen = self.observe()
        if seen.builder is not None or (seen.deploy is not None and (self._error or seen.deploy.in_progress)):
            return seen
        raise self._error or NotFound(
            f"image builder {self._name}: not found in {self._region}. "
            "Check the name, or specify its Region with --region."
        )

    def _read(self, what: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except ClientError as error:
            code, message = (str(error.response.get("Error", {}).get(part) or "") for part in ("Code", "Message"))
            self._notes.append(f"{what} cannot be read: {error.operation_name}: {code}: {message}")
            self._error = self._error or error
        except BotoCoreError as error:
            self._notes.append(f"{what} cannot be read: {error}")
            self._error = self._error or error
        return None

    def _builder(self) -> ImageBuilder | None:
        try:
            answer = self._client("appstream").describe_image_builders(Names=[self._name])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == _NOT_FOUND:
                return None
            raise
        found = [fields for fields in answer.get("ImageBuilders") or [] if fields.get("Name") == self._name]
        return ImageBuilder(found[0]) if found else None

    def _lines(self, deploy: Deploy | None) -> tuple[LogLine, ...]:
        if deploy is None or deploy.began_at is None:
            return ()
        located = self._deploys.located
        group = self._log_group or (located.log_group if located else None)
        if group is None:
            self._notes.append("the function's log group is unknown: specify --log-group to see self-invocations")
            return ()
        lines = self._log.lines(group, since=deploy.began_at, now=self._now())
        if any(line.is_plain for line in lines):
            self._notes.append(_PLAIN)
        return lines
