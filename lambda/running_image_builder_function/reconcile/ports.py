"""The interfaces through which the deciding modules reach AWS, Lambda and the log; no implementation here."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from running_image_builder_function.model.image_builder import ImageBuilder
from running_image_builder_function.model.stop_schedule import ScheduledStop, StopSchedule
from running_image_builder_function.reconcile.desired_state import DesiredState


class ImageBuilders(Protocol):
    """The calls that the lifecycle makes. Each raises AwsCallError."""

    def describe(self, name: str) -> ImageBuilder | None:
        """Return the builder, None where there is none of that name."""

    def start(self, name: str, agent_version: str | None) -> None:
        """Start the builder."""

    def stop(self, name: str) -> None:
        """Stop the builder."""


class Schedules(Protocol):
    """The calls about scheduled stops. Each raises AwsCallError."""

    def find(self, name: str) -> ScheduledStop | None:
        """Return what a schedule does, None where there is none."""

    def put(
        self, schedule: StopSchedule, builder: str, *, at: float, request_id: str = "", quiet_until: float = 0.0
    ) -> None:
        """Make or move a schedule, with a note of the request and of an earlier stop that may still come."""

    def remove(self, name: str) -> None:
        """Delete a schedule, if it is there."""


class Calls(NamedTuple):
    """All calls that the lifecycle makes."""

    builders: ImageBuilders
    schedules: Schedules


class ProgressLog(Protocol):
    """What is worth a line in the log."""

    def seen(self, desired: DesiredState, *, now: float) -> None:
        """Note a look at the builder."""

    def noted(self, desired: DesiredState, what: str, *, now: float) -> None:
        """Note a call or its failure."""


class LambdaContext(Protocol):
    """What the function uses of Lambda's context object."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


class ResourceStatus(NamedTuple):
    """What CloudFormation says of a resource.

    Attributes:
        status: Such as "UPDATE_IN_PROGRESS"; "" where it names none.
        changed_at: Since when, in seconds since the epoch; None where it does not say.
    """

    status: str
    changed_at: float | None


class Stacks(Protocol):
    """The looks at a resource's own stack. Each raises AwsCallError."""

    def resource(self, stack_id: str, logical_id: str) -> ResourceStatus:
        """Return the status of a resource."""

    def stack_status(self, stack_id: str) -> str:
        """Return the status of a stack."""

    def has_another(self, stack_id: str, logical_id: str, name: str) -> bool:
        """Return whether another live resource of this type in the stack has the builder ``name``."""


class Invoke(Protocol):
    """Queues an invocation of a function; raises AwsCallError where Lambda does not take it."""

    def __call__(self, function_arn: str, event: Mapping[str, Any], /) -> None:
        """Queue."""
