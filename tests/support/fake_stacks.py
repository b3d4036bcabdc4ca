"""CloudFormation in virtual time behind the function's own interface: one resource's status and its stack's."""

from typing import NamedTuple

from running_image_builder_function.model.errors import AwsCallError, ErrorKind
from running_image_builder_function.reconcile.ports import ResourceStatus
from support.virtual_time import VirtualClock

OTHER_ID = "OtherBuilder5B2D81C4"
"""The logical id of another resource."""


class Asked(NamedTuple):
    """One read of the resource's status, at a moment."""

    at: float
    stack_id: str
    logical_id: str


class FakeStacks:
    """The three calls of the function.

    Attributes:
        told: What is told of the resource.
        status: The stack's.
        hides_status: Whether reading that is refused.
        others: The builders that other live resources of the stack have.
        recreated: The builders that the resource itself has by a newer physical id.
        errors: What the next calls meet, whichever they are.
        asked: Every read of the resource's status, in order.
        calls: Every call: the operation.
        ids: The stacks and resources that were read.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.told = ResourceStatus("", None)
        self.status = "UPDATE_IN_PROGRESS"
        self.hides_status = False
        self.others: set[str] = set()
        self.recreated: set[str] = set()
        self.errors: list[AwsCallError] = []
        self.asked: list[Asked] = []
        self.calls: list[str] = []
        self.ids: set[str] = set()

    def tell(self, status: str, *, changed_at: float | None = None) -> None:
        """Tell a status from now on: by default one that the resource got a moment after now."""
        self.told = ResourceStatus(status, self._clock.now + 1 if changed_at is None else changed_at)

    def resource(self, stack_id: str, logical_id: str) -> ResourceStatus:
        """Return the status."""
        self.asked.append(Asked(self._clock.now, stack_id, logical_id))
        self._called("DescribeStackResource", stack_id, logical_id)
        return self.told

    def stack_status(self, stack_id: str) -> str:
        """Return the status of the stack."""
        self._called("DescribeStacks", stack_id)
        if self.hides_status:
            raise AwsCallError(ErrorKind.REFUSED, action="cloudformation:DescribeStacks", code="Code", detail="no")
        return self.status

    def another_owner(self, stack_id: str, logical_id: str, name: str, *, physical_id: str) -> str:
        """Return which other resource has the builder."""
        self._called("ListStackResources", stack_id, logical_id)
        if name in self.recreated and physical_id != name:
            return logical_id
        return OTHER_ID if name in self.others else ""

    def _called(self, operation: str, *ids: str) -> None:
        self.calls.append(operation)
        self.ids.update(ids)
        if self.errors:
            raise self.errors.pop(0)
