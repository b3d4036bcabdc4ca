"""What one look found out about a builder and its deploy, and that as a document; makes no calls."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from running_image_builder_function.model.image_builder import ImageBuilder

_IN_PROGRESS = "_IN_PROGRESS"
_FAILED = "_FAILED"


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """The stack's latest operation, as far as it is about the builder. Moments are seconds since the epoch.

    Attributes:
        stack_name: The stack.
        stack_status: Its status.
        logical_id: The custom resource's id in it.
        status: The custom resource's status in this operation, "" before its turn.
        reason: What CloudFormation says about that status.
        began_at: When the custom resource's turn came; None before.
        ended_at: When it ended; None before.
        timeout: Seconds it may take; None where the template cannot be read.
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
        """Whether CloudFormation waits for the function's answer, or still will."""
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
        message: What it says.
        state: The builder's state, "" where the line doesn't tell.
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
    def hands_over(self) -> bool:
        """Whether the invocation gave the wait to a fresh one."""
        return "handed over" in self.message


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One look.

    Attributes:
        at: When, in seconds since the epoch.
        name: The builder's name.
        builder: As AppStream describes it; None where it does not exist or cannot be described.
        deploy: Its deploy; None where there is none, or it is not found.
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
        """The builder's state; the log's last one where AppStream does not say; "" where nobody does."""
        if self.builder is not None:
            return self.builder.state
        return self.log[-1].state if self.log else ""

    @property
    def address(self) -> str:
        """The private address, "" while there is none."""
        return "" if self.builder is None else self.builder.attributes()["EniPrivateIpAddress"]

    @property
    def deadline(self) -> float | None:
        """Until when the function may take; its own word where its log can be read."""
        deploy = self.deploy
        for line in reversed(self.log):
            if line.remaining is not None:
                return line.at + line.remaining
        if deploy is None or deploy.began_at is None or deploy.timeout is None:
            return None
        return deploy.began_at + deploy.timeout

    @property
    def elapsed(self) -> float | None:
        """Seconds since the deploy came to the builder, until its end; None without a deploy."""
        if self.deploy is None or self.deploy.began_at is None:
            return None
        return (self.deploy.ended_at or max(self.at, self.deploy.began_at)) - self.deploy.began_at

    def document(self) -> dict[str, Any]:
        """Return everything as plain data, named as AWS names things."""
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
            "BeganAt": moment(deploy.began_at),
            "EndedAt": moment(deploy.ended_at),
            "ElapsedSeconds": None if self.elapsed is None else round(self.elapsed, 1),
            "DeadlineAt": moment(self.deadline),
            "RemainingSeconds": None if over else round((self.deadline or 0.0) - self.at, 1),
            "HandOvers": [moment(line.at) for line in self.log if line.hands_over],
        }


def moment(at: float | None) -> str | None:
    """Return a moment as ISO 8601 in UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, tz=timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value.timestamp())
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
