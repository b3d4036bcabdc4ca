"""The goal of a Delete that leaves the builder: a scheduled stop stays for as long as there is something to stop."""

from typing import ClassVar

from running_image_builder_function.errors import RequestFailed
from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.image_builder import ImageBuilder
from running_image_builder_function.journey import Journey
from running_image_builder_function.request import Request
from running_image_builder_function.states import STOPPED, STOPPING, Meaning, row


class EnsureEnded(Goal):
    """Keep the schedule of a builder that is left running; delete it where the builder does not run any more.

    Nothing was asked to be stopped, so whatever goes wrong here is no reason to keep a stack: the request succeeds.

    Args:
        request: The Delete.
        journey: Its memory.
        arn: The builder's ARN.
        doubtful: Whether a start may be on its way that no description shows yet: STOPPED is no end then.
        unwanted: Whether the schedule goes whatever the builder does: another resource has the builder, or a create has
            started nothing, and the scheduler's role goes with it.
    """

    wanted = "rid of its scheduled stop"
    PATIENCE: ClassVar[float] = 40.0
    """Seconds from the first invocation to the last try: with a call that hangs the answer comes within a minute."""

    def __init__(self, request: Request, journey: Journey, *, arn: str, unwanted: bool, doubtful: bool = False) -> None:
        """Keep the parts."""
        super().__init__(request, journey, arn=arn)
        self._doubtful = doubtful
        self._unwanted = unwanted
        self.needs_look = not unwanted

    @property
    def deadline(self) -> float:
        """Soon, and never later than any other request's."""
        return min(super().deadline, self.journey.delivered_at + self.PATIENCE)

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a look at the builder."""
        journey = self.journey
        state = journey.last_state = "" if builder is None else builder.state
        if builder is None and not self._unwanted and self.is_first_miss(now=now):
            return Step.WAIT
        stopped = state == STOPPING or (state == STOPPED and not self._doubtful)
        ends = builder is None or stopped or (state != STOPPED and row(state).to_stop is Meaning.REACHED)
        return Step.UNSCHEDULE if (ends or self._unwanted) and not journey.unscheduled else Step.DONE

    def too_late(self, trouble: str) -> RequestFailed:
        """Return the failure of a request that has no more time, which the log tells."""
        name = self.request.schedule.name if self.request.schedule else ""
        return self.failed(f"its scheduled stop stays{trouble}", f"Delete schedule {name} if it is not wanted.")
