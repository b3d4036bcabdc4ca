"""One observation of a builder and its deploy."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from running_image_builder_function.model.image_builder import ImageBuilder

_IN_PROGRESS = "_IN_PROGRESS"
_FAILED = "_FAILED"


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """The builder's part of the stack's latest operation. Times are seconds since the epoch.

    Attributes:
        stack_name: The stack.
        stack_status: Its status.
        logical_id: The custom resource's id in it.
        status: The custom resource's status in this operation, "" before CloudFormation comes to it.
        reason: CloudFormation's reason for that status.
        began_at: When CloudFormation came to the custom resource; None before.
        ended_at: When it ended; None before.
        timeout: Seconds it may take; None if the template cannot be read.
    """

    stack_name: str
    stack_status: str
    logical_id: str
    status: str = ""
    reason: str = ""
    began_at: float | None = None
    ended_at: float | None = None
    timeout: float | None = None

    @property
    def in_progress(self) -> bool:
        """Whether CloudFormation waits for the function's response, or will wait."""
        return self.status.endswith(_IN_PROGRESS) or (not self.status and self.stack_status.endswith(_IN_PROGRESS))

    @property
    def failed(self) -> bool:
        """Whether the custom resource has failed."""
        return self.status.endswith(_FAILED)


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of the function's log.

    Attributes:
        at: When, in seconds since the epoch.
        message: The message.
        state: The builder's state, "" if unknown.
        remaining: Seconds until the function's own deadline; None in plain text.
        invocation: The number of the invocation; None in plain text.
    """

    at: float
    message: str
    state: str
    remaining: float | None
    invocation: int | None

    @property
    def is_plain(self) -> bool:
        """Whether Lambda wrote it as plain text, which has no fields."""
        return self.invocation is None

    @property
    def continues_elsewhere(self) -> bool:
        """Whether a self-invocation continues the wait."""
        return "continues in a new invocation" in self.message


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One observation.

    Attributes:
        at: When, in seconds since the epoch.
        name: The builder's name.
        builder: As AppStream describes it; None if it does not exist or cannot be described.
        deploy: Its deploy; None if none is found.
        log: The function's lines about this deploy, oldest first.
        notes: What could not be read, and why.
    """

    at: float
    name: str
    builder: ImageBuilder | None = None
    deploy: Deploy | None = None
    log: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """The builder's state; the last one in the log if AppStream cannot be reached; "" if unknown."""
        if self.builder is not None:
            return self.builder.state
        return self.log[-1].state if self.log else ""

    @property
    def address(self) -> str:
        """The private address, "" while there is none."""
        return "" if self.builder is None else self.builder.attributes()["EniPrivateIpAddress"]

    @property
    def deadline(self) -> float | None:
        """When the function times out; from its own log, if that can be read."""
        deploy = self.deploy
        for line in reversed(self.log):
            if line.remaining is not None:
                return line.at + line.remaining
        if deploy is None or deploy.began_at is None or deploy.timeout is None:
            return None
        return deploy.began_at + deploy.timeout

    @property
    def elapsed(self) -> float | None:
        """Seconds since CloudFormation came to the builder, until its end; None without a deploy."""
        if self.deploy is None or self.deploy.began_at is None:
            return None
        return (self.deploy.ended_at or max(self.at, self.deploy.began_at)) - self.deploy.began_at

    def document(self) -> dict[str, Any]:
        """Return the observation as plain data, with AWS's names."""
        return {
            "ImageBuilder": None if self.builder is None else _plain(dict(self.builder.fields)),
            "State": self.state or None,
            "EniPrivateIpAddress": self.address,
            "Deploy": self._deploy(),
            "Notes": list(self.notes),
        }

    def _deploy(self) -> dict[str, Any] | None:
        deploy = self.deploy
        if deploy is None:
            return None
        over = self.deadline is None or not deploy.in_progress
        return {
            "StackName": deploy.stack_name,
            "StackStatus": deploy.stack_status,
            "LogicalResourceId": deploy.logical_id,
            "ResourceStatus": deploy.status,
            "ResourceStatusReason": deploy.reason,
            "BeganAt": timestamp(deploy.began_at),
            "EndedAt": timestamp(deploy.ended_at),
            "ElapsedSeconds": None if self.elapsed is None else round(self.elapsed, 1),
            "DeadlineAt": timestamp(self.deadline),
            "RemainingSeconds": None if over else round((self.deadline or 0.0) - self.at, 1),
            "SelfInvocations": [timestamp(line.at) for line in self.log if line.continues_elsewhere],
        }


def timestamp(at: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, tz=timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamp(value.timestamp())
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
