"""The goal of a Delete that leaves the builder: a scheduled stop stays for as long as there is something to stop."""

from running_image_builder_function.goal import Goal, Step
from running_image_builder_function.image_builder import ImageBuilder
from running_image_builder_function.states import STOPPING, Meaning, row


class EnsureEnded(Goal):
    """Keep the schedule of a builder that is left running; delete it where the builder does not run any more."""

    wanted = "rid of its scheduled stop"

    def step(self, builder: ImageBuilder | None, *, now: float) -> Step:
        """Return the next step after a look at the builder."""
        state = "" if builder is None else builder.state
        self.journey.last_state = state
        ends = builder is None or state == STOPPING or row(state).to_stop is Meaning.REACHED
        return Step.UNSCHEDULE if ends and not self.journey.unscheduled else Step.DONE
