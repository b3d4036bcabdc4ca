"""The interfaces through which the reconcile loop reaches AWS and the log."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule
from running_image_builder_function.reconcile.desired_state import DesiredState


class ImageBuilders(Protocol):
    """The AppStream calls. Each raises AwsCallError."""

    def describe(self, name: str) -> ImageBuilder | None:
        """Return the builder, None where there is none of that name."""

    def start(self, name: str, agent_version: str | None) -> None:
        """Start the builder."""

    def stop(self, name: str) -> None:
        """Stop the builder."""


class Schedules(Protocol):
    """The EventBridge Scheduler calls. Each raises AwsCallError."""

    def find(self, name: str) -> ScheduledStop | None:
        """Return what a schedule does, None where there is none."""

    def put(self, schedule: StopSchedule, stop: ScheduledStop) -> None:
        """Create or move a schedule."""

    def remove(self, name: str) -> None:
        """Delete a schedule, if it is there."""


class Calls(NamedTuple):
    """The calls of the reconcile loop."""

    builders: ImageBuilders
    schedules: Schedules


class ResourceStatus(NamedTuple):
    """The status of a resource."""

    status: str  # such as "UPDATE_IN_PROGRESS"; "" where CloudFormation names none
    changed_at: float | None  # since when, in seconds since the epoch; None where CloudFormation doesn't say


NOT_IN_STACK = ResourceStatus("not in the stack", None)
"""What takes the place of a status where the stack has no such resource, such as after an update that removed it."""


class Stacks(Protocol):
    """The CloudFormation calls. Each raises AwsCallError."""

    def resource(self, stack_id: str, logical_id: str) -> ResourceStatus:
        """Return the status of a resource."""

    def stack_status(self, stack_id: str) -> str:
        """Return the status of a stack."""

    def another_owner(self, stack_id: str, logical_id: str, name: str, *, physical_id: str) -> str:
        """Return the logical id of another live resource of this type in the stack that has the builder ``name``.

        "" for none. The resource ``logical_id`` counts as another one, and comes first, where it has the builder by
        another id than ``physical_id``.
        """


class Invoke(Protocol):
    """Queues an asynchronous invocation of a function; raises AwsCallError where Lambda doesn't accept it."""

    def __call__(self, function_arn: str, event: Mapping[str, Any], /) -> None:
        """Queue."""


class ProgressLog(Protocol):
    """What is worth a log line."""

    def observed(self, desired: DesiredState, *, now: float) -> None:
        """Log a description of the builder."""

    def log(self, desired: DesiredState, message: str, *, now: float) -> None:
        """Log a call or its failure."""
